//! The beginning of a watch: all models as they were at one revision, in parts.

use std::{pin::Pin, time::Duration};

use futures::{
    Stream, StreamExt, TryStreamExt,
    stream::{self, BoxStream, Peekable},
};
use millwright_domain::Model;
use millwright_proto::registry::{
    Snapshot as Part, WatchModelsResponse, watch_models_response::Event,
};
use millwright_store::{Snapshot, StoreError};
use millwright_wire::ToWire;
use tokio::{sync::mpsc, time::timeout};

use crate::error::RegistryError;

/// What the store keeps for a snapshot is not kept for longer than this.
const PATIENCE: Duration = Duration::from_secs(30);

type Models = Result<Vec<Model>, RegistryError>;

/// The parts, at least one; the last says that it is. Two of them are in memory at a time.
pub(crate) fn parts(
    snapshot: Snapshot,
) -> impl Stream<Item = Result<WatchModelsResponse, RegistryError>> {
    let Snapshot { revision, parts } = snapshot;
    let (sender, taken) = mpsc::channel(1);
    tokio::spawn(read(parts, sender));
    let taken =
        stream::unfold(
            taken,
            |mut taken| async move { taken.recv().await.map(|part| (part, taken)) },
        );
    let told = stream::unfold(Some(taken.boxed().peekable()), next);
    told.map_ok(move |part| WatchModelsResponse { revision, event: Some(Event::Snapshot(part)) })
}

/// Reads as fast as the parts are taken, for a while.
async fn read(parts: BoxStream<'static, Result<Vec<Model>, StoreError>>, to: mpsc::Sender<Models>) {
    let mut parts = parts.map_err(RegistryError::from);
    let all = async {
        while let Some(part) = parts.next().await {
            if to.send(part).await.is_err() {
                return;
            }
        }
    };
    if timeout(PATIENCE, all).await.is_err() {
        drop(parts);
        // Nobody is left to tell if that fails.
        let _ = to.send(Err(RegistryError::SlowSnapshot)).await;
    }
}

type Rest = Option<Peekable<BoxStream<'static, Models>>>;

/// The next part, and what follows it.
async fn next(rest: Rest) -> Option<(Result<Part, RegistryError>, Rest)> {
    let mut rest = rest?;
    let models = match rest.next().await.unwrap_or(Ok(Vec::new())) {
        Ok(models) => models,
        Err(error) => return Some((Err(error), None)),
    };
    let complete = Pin::new(&mut rest).peek().await.is_none();
    let part = Part { models: models.iter().map(ToWire::to_wire).collect(), complete };
    Some((Ok(part), (!complete).then_some(rest)))
}

#[cfg(test)]
mod tests {
    use millwright_domain::{Code, Fault};

    use super::*;

    fn snapshot(parts: usize) -> Snapshot {
        let parts = stream::iter((0..parts).map(|_| Ok(Vec::new())));
        Snapshot { revision: 7, parts: parts.boxed() }
    }

    fn is_complete(told: WatchModelsResponse) -> bool {
        let Some(Event::Snapshot(part)) = told.event else { panic!("not a part of a snapshot") };
        part.complete
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_part_says_that_it_is() {
        for (parts, told) in [(0, &[true][..]), (1, &[true]), (3, &[false, false, true])] {
            let read = super::parts(snapshot(parts)).map_ok(is_complete);
            assert_eq!(read.try_collect::<Vec<_>>().await.expect("read"), told);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_snapshot_that_nobody_reads_is_given_up() {
        let mut told = Box::pin(parts(snapshot(9)));
        told.try_next().await.expect("read").expect("a part");
        tokio::time::sleep(PATIENCE * 2).await;
        let left = told.try_collect::<Vec<_>>().await.expect_err("given up");
        assert_eq!(left.code(), Code::DeadlineExceeded);
    }
}
