//! Sends requests in one of the ways that the protocol has.

use std::{sync::Arc, time::Duration};

use serde::Serialize;

use super::{Requests, codec::Encoded, failure::Failure, stream::Lane, target::Connections, unary};

/// How requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// Each as a call of its own: ModelInfer.
    Unary,
    /// As messages of a stream on each connection: ModelStreamInfer.
    Stream,
    /// Each as a call of our own contract: Predict.
    Native,
}

/// Sends requests over several connections in turn. Clones share them.
#[derive(Clone)]
pub(crate) struct Caller(Arc<Lines>);

struct Lines {
    requests: Arc<Requests>,
    calls: Calls,
}

enum Calls {
    Unary(unary::Call, Connections),
    /// One a connection.
    Streams(Vec<Lane>),
}

impl Caller {
    pub(super) fn new(
        way: Way,
        connections: Connections,
        requests: Arc<Requests>,
        deadline: Duration,
    ) -> Self {
        let calls = match (way, connections) {
            (Way::Stream, Connections::Fixed(channels)) => {
                let lane = |channel| Lane::new(channel, deadline);
                Calls::Streams(channels.into_iter().map(lane).collect())
            }
            (way, connections) => {
                Calls::Unary(unary::Call { method: unary::method(way), deadline }, connections)
            }
        };
        Self(Arc::new(Lines { requests, calls }))
    }

    /// Sends the `n`th request for a worker, which keeps to one connection where those are fixed, and
    /// waits for its answer.
    pub(crate) async fn call(self, worker: usize, n: u64) -> Result<(), Failure> {
        let Lines { requests, calls } = &*self.0;
        let request = requests.get(n);
        match calls {
            Calls::Streams(lanes) => lanes[worker % lanes.len()].call(request, n).await,
            Calls::Unary(call, Connections::Fixed(channels)) => {
                let channel = channels[worker % channels.len()].clone();
                Ok(call.clone().make(channel, Encoded { request, id: None }).await?)
            }
            Calls::Unary(call, Connections::Spread(spread)) => {
                let over = |channel| {
                    call.clone().make(channel, Encoded { request: request.clone(), id: None })
                };
                let answered = tokio::time::timeout(call.deadline, spread.call(over)).await;
                Ok(answered.map_err(|_| Failure::late())??)
            }
        }
    }
}
