//! A small server whose model name says how it behaves.

use std::{
    future::pending,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{Stream, StreamExt, stream};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use millwright_chassis::{Deadline, Limits, ServeError, Services};
use millwright_proto::inference::{
    ModelConfigRequest, ModelConfigResponse, ModelInferRequest, ModelInferResponse,
    ModelMetadataRequest, ModelMetadataResponse, ModelReadyRequest, ModelReadyResponse,
    ModelStatisticsRequest, ModelStatisticsResponse, ModelStreamInferResponse,
    RepositoryIndexRequest, RepositoryIndexResponse, RepositoryModelLoadRequest,
    RepositoryModelLoadResponse, RepositoryModelUnloadRequest, RepositoryModelUnloadResponse,
    ServerLiveRequest, ServerLiveResponse, ServerMetadataRequest, ServerMetadataResponse,
    ServerReadyRequest, ServerReadyResponse,
    grpc_inference_service_client::GrpcInferenceServiceClient,
    grpc_inference_service_server::{GrpcInferenceService, GrpcInferenceServiceServer},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tonic::{
    Code, Request, Response, Status, Streaming,
    body::Body,
    transport::{Channel, Endpoint},
};

pub(crate) type Client = GrpcInferenceServiceClient<Channel>;

/// A server on a free port; it is cut off when this is dropped.
pub(crate) struct Plant {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) machine: Machine,
    stop: CancellationToken,
    served: JoinHandle<Result<(), ServeError>>,
}

impl Plant {
    pub(crate) async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let machine = Machine::default();
        let server = GrpcInferenceServiceServer::new(machine.clone())
            .max_decoding_message_size(limits.max_message_bytes)
            .max_encoding_message_size(limits.max_message_bytes);
        let services = Services::new(millwright_proto::DESCRIPTORS).add(server);
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let served = tokio::spawn(millwright_chassis::serve(listener, services, limits, stopped));
        Self { address, machine, stop, served }
    }

    /// A connection of its own.
    pub(crate) async fn channel(&self) -> Channel {
        self.endpoint().connect().await.expect("the server listens")
    }

    pub(crate) async fn client(&self) -> Client {
        Client::new(self.channel().await)
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::from_shared(self.origin()).expect("an address is a URL")
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A connection below gRPC: no deadline and no status of tonic's own.
    pub(crate) async fn sender(&self) -> http2::SendRequest<Body> {
        let stream = TcpStream::connect(self.address).await.expect("it listens");
        let io = TokioIo::new(stream);
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), io).await.expect("it speaks HTTP/2");
        tokio::spawn(connection);
        sender
    }

    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Resolves when the server has ended.
    pub(crate) async fn ended(&mut self) {
        soon(&mut self.served).await.expect("no panic").expect("a drain is no failure");
    }
}

impl Drop for Plant {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// What the test and the handlers share.
#[derive(Clone)]
pub(crate) struct Machine {
    /// How many handlers wait.
    pub(crate) waiting: watch::Sender<usize>,
    /// A permit lets one of them go on.
    pub(crate) release: Arc<Semaphore>,
    /// How many unary calls reached their handler.
    pub(crate) calls: Arc<AtomicUsize>,
    /// How the last stream ended that was marked with [`READ_APART`].
    pub(crate) read: watch::Sender<Option<Result<(), Code>>>,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            waiting: watch::Sender::new(0),
            release: Arc::new(Semaphore::new(0)),
            calls: Arc::default(),
            read: watch::Sender::new(None),
        }
    }
}

impl Machine {
    /// Resolves when `n` handlers wait.
    pub(crate) async fn waits(&self, n: usize) {
        let mut waiting = self.waiting.subscribe();
        soon(waiting.wait_for(|now| *now == n)).await.expect("the sender lives");
    }

    async fn wait(&self) {
        let _counted = Counted::new(&self.waiting);
        self.release.acquire().await.expect("never closed").forget();
    }
}

struct Counted(watch::Sender<usize>);

