//! What every client holds: where its service is, and how calls are made.

use std::{future::Future, sync::Arc, time::Duration};

use millwright_wire::WireError;
use tonic::{Request, Response, Status, transport::Channel};

use crate::{ClientError, RetryPolicy, connect, trace::Traced};

/// A call that is answered by one message is given up after this.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// The transport under every generated client.
pub(crate) type Transport = Traced;

/// A generated client `G` and what is known of its peer.
#[derive(Clone)]
pub(crate) struct Link<G> {
    grpc: G,
    peer: Peer,
    retry: RetryPolicy,
}

/// Who is called.
#[derive(Clone)]
pub(crate) struct Peer {
    service: &'static str,
    address: Arc<str>,
}

impl<G: Clone> Link<G> {
    pub(crate) fn new(
        service: &'static str,
        address: &str,
        grpc: impl FnOnce(Transport) -> G,
    ) -> Result<Self, ClientError> {
        Ok(Self::over(connect::channel(service, address)?, service, address, grpc))
    }

    pub(crate) fn over(
        channel: Channel,
        service: &'static str,
        address: &str,
        grpc: impl FnOnce(Transport) -> G,
    ) -> Self {
        Self {
            grpc: grpc(Traced::new(channel, address)),
            peer: Peer { service, address: address.into() },
            retry: RetryPolicy::default(),
        }
    }

    pub(crate) fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }

    pub(crate) fn peer(&self) -> Peer {
        self.peer.clone()
    }

    pub(crate) fn retry(&self) -> RetryPolicy {
        self.retry
    }

    /// Asks for one answer; only for what may be asked twice.
    pub(crate) async fn ask<R: Clone, A, F>(
        &self,
        request: R,
        call: impl Fn(G, Request<R>) -> F,
    ) -> Result<A, ClientError>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        self.retry.run(|| self.once(request.clone(), &call)).await
    }

    /// Asks for one answer, once.
    pub(crate) async fn once<R, A, F>(
        &self,
        request: R,
        call: impl Fn(G, Request<R>) -> F,
    ) -> Result<A, ClientError>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let mut request = Request::new(request);
        request.set_timeout(ANSWER_WITHIN);
        self.open(request, call).await
    }

    /// Makes a call that streams: it has no deadline, keep-alive notices a peer that is gone.
    pub(crate) async fn open<R, A, F>(
        &self,
        request: R,
        call: impl FnOnce(G, R) -> F,
    ) -> Result<A, ClientError>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        // A generated call's future takes kilobytes, and every future around it would hold, and in a
        // debug build copy, as many: nested retries would leave the stack.
        let answer = Box::pin(call(self.grpc.clone(), request)).await;
        answer.map(Response::into_inner).map_err(|status| self.peer.failed(status))
    }

    /// Reads an answer.
    pub(crate) fn read<T>(&self, answer: Result<T, WireError>) -> Result<T, ClientError> {
        self.peer.read(answer)
    }
}

impl Peer {
    pub(crate) fn failed(&self, status: Status) -> ClientError {
        ClientError::of(status, self.service, &self.address)
    }

    pub(crate) fn read<T>(&self, answer: Result<T, WireError>) -> Result<T, ClientError> {
        answer.map_err(|source| ClientError::Answer { service: self.service, source })
    }
}
