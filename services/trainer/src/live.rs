//! How far the running jobs have come.

use std::{collections::HashMap, sync::Arc};

use millwright_domain::{JobId, JobState, Phase, Progress, TrainingJob};
use tokio::sync::watch;

use crate::halt::Halt;

/// The jobs that run now, a few at a time; whoever follows sees the latest of each.
///
/// What a job *is* stands in the store. An entry appears after the job is recorded as running and
/// goes after its end is recorded: nobody hears of what is not durable.
#[derive(Clone, Default)]
pub(crate) struct Live(Arc<watch::Sender<Runs>>);

/// What runs, and how far it has come.
pub(crate) type Runs = HashMap<JobId, Run>;

/// One running job.
pub(crate) struct Run {
    pub(crate) progress: Progress,
    /// Tells its worker to let go of it.
    halt: Halt,
}

impl Live {
    /// Tells how far a job has come. What was told before wakes nobody, and what is told of a job
    /// that runs no more is lost.
    pub(crate) fn tell(&self, id: &JobId, progress: Progress) {
        self.0.send_if_modified(|runs| match runs.get_mut(id) {
            Some(run) if run.progress != progress => {
                run.progress = progress;
                true
            }
            _ => false,
        });
    }

    /// A worker has the job, and lets go of it at `halt`.
    pub(crate) fn begin(&self, job: &TrainingJob, halt: Halt) {
        let progress = Progress {
            phase: Phase::Reading,
            iteration: 0,
            max_iter: job.spec.pipeline.logistic.max_iter,
            loss: 0.0,
            gradient: 0.0,
            rows_per_second: 0.0,
            seconds_left: 0.0,
            validation: None,
        };
        self.0.send_modify(|runs| {
            runs.insert(job.id.clone(), Run { progress, halt });
        });
    }

    /// The job goes on after so many iterations.
    pub(crate) fn resume(&self, id: &JobId, iteration: u32) {
        if let Some(latest) = self.progress(id) {
            self.tell(id, Progress { iteration, ..latest });
        }
    }

    /// The job is trained and is being registered.
    pub(crate) fn registering(&self, id: &JobId) {
        if let Some(latest) = self.progress(id) {
            self.tell(id, Progress { phase: Phase::Registering, seconds_left: 0.0, ..latest });
        }
    }

    fn progress(&self, id: &JobId) -> Option<Progress> {
        self.0.borrow().get(id).map(|run| run.progress)
    }

    /// The job runs no more: its worker lets go of it, whoever follows looks it up again.
    pub(crate) fn end(&self, id: &JobId) {
        self.0.send_modify(|runs| {
            if let Some(run) = runs.remove(id) {
                run.halt.call_off();
            }
        });
    }

    /// The job as recorded, with its progress while it runs.
    pub(crate) fn of(&self, job: TrainingJob) -> TrainingJob {
        let progress = match job.state {
            JobState::Running => self.progress(&job.id),
            _ => None,
        };
        TrainingJob { progress, ..job }
    }

    /// Something beside the runs has changed, such as a job that waits now.
    pub(crate) fn touch(&self) {
        self.0.send_modify(|_| ());
    }

    /// Wakes at every change.
    pub(crate) fn follow(&self) -> watch::Receiver<Runs> {
        self.0.subscribe()
    }
}
