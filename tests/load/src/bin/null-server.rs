//! The floor: a server that decodes every request whole and answers what another server answered once.
//!
//! It speaks HTTP/2 as the predictor does, on the runtime that the predictor has, and nothing is
//! between: no limits, metrics, traces, batching, model. What it needs for a request is what the
//! transport and the contract alone cost.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use bytes::{Buf, BufMut, Bytes};
use clap::Parser;
use futures::{FutureExt, StreamExt, TryFutureExt, future::BoxFuture, stream::BoxStream};
use http::{Request as HttpRequest, Response as HttpResponse, uri::PathAndQuery};
use hyper::body::Incoming;
use millwright_chassis::{Limits, bind, serve_bare, stop_signal};
use millwright_proto::{
    inference::{ModelInferRequest, ModelInferResponse, ModelStreamInferResponse},
    predictor::PredictRequest,
};
use prost::Message;
use tokio::sync::OnceCell;
use tonic::{
    Code, Request, Response, Status, Streaming,
    body::Body,
    client,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    server,
    transport::Channel,
};
use tower::service_fn;

/// As the predictor has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const INFER: &str = "/inference.GRPCInferenceService/ModelInfer";
const STREAM: &str = "/inference.GRPCInferenceService/ModelStreamInfer";
const PREDICT: &str = "/millwright.predictor.v1.PredictorService/Predict";

/// Answers what another server answered to the first request of each kind
#[derive(Parser)]
struct Args {
    /// Where to listen
    #[arg(long)]
    listen: SocketAddr,
    /// The server whose answers are given
    #[arg(long)]
    like: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Args { listen, like } = Args::parse();
    let origin = tonic::transport::Endpoint::from_shared(format!("http://{like}"))?;
    let null = Arc::new(Null::new(origin.connect_lazy()));
    let listener = bind("--listen", listen).await?;
    let service = service_fn(move |request| null.clone().answer(request).map(Ok::<_, Infallible>));
    serve_bare(listener, service, &Limits::default(), stop_signal()).await;
    Ok(())
}

/// The answers, each as the origin gave it to the first request of its kind.
struct Null {
    origin: Channel,
    inferred: OnceCell<Bytes>,
    streamed: OnceCell<Bytes>,
    predicted: OnceCell<Bytes>,
}

impl Null {
    fn new(origin: Channel) -> Self {
        let nothing = OnceCell::new;
        Self { origin, inferred: nothing(), streamed: nothing(), predicted: nothing() }
    }

    async fn answer(self: Arc<Self>, request: HttpRequest<Incoming>) -> HttpResponse<Body> {
        match request.uri().path() {
            INFER => {
                let calls = Unary { null: self, path: INFER, answer: |null| &null.inferred };
                server::Grpc::new(Fixed::<ModelInferRequest>::default()).unary(calls, request).await
            }
            STREAM => server::Grpc::new(Fixed::default()).streaming(Stream(self), request).await,
            PREDICT => {
                let calls = Unary { null: self, path: PREDICT, answer: |null| &null.predicted };
                server::Grpc::new(Fixed::<PredictRequest>::default()).unary(calls, request).await
            }
            // What is asked once before a load, such as the shape of a model.
            other => match PathAndQuery::try_from(other.to_owned()) {
                Ok(path) => {
                    server::Grpc::new(Fixed::default()).unary(Ask(self, path), request).await
                }
                Err(_) => Status::unimplemented("").into_http(),
            },
        }
    }

    /// What the origin answers to `request`.
    async fn ask(&self, path: PathAndQuery, request: Bytes) -> Result<Bytes, Status> {
        let mut grpc = client::Grpc::new(self.origin.clone());
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let answer = grpc.unary(Request::new(request), path, Fixed::<Raw>::default()).await?;
        Ok(answer.into_inner().0)
    }

