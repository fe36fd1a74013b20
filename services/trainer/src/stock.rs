//! How much is kept, for whoever reads metrics: counted anew whenever it has changed.

use std::{sync::Arc, time::Duration};

use millwright_domain::JobState;
use millwright_store::{JobStore, JobTotals};
use opentelemetry::{KeyValue, metrics::Meter};
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;

use crate::live::{Live, Runs};

/// Between two counts: changes that come closer together are counted together.
const PAUSE: Duration = Duration::from_secs(1);

const STATES: [(JobState, &str); 5] = [
    (JobState::Queued, "queued"),
    (JobState::Running, "running"),
    (JobState::Succeeded, "succeeded"),
    (JobState::Failed, "failed"),
    (JobState::Cancelled, "cancelled"),
];

/// Counts what a trainer keeps.
pub(crate) struct Stock {
    store: Arc<dyn JobStore>,
    changes: watch::Receiver<Runs>,
    totals: watch::Sender<JobTotals>,
}

impl Stock {
    /// Shows what is in `store` at `meter`, as soon as it is counted; `live` tells of changes.
    pub(crate) fn shown(store: Arc<dyn JobStore>, live: &Live, meter: &Meter) -> Self {
        let totals = watch::Sender::default();
        show(meter, &totals);
        Self { store, changes: live.follow(), totals }
    }

    /// Counts after changes, until `stop`.
    pub(crate) async fn count(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(async {
            loop {
                self.changes.mark_unchanged();
                match self.store.totals().await {
                    Ok(totals) => drop(self.totals.send_replace(totals)),
                    Err(error) => tracing::warn!(%error, "what is kept cannot be counted"),
                }
                time::sleep(PAUSE).await;
                if self.changes.changed().await.is_err() {
                    return;
                }
            }
        })
        .await;
    }
}

fn show(meter: &Meter, totals: &watch::Sender<JobTotals>) {
    // Of a trainer that has ended nothing is shown.
    let counted = || {
        let totals = totals.subscribe();
        move || totals.has_changed().is_ok().then(|| totals.borrow().clone())
    };
    let jobs = counted();
    let _jobs = meter
        .u64_observable_gauge("millwright.training.jobs")
        .with_description("Jobs that are recorded, by state")
        .with_callback(move |told| {
            let Some(totals) = jobs() else { return };
            for (state, name) in STATES {
                let of_state = totals.jobs.iter().find(|(counted, _)| *counted == state);
                told.observe(of_state.map_or(0, |(_, n)| *n), &[KeyValue::new("state", name)]);
            }
        })
        .build();
    let datasets = counted();
    let _datasets = meter
        .u64_observable_gauge("millwright.trainer.datasets")
        .with_description("Data sets that are kept")
        .with_callback(move |told| {
            datasets().into_iter().for_each(|totals| told.observe(totals.datasets, &[]));
        })
        .build();
    let bytes = counted();
    let _bytes = meter
        .u64_observable_gauge("millwright.trainer.stored")
        .with_unit("By")
        .with_description("Bytes of the data sets that are kept")
        .with_callback(move |told| {
            bytes().into_iter().for_each(|totals| told.observe(totals.dataset_bytes, &[]));
        })
        .build();
}
