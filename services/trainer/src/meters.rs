//! What is counted.

use std::time::Duration;

use millwright_chassis::model_label;
use millwright_domain::{ModelName, Phase, Progress};
use millwright_store::JobOutcome;
use opentelemetry::{
    KeyValue,
    metrics::{BoundGauge, Counter, Gauge, Histogram, Meter},
};

/// Instruments of the trainer.
#[derive(Clone)]
pub(crate) struct Meters {
    ended: Counter<u64>,
    resumed: Counter<u64>,
    seconds: Histogram<f64>,
    run: Run,
}

/// How far jobs have come.
#[derive(Clone)]
struct Run {
    loss: Gauge<f64>,
    validation_loss: Gauge<f64>,
    iteration: Gauge<u64>,
    speed: Gauge<f64>,
}

impl Meters {
    pub(crate) fn new(meter: &Meter) -> Self {
        let ended = meter
            .u64_counter("millwright.training.ended")
            .with_description("Jobs that ended, by state")
            .build();
        // A counter that is not there until something happens cannot be watched.
        for state in ["succeeded", "failed", "cancelled"] {
            ended.add(0, &[of(state)]);
        }
        let resumed = meter
            .u64_counter("millwright.training.resumed")
            .with_description("Jobs that went on from a checkpoint")
            .build();
        resumed.add(0, &[]);
        Self {
            ended,
            resumed,
            seconds: meter
                .f64_histogram("millwright.training.duration")
                .with_unit("s")
                .with_description("From taking a job to its end, registering included")
                .build(),
            run: Run::new(meter),
        }
    }

    /// A job was called off.
    pub(crate) fn cancelled(&self) {
        self.ended.add(1, &[of("cancelled")]);
    }

    /// A job goes on from its checkpoint.
    pub(crate) fn resumed(&self) {
        self.resumed.add(1, &[]);
    }

    /// A job ended by itself.
    pub(crate) fn ended(&self, outcome: &JobOutcome, took: Duration) {
        let state = match outcome {
            JobOutcome::Succeeded(_) => of("succeeded"),
            JobOutcome::Failed(_) => of("failed"),
        };
        self.seconds.record(took.as_secs_f64(), std::slice::from_ref(&state));
        self.ended.add(1, &[state]);
    }

    /// How far a job of `model` has come; `None` where models are too many to be told apart.
    pub(crate) fn run(&self, model: &ModelName) -> Option<RunMeters> {
        let model = [model_label(model)?];
        Some(RunMeters {
            loss: self.run.loss.bind(&model),
            validation_loss: self.run.validation_loss.bind(&model),
            iteration: self.run.iteration.bind(&model),
            speed: self.run.speed.bind(&model),
        })
    }
}

impl Run {
    fn new(meter: &Meter) -> Self {
        let gauge = |name, what| meter.f64_gauge(name).with_description(what).build();
        Self {
            loss: gauge(
                "millwright.training.loss",
                "Objective in nats a row, of the model's last job after its last iteration",
            ),
            validation_loss: gauge(
                "millwright.training.validation_loss",
                "Log loss on the validation rows, of the model's last job after its last iteration",
            ),
            iteration: meter
                .u64_gauge("millwright.training.iteration")
                .with_description("Iterations of the model's last job so far")
                .build(),
            speed: gauge(
                "millwright.training.rows_per_second",
                "Training rows visited per second, by the model's last job in its last iteration",
            ),
        }
    }
}

/// Where a run tells how far it has come. What it told last stays until the model's next run.
pub(crate) struct RunMeters {
    loss: BoundGauge<f64>,
    validation_loss: BoundGauge<f64>,
    iteration: BoundGauge<u64>,
    speed: BoundGauge<f64>,
}

impl RunMeters {
    /// Takes note of an iteration.
    pub(crate) fn tell(&self, progress: &Progress) {
        if progress.phase != Phase::Fitting || progress.iteration == 0 {
            return;
        }
        self.loss.record(progress.loss);
        self.iteration.record(progress.iteration.into());
        self.speed.record(progress.rows_per_second);
        if let Some(scores) = &progress.validation {
            self.validation_loss.record(scores.log_loss);
        }
    }
}

fn of(state: &'static str) -> KeyValue {
    KeyValue::new("state", state)
}