impl Counted {
    fn new(waiting: &watch::Sender<usize>) -> Self {
        waiting.send_modify(|n| *n += 1);
        Self(waiting.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}

pub(crate) fn request(model_name: &str) -> ModelInferRequest {
    ModelInferRequest { model_name: model_name.to_owned(), ..Default::default() }
}

/// Marks a stream whose messages a task of its own reads, as that of an upload may.
pub(crate) const READ_APART: &str = "read-apart";

type Answers = Pin<Box<dyn Stream<Item = Result<ModelStreamInferResponse, Status>> + Send>>;

#[tonic::async_trait]
impl GrpcInferenceService for Machine {
    async fn model_infer(
        &self,
        request: Request<ModelInferRequest>,
    ) -> Result<Response<ModelInferResponse>, Status> {
        let waits_until = Deadline::of(&request);
        let request = request.into_inner();
        self.calls.fetch_add(1, Ordering::Relaxed);
        match request.model_name.as_str() {
            "wait" => self.wait().await,
            "panic" => panic!("the plant's secret"),
            "unknown" => return Err(Status::unknown("the plant's secret")),
            "internal" => return Err(Status::internal("the plant's secret")),
            "no-deadline" if waits_until.is_none() => return Err(Status::aborted("no deadline")),
            _ => {}
        }
        Ok(Response::new(ModelInferResponse { id: request.id, ..Default::default() }))
    }

    type ModelStreamInferStream = Answers;

    async fn model_stream_infer(
        &self,
        request: Request<Streaming<ModelInferRequest>>,
    ) -> Result<Response<Answers>, Status> {
        if request.metadata().contains_key(READ_APART) {
            let read = self.read.clone();
            tokio::spawn(async move {
                let ended = end_of(request.into_inner()).await;
                read.send_replace(Some(ended.map_err(|status| status.code())));
            });
            self.wait().await;
            return Ok(Response::new(stream::empty().boxed()));
        }
        let machine = self.clone();
        let answers = request.into_inner().then(move |request| {
            let machine = machine.clone();
            async move {
                match request?.model_name.as_str() {
                    "wait" => machine.wait().await,
                    "panic" => panic!("the plant's secret"),
                    "unknown" => return Err(Status::unknown("the plant's secret")),
                    _ => {}
                }
                Ok(ModelStreamInferResponse::default())
            }
        });
        Ok(Response::new(answers.boxed()))
    }

    async fn server_live(
        &self,
        _: Request<ServerLiveRequest>,
    ) -> Result<Response<ServerLiveResponse>, Status> {
        Ok(Response::new(ServerLiveResponse { live: true }))
    }

    async fn server_ready(
        &self,
        _: Request<ServerReadyRequest>,
    ) -> Result<Response<ServerReadyResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn model_ready(
        &self,
        _: Request<ModelReadyRequest>,
    ) -> Result<Response<ModelReadyResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn server_metadata(
        &self,
        _: Request<ServerMetadataRequest>,
    ) -> Result<Response<ServerMetadataResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn model_metadata(
        &self,
        _: Request<ModelMetadataRequest>,
    ) -> Result<Response<ModelMetadataResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn model_config(
        &self,
        _: Request<ModelConfigRequest>,
    ) -> Result<Response<ModelConfigResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn model_statistics(
        &self,
        _: Request<ModelStatisticsRequest>,
    ) -> Result<Response<ModelStatisticsResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn repository_index(
        &self,
        _: Request<RepositoryIndexRequest>,
    ) -> Result<Response<RepositoryIndexResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn repository_model_load(
        &self,
        _: Request<RepositoryModelLoadRequest>,
    ) -> Result<Response<RepositoryModelLoadResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn repository_model_unload(
        &self,
        _: Request<RepositoryModelUnloadRequest>,
    ) -> Result<Response<RepositoryModelUnloadResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }
}

/// What `future` resolves to; fails the test if that takes 10 s.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(10), future).await.expect("it does not hang")
}

/// These messages, and then a request stream that stays open.
pub(crate) fn open_stream(
    model_names: &[&str],
) -> impl Stream<Item = ModelInferRequest> + Send + 'static {
    let messages: Vec<_> = model_names.iter().map(|name| request(name)).collect();
    stream::iter(messages).chain(stream::once(pending()))
}

/// The status that ends a stream, after any messages, each of which comes soon.
pub(crate) async fn end_of<T>(mut answers: Streaming<T>) -> Result<(), Status> {
    while soon(answers.message()).await?.is_some() {}
    Ok(())
}
