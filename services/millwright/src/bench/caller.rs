//! Sends requests in one of the ways that the protocol has.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tonic::{codegen::http::uri::PathAndQuery, transport::Channel};

use super::{Requests, codec::Encoded, failure::Failure, stream::Lane, unary};

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
    deadline: Duration,
    /// Of unary calls.
    method: PathAndQuery,
    channels: Vec<Channel>,
    /// One a connection; none of unary calls.
    lanes: Vec<Lane>,
}

impl Caller {
    pub(super) fn new(
        way: Way,
        channels: Vec<Channel>,
        requests: Arc<Requests>,
        deadline: Duration,
    ) -> Self {
        let lanes = match way {
            Way::Unary | Way::Native => Vec::new(),
            Way::Stream => {
                channels.iter().map(|channel| Lane::new(channel.clone(), deadline)).collect()
            }
        };
        Self(Arc::new(Lines { requests, deadline, method: unary::method(way), channels, lanes }))
    }

    /// Sends the `n`th request for a worker, which keeps to one connection, and waits for its answer.
    pub(crate) async fn call(self, worker: usize, n: u64) -> Result<(), Failure> {
        let Lines { requests, deadline, method, channels, lanes } = &*self.0;
        let request = requests.get(n);
        match &lanes[..] {
            [] => {
                let channel = channels[worker % channels.len()].clone();
                let call = unary::Call { method: method.clone(), deadline: *deadline };
                call.make(channel, Encoded { request, id: None }).await
            }
            lanes => lanes[worker % lanes.len()].call(request, n).await,
        }
    }
}
