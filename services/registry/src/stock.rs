//! How much is kept, for whoever reads metrics: counted anew whenever it has changed.

use std::{sync::Arc, time::Duration};

use millwright_store::{RegistryStore, RegistryTotals};
use opentelemetry::metrics::Meter;
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;

use crate::ledger::Ledger;

/// Between two counts: changes that come closer together are counted together.
const PAUSE: Duration = Duration::from_secs(1);

/// A gauge: its name, its unit, what it is, and which of the totals.
type Shown = (&'static str, &'static str, &'static str, fn(&RegistryTotals) -> u64);

const SHOWN: [Shown; 5] = [
    ("millwright.registry.models", "", "Models that are not deleted", |totals| totals.models),
    ("millwright.registry.versions", "", "Versions that are not deleted", |totals| totals.versions),
    ("millwright.registry.artifacts", "", "Artifacts that are kept", |totals| totals.artifacts),
    ("millwright.registry.stored", "By", "Bytes of the artifacts that are kept", |totals| {
        totals.artifact_bytes
    }),
    ("millwright.registry.revision", "", "Revision of the last change to a model", |totals| {
        totals.told
    }),
];

/// Counts what a registry keeps.
pub(crate) struct Stock {
    store: Arc<dyn RegistryStore>,
    latest: watch::Receiver<u64>,
    totals: watch::Sender<RegistryTotals>,
}

impl Stock {
    /// Shows what `ledger` keeps at `meter`, as soon as it is counted.
    pub(crate) fn shown(ledger: &Ledger, meter: &Meter) -> Self {
        let totals = watch::Sender::default();
        for (name, unit, what, value) in SHOWN {
            let counted = totals.subscribe();
            let _gauge = meter
                .u64_observable_gauge(name)
                .with_unit(unit)
                .with_description(what)
                .with_callback(move |told| {
                    // Of a registry that has ended nothing is shown.
                    if counted.has_changed().is_ok() {
                        told.observe(value(&counted.borrow()), &[]);
                    }
                })
                .build();
        }
        Self { store: ledger.store().clone(), latest: ledger.latest(), totals }
    }

    /// Counts after changes, until `stop`.
    pub(crate) async fn count(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(async {
            loop {
                self.latest.mark_unchanged();
                match self.store.totals().await {
                    Ok(totals) => drop(self.totals.send_replace(totals)),
                    Err(error) => tracing::warn!(%error, "what is kept cannot be counted"),
                }
                time::sleep(PAUSE).await;
                if self.latest.changed().await.is_err() {
                    return;
                }
            }
        })
        .await;
    }
}
