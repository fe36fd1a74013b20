//! What is shown of the catalog whenever metrics are read: what is gone is shown no more.

use std::sync::Arc;

use millwright_chassis::model_label;
use opentelemetry::{
    KeyValue,
    metrics::{AsyncInstrument, Meter},
};

use tokio::sync::watch;

use crate::{
    BatchPolicy,
    catalog::{Catalog, Slot},
    model::ServedModel,
};

/// Shows what `catalog` serves, how it is queued for, and the bounds of `policy`.
pub(crate) fn observe(meter: &Meter, catalog: &Catalog, policy: &BatchPolicy) {
    let observed = Observed { meter, catalog };
    observed.counts();
    observed.queues();
    observed.answers();
    observed.aliases();
    bounds(meter, *policy);
}

/// Shows up to which revision the predictor has heard; nothing before it has heard at all.
pub(crate) fn observe_revision(meter: &Meter, heard: watch::Receiver<Option<u64>>) {
    let _revision = meter
        .u64_observable_gauge("millwright.predictor.revision")
        .with_description("Revision of the last change that the predictor has heard of")
        .with_callback(move |told| {
            // Of a predictor that has ended nothing is shown.
            let is_alive = heard.has_changed().is_ok();
            if let Some(revision) = heard.borrow().filter(|_| is_alive) {
                told.observe(revision, &[]);
            }
        })
        .build();
}

struct Observed<'a> {
    meter: &'a Meter,
    catalog: &'a Catalog,
}

impl Observed<'_> {
    fn counts(&self) {
        let catalog = self.catalog.downgrade();
        self.gauge(
            "millwright.versions.loaded",
            "Versions that are loaded and answer",
            move |told| {
                if let Some(catalog) = catalog() {
                    told.observe(catalog.loaded().len() as u64, &[]);
                }
            },
        );
        let catalog = self.catalog.downgrade();
        let what = "Aliases that point to a version that was found unfit to serve";
        self.gauge("millwright.aliases.quarantined", what, move |told| {
            if let Some(catalog) = catalog() {
                let slots = catalog.slots();
                let unfit = slots.iter().filter(|(_, _, slot)| slot.is_quarantined());
                told.observe(unfit.count() as u64, &[]);
            }
        });
    }

    fn queues(&self) {
        let rows = "Rows that wait or are being computed";
        self.of_versions("millwright.queue.rows", rows, |model| model.batcher.queued_rows() as u64);
        let catalog = self.catalog.downgrade();
        let _age = self
            .meter
            .f64_observable_gauge("millwright.queue.age")
            .with_unit("s")
            .with_description("Time that the request has waited that waits longest; 0: none does")
            .with_callback(move |told| {
                for (model, labels) in catalog().iter().flat_map(versions) {
                    let age = model.batcher.oldest_wait().unwrap_or_default();
                    told.observe(age.as_secs_f64(), &labels);
                }
            })
            .build();
    }

    /// What versions have answered, as they count it themselves.
    fn answers(&self) {
        let catalog = self.catalog.downgrade();
        let _requests = self
            .meter
            .u64_observable_counter("millwright.version.requests")
            .with_description("Requests to a version, each message of a stream one, by outcome")
            .with_callback(move |told| {
                for (model, [name, version]) in catalog().iter().flat_map(versions) {
                    let counted = model.batcher.statistics().to_native();
                    for (outcome, n) in [("ok", counted.succeeded), ("error", counted.failed)] {
                        let outcome = KeyValue::new("outcome", outcome);
                        told.observe(n, &[name.clone(), version.clone(), outcome]);
                    }
                }
            })
            .build();
        let catalog = self.catalog.downgrade();
        let _rows = self
            .meter
            .u64_observable_counter("millwright.version.rows")
            .with_description("Rows that a version has computed")
            .with_callback(move |told| {
                for (model, labels) in catalog().iter().flat_map(versions) {
                    told.observe(model.batcher.statistics().to_native().rows, &labels);
                }
            })
            .build();
    }

    fn aliases(&self) {
        let wanted = "Number of the version that an alias points to";
        self.of_aliases("millwright.alias.wanted_version", wanted, |slot| {
            slot.wanted.version.get()
        });
        let served = "Number of the version that answers to an alias; 0: none does";
        self.of_aliases("millwright.alias.served_version", served, |slot| {
            slot.serving.as_ref().map_or(0, |model| model.version.get())
        });
    }

    fn of_versions(
        &self,
        name: &'static str,
        what: &'static str,
        value: impl Fn(&ServedModel) -> u64 + Send + Sync + 'static,
    ) {
        let catalog = self.catalog.downgrade();
        self.gauge(name, what, move |told| {
            for (model, labels) in catalog().iter().flat_map(versions) {
                told.observe(value(&model), &labels);
            }
        });
    }

    fn of_aliases(
        &self,
        name: &'static str,
        what: &'static str,
        value: impl Fn(&Slot) -> u64 + Send + Sync + 'static,
    ) {
        let catalog = self.catalog.downgrade();
        self.gauge(name, what, move |told| {
            for (model, alias, slot) in catalog().iter().flat_map(Catalog::slots) {
                if let Some(model) = model_label(&model) {
                    told.observe(value(&slot), &[model, KeyValue::new("alias", alias.to_string())]);
                }
            }
        });
    }

    fn gauge(
        &self,
        name: &'static str,
        what: &'static str,
        callback: impl Fn(&dyn AsyncInstrument<u64>) + Send + Sync + 'static,
    ) {
        let gauge = self.meter.u64_observable_gauge(name);
        let _gauge = gauge.with_description(what).with_callback(callback).build();
    }
}

/// Versions that answer, with their labels; models that are not told apart are left out.
fn versions(catalog: &Catalog) -> Vec<(Arc<ServedModel>, [KeyValue; 2])> {
    let labelled = |model: Arc<ServedModel>| {
        let labels =
            [model_label(&model.name)?, KeyValue::new("version", model.version.to_string())];
        Some((model, labels))
    };
    catalog.loaded().into_iter().filter_map(labelled).collect()
}

fn bounds(meter: &Meter, policy: BatchPolicy) {
    let _rows = meter
        .u64_observable_gauge("millwright.queue.max_rows")
        .with_description("Rows that may wait or be computed, for each version")
        .with_callback(move |told| told.observe(policy.max_queued_rows as u64, &[]))
        .build();
    let _wait = meter
        .f64_observable_gauge("millwright.queue.max_wait")
        .with_unit("s")
        .with_description("Time that a request may wait before it is refused; 0: without bound")
        .with_callback(move |told| told.observe(policy.max_queue_wait.as_secs_f64(), &[]))
        .build();
}