    async fn streamed(&self, request: ModelInferRequest) -> Result<Bytes, Status> {
        // Answers without id belong to the request that was sent first: no client misses any.
        let unnamed = ModelInferRequest { id: String::new(), ..request };
        let answer = self.ask(PathAndQuery::from_static(INFER), unnamed.encode_to_vec().into());
        let infer_response = ModelInferResponse::decode(answer.await?)
            .map_err(|error| Status::new(Code::Internal, error.to_string()))?;
        let answer = ModelStreamInferResponse {
            infer_response: Some(infer_response),
            ..ModelStreamInferResponse::default()
        };
        Ok(answer.encode_to_vec().into())
    }
}

/// Unary calls of one method.
struct Unary {
    null: Arc<Null>,
    path: &'static str,
    answer: fn(&Null) -> &OnceCell<Bytes>,
}

impl<M: Message + 'static> server::UnaryService<M> for Unary {
    type Response = Bytes;
    type Future = BoxFuture<'static, Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<M>) -> Self::Future {
        let Self { path, answer, .. } = *self;
        let null = self.null.clone();
        async move {
            let path = PathAndQuery::from_static(path);
            let first = || null.ask(path, request.get_ref().encode_to_vec().into());
            Ok(Response::new(answer(&null).get_or_try_init(first).await?.clone()))
        }
        .boxed()
    }
}

/// Calls of ModelStreamInfer.
struct Stream(Arc<Null>);

impl server::StreamingService<ModelInferRequest> for Stream {
    type Response = Bytes;
    type ResponseStream = BoxStream<'static, Result<Bytes, Status>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<ModelInferRequest>>) -> Self::Future {
        let null = self.0.clone();
        let answers = request.into_inner().then(move |message| {
            let null = null.clone();
            async move {
                let message = message?;
                null.streamed.get_or_try_init(|| null.streamed(message)).await.cloned()
            }
        });
        futures::future::ready(Ok(Response::new(answers.boxed()))).boxed()
    }
}

/// Any other call, which is handed on.
struct Ask(Arc<Null>, PathAndQuery);

impl server::UnaryService<Raw> for Ask {
    type Response = Bytes;
    type Future = BoxFuture<'static, Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Raw>) -> Self::Future {
        let (null, path) = (self.0.clone(), self.1.clone());
        async move { null.ask(path, request.into_inner().0).map_ok(Response::new).await }.boxed()
    }
}

/// Decodes messages of one kind; what it sends is encoded already.
struct Fixed<M>(std::marker::PhantomData<fn() -> M>);

impl<M> Default for Fixed<M> {
    fn default() -> Self {
        Self(std::marker::PhantomData)
    }
}

/// A message that is not looked into.
#[derive(Default)]
struct Raw(Bytes);

/// What can be read from the wire.
trait Read: Sized + Send + 'static {
    fn read(from: &mut DecodeBuf<'_>) -> Result<Self, prost::DecodeError>;
}

impl Read for Raw {
    fn read(from: &mut DecodeBuf<'_>) -> Result<Self, prost::DecodeError> {
        Ok(Self(from.copy_to_bytes(from.remaining())))
    }
}

impl Read for ModelInferRequest {
    fn read(from: &mut DecodeBuf<'_>) -> Result<Self, prost::DecodeError> {
        Self::decode(from)
    }
}

impl Read for PredictRequest {
    fn read(from: &mut DecodeBuf<'_>) -> Result<Self, prost::DecodeError> {
        Self::decode(from)
    }
}

impl<M: Read> Codec for Fixed<M> {
    type Encode = Bytes;
    type Decode = M;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self::default()
    }

    fn decoder(&mut self) -> Self {
        Self::default()
    }
}

impl<M> Encoder for Fixed<M> {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl<M: Read> Decoder for Fixed<M> {
    type Item = M;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<M>, Status> {
        M::read(from).map(Some).map_err(|error| Status::new(Code::Internal, error.to_string()))
    }
}
