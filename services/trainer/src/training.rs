//! Trains on a thread of its own.

use std::{
    ops::ControlFlow,
    panic::{self, AssertUnwindSafe},
    path::PathBuf,
    thread,
    time::Duration,
};

use millwright_chassis::{
    background::{LAST, stand_back},
    memory,
};
use millwright_domain::{Phase, Progress, TrainingJob};
use millwright_ml::{
    Checkpoint, CsvTable, TrainError, Trained, TrainingInput, TrainingObserver, train,
};
use opentelemetry::Context;
use tokio::{sync::oneshot, time};

use crate::{
    failure::Failure,
    halt::Halt,
    live::Live,
    meters::{Meters, RunMeters},
    phases::Phases,
    place::Place,
    saver::Saver,
};

/// How long a stop waits for the last checkpoint; a kill would wait no longer.
const LAST_CHECKPOINT_WITHIN: Duration = Duration::from_secs(5);

/// One run of a job.
pub(crate) struct Training {
    pub(crate) job: TrainingJob,
    /// The file of its data set.
    pub(crate) file: PathBuf,
    pub(crate) live: Live,
    pub(crate) halt: Halt,
    pub(crate) place: Place,
    pub(crate) meters: Meters,
}

impl Training {
    /// Trains, from the job's checkpoint on where it has one; `None` if it was halted.
    ///
    /// The thread is not of the runtime's pool: a process that goes down does not wait for it. When
    /// the future is dropped, the training is given up at the next question.
    pub(crate) async fn run(self) -> Result<Option<Trained>, Failure> {
        let (reply, mut outcome) = oneshot::channel();
        let halt = self.halt.clone();
        let (lines, trace) = (tracing::Span::current(), Context::current());
        thread::Builder::new().name("training".to_owned()).spawn(move || {
            stand_back(LAST);
            let _in_the_job = (lines.entered(), trace.attach());
            let run = AssertUnwindSafe(|| self.train(&reply));
            let outcome = panic::catch_unwind(run).unwrap_or(Err(Failure::Panicked));
            give_back();
            // Nobody waits any more when the training was given up.
            let _ = reply.send(outcome);
        })?;
        tokio::select! {
            biased;
            outcome = &mut outcome => outcome.unwrap_or(Err(Failure::Panicked)),
            () = late(&halt) => Ok(None),
        }
    }

    fn train(&self, reply: &Reply) -> Result<Option<Trained>, Failure> {
        let Training { job, place, .. } = self;
        let checkpoint = place.checkpoints.last(&job.id);
        if let Some(checkpoint) = &checkpoint {
            self.resume(checkpoint.iteration());
        }
        let format = job.spec.table.as_ref().expect("the store fills in the format of a job");
        let table = CsvTable::with_format(&self.file, format)?;
        let trained = match self.attempt(&table, checkpoint.as_ref(), reply) {
            Err(other @ TrainError::OtherCheckpoint { .. }) => {
                place.checkpoints.put_aside(&job.id, &other);
                self.attempt(&table, None, reply)
            }
            trained => trained,
        };
        match trained {
            Err(TrainError::Cancelled) => Ok(None),
            trained => Ok(Some(trained?)),
        }
    }

    fn resume(&self, iteration: u32) {
        tracing::info!(iteration, "going on from the checkpoint");
        self.live.resume(&self.job.id, iteration);
        self.meters.resumed();
    }

    fn attempt(
        &self,
        table: &CsvTable,
        resume: Option<&Checkpoint>,
        reply: &Reply,
    ) -> Result<Trained, TrainError> {
        let Place { checkpoints, checkpoint_every, scratch } = &self.place;
        let saver = Saver::new(checkpoints.clone(), self.job.id.clone(), *checkpoint_every);
        let input = TrainingInput {
            dataset: self.job.dataset,
            spec: &self.job.spec,
            resume,
            scratch,
            memory: TrainingInput::MEMORY,
        };
        let resumed_at = resume.map_or(0, Checkpoint::iteration);
        let (phases, meters) = (Phases::begin(), self.meters.run(&self.job.model));
        let training = self;
        let mut observer = Observer { training, reply, saver, resumed_at, phases, meters };
        train(table, input, &mut observer)
    }
}

/// To whoever waits for the training.
type Reply = oneshot::Sender<Result<Option<Trained>, Failure>>;

/// Gives back memory that a phase has left: the next has no use for most of it, and a plant that has
/// trained would keep it.
fn give_back() {
    memory::give_back();
    rayon::broadcast(|_| memory::give_back());
}

/// Once a stop has waited long enough.
async fn late(halt: &Halt) {
    halt.stopped().await;
    time::sleep(LAST_CHECKPOINT_WITHIN).await;
}

/// Passes on what the training tells, and what it is told.
struct Observer<'a> {
    training: &'a Training,
    reply: &'a Reply,
    saver: Saver,
    /// Iterations that the checkpoint had.
    resumed_at: u32,
    phases: Phases,
    meters: Option<RunMeters>,
}

impl Observer<'_> {
    /// Whether nobody wants the result any more.
    fn is_given_up(&self) -> bool {
        self.reply.is_closed() || self.training.halt.is_called_off()
    }
}

impl TrainingObserver for Observer<'_> {
    fn progress(&mut self, told: Progress) -> ControlFlow<()> {
        let Training { job, live, halt, .. } = self.training;
        if self.phases.tell(&told) {
            give_back();
        }
        self.meters.iter().for_each(|meters| meters.tell(&told));
        // Reading comes again before the iterations go on.
        live.tell(&job.id, Progress { iteration: told.iteration.max(self.resumed_at), ..told });
        // The end of an iteration is near, and worth a checkpoint.
        let saves_last = halt.is_stopped() && told.phase == Phase::Fitting;
        if self.is_given_up() || (halt.is_stopped() && !saves_last) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> ControlFlow<()> {
        if self.is_given_up() {
            return ControlFlow::Break(());
        }
        if self.training.halt.is_stopped() {
            self.saver.save_last(checkpoint);
            return ControlFlow::Break(());
        }
        self.saver.offer(checkpoint);
        ControlFlow::Continue(())
    }
}
