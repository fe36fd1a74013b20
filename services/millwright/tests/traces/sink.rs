//! A collector in this process, which keeps all that it gets.

use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_server::{TraceService, TraceServiceServer},
};
use prost::Message;
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

use crate::span::Span;

/// A collector on a port of its own.
pub(crate) struct Sink {
    pub(crate) endpoint: String,
    kept: Kept,
    _runtime: Runtime,
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

#[tonic::async_trait]
impl TraceService for Kept {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Sink {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().expect("threads");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
        let kept = Kept::default();
        let server = Server::builder().add_service(TraceServiceServer::new(kept.clone()));
        runtime.spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Self { endpoint, kept, _runtime: runtime }
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.messages().into_iter().flat_map(Span::of).collect()
    }

    /// Every byte that was sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.messages().iter().flat_map(Message::encode_to_vec).collect()
    }

    fn messages(&self) -> Vec<ExportTraceServiceRequest> {
        self.kept.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
