//! A server that misbehaves on purpose: one RPC, answered as a test says.

use std::{convert::Infallible, future::Future};

use axum::{Router, body::Body};
use futures::stream::BoxStream;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Request, Response, Status, Streaming, codegen::http, server::Grpc, service::Routes,
    transport::Server,
};
use tonic_prost::ProstCodec;
use tower::service_fn;

/// What an RPC answers, message by message.
pub(crate) type Answers<A> = BoxStream<'static, Result<A, Status>>;

/// Serves the RPC at `path` with `answer` until the test ends; gives the address. On the wire, every
/// RPC is a stream in both directions.
pub(crate) async fn serve<R, A, F>(
    path: &'static str,
    answer: impl Fn(Streaming<R>) -> F + Clone + Send + Sync + 'static,
) -> String
where
    R: prost::Message + Default + 'static,
    A: prost::Message + Default + 'static,
    F: Future<Output = Result<Answers<A>, Status>> + Send + 'static,
{
    serve_at("127.0.0.1:0", path, answer).await
}

/// The same at an address.
pub(crate) async fn serve_at<R, A, F>(
    at: &str,
    path: &'static str,
    answer: impl Fn(Streaming<R>) -> F + Clone + Send + Sync + 'static,
) -> String
where
    R: prost::Message + Default + 'static,
    A: prost::Message + Default + 'static,
    F: Future<Output = Result<Answers<A>, Status>> + Send + 'static,
{
    let rpc = service_fn(move |request: http::Request<Body>| {
        let answer = answer.clone();
        async move {
            let answer = service_fn(move |request: Request<Streaming<R>>| {
                let answers = answer(request.into_inner());
                async move { answers.await.map(Response::new) }
            });
            let codec = ProstCodec::<A, R>::default();
            Ok::<_, Infallible>(Grpc::new(codec).streaming(answer, request).await)
        }
    });
    let listener = TcpListener::bind(at).await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let routes = Routes::from(Router::new().route_service(path, rpc));
    let server = Server::builder().add_routes(routes);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    address
}
