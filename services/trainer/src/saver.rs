//! Saves the checkpoints of one run, every now and then; the disk is waited for beside the thread that
//! trains.

use std::{
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use millwright_domain::JobId;
use millwright_ml::Checkpoint;
use millwright_store::{Replacement, StoreError};

use crate::checkpoints::Checkpoints;

/// Checkpoints are at least this many times as far apart as it takes to write one: that of a large
/// model comes less often.
const PAUSE: u32 = 20;

/// Saves checkpoints of one job. Dropping it waits for the one that is being written: what is
/// removed afterwards stays removed.
pub(crate) struct Saver {
    checkpoints: Checkpoints,
    job: JobId,
    every: Duration,
    due: Instant,
    writing: Option<JoinHandle<Written>>,
    fails: bool,
}

/// When a checkpoint was begun, how long it took, and what came of it.
struct Written {
    began: Instant,
    took: Duration,
    outcome: Result<(), StoreError>,
}

impl Saver {
    /// The first checkpoint is due at once, each further one `every` so often.
    pub(crate) fn new(checkpoints: Checkpoints, job: JobId, every: Duration) -> Self {
        Self { checkpoints, job, every, due: Instant::now(), writing: None, fails: false }
    }

    /// Saves `checkpoint` if it is time, and the last one is on the disk.
    pub(crate) fn offer(&mut self, checkpoint: &Checkpoint) {
        if self.writing.as_ref().is_some_and(|writing| !writing.is_finished()) {
            return;
        }
        self.settle();
        if Instant::now() >= self.due {
            self.save(checkpoint);
        }
    }

    /// Saves `checkpoint`, whatever the time, and waits until it is on the disk.
    pub(crate) fn save_last(&mut self, checkpoint: &Checkpoint) {
        self.settle();
        self.save(checkpoint);
        self.settle();
    }

    fn save(&mut self, checkpoint: &Checkpoint) {
        let began = Instant::now();
        let written = self.checkpoints.write(&self.job, checkpoint);
        let commit = move || {
            let outcome = written.and_then(Replacement::commit);
            Written { began, took: began.elapsed(), outcome }
        };
        match thread::Builder::new().name("checkpoint".to_owned()).spawn(commit) {
            Ok(writing) => self.writing = Some(writing),
            Err(cause) => {
                let outcome = Err(StoreError::Io { doing: "start a thread", cause });
                self.note(Written { began, took: began.elapsed(), outcome });
            }
        }
    }

    /// Waits for the write under way, if there is one.
    fn settle(&mut self) {
        // A write that panicked is as good as none: the checkpoint before it is there.
        if let Some(Ok(written)) = self.writing.take().map(JoinHandle::join) {
            self.note(written);
        }
    }

    /// The training goes on without a checkpoint: a full disk costs time after a kill, no more.
    fn note(&mut self, Written { began, took, outcome }: Written) {
        self.due = began + self.every.max(took * PAUSE);
        match &outcome {
            Ok(()) if self.fails => tracing::info!(job = %self.job, "checkpoints are kept again"),
            Err(error) if !self.fails => {
                tracing::warn!(job = %self.job, %error, "no checkpoint is kept, training goes on");
            }
            _ => {}
        }
        self.fails = outcome.is_err();
    }
}

impl Drop for Saver {
    fn drop(&mut self) {
        self.settle();
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{fs, io::Cursor, ops::ControlFlow, os::unix::fs::symlink, path::Path};

    use millwright_domain::{
        Digest, FormatHints, InputSpec, LogisticSpec, PipelineSpec, Progress, Split, TrainingSpec,
    };
    use millwright_ml::{CsvTable, TrainingInput, TrainingObserver, train};

    use super::*;

    /// Keeps the first checkpoint of a run.
    struct First(Option<Checkpoint>);

    impl TrainingObserver for First {
        fn progress(&mut self, _: Progress) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }

        fn checkpoint(&mut self, checkpoint: &Checkpoint) -> ControlFlow<()> {
            self.0 = Some(checkpoint.clone());
            ControlFlow::Break(())
        }
    }

    fn checkpoint(folder: &Path) -> Checkpoint {
        let file = folder.join("table.csv");
        fs::write(&file, "x,class\n1,a\n2,a\n3,a\n7,b\n8,b\n9,b\n").expect("written");
        let table = CsvTable::open(&file, &FormatHints::default()).expect("a table");
        let (target, input) = ("class".to_owned(), InputSpec::numbers(vec![]));
        let logistic = LogisticSpec::default();
        let pipeline = PipelineSpec { target, input, reduction: None, logistic };
        let split = Split::Fraction(0.3);
        let spec = TrainingSpec { pipeline, split, validation: None, table: None, seed: 1 };
        let input = TrainingInput {
            dataset: Digest::of(b"data"),
            spec: &spec,
            resume: None,
            scratch: folder,
            memory: TrainingInput::MEMORY,
        };
        let mut first = First(None);
        train(&table, input, &mut first).expect_err("it is cut off");
        first.0.expect("an iteration")
    }

    fn bytes(checkpoint: &Checkpoint) -> Vec<u8> {
        let mut bytes = Cursor::new(vec![]);
        checkpoint.write(&mut bytes).expect("there is room");
        bytes.into_inner()
    }

    #[test]
    fn a_full_disk_costs_a_checkpoint_and_no_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let checkpoint = checkpoint(folder.path());
        let checkpoints = Checkpoints::new(folder.path().join("checkpoints"));
        let job = JobId::random();
        let mut saver = Saver::new(checkpoints.clone(), job.clone(), Duration::ZERO);
        saver.save_last(&checkpoint);
        let saved = checkpoints.last(&job).map(|saved| bytes(&saved));
        assert_eq!(saved, Some(bytes(&checkpoint)));

        // Every write to this device fails for want of space.
        let half = folder.path().join("checkpoints").join(format!("{job}.new"));
        symlink("/dev/full", half).expect("a link");
        saver.save_last(&checkpoint);
        assert!(saver.fails);
        assert_eq!(checkpoints.last(&job).map(|kept| bytes(&kept)), saved, "the one before");
        saver.save_last(&checkpoint);
        assert!(!saver.fails, "there is space again");
    }

    #[test]
    fn checkpoints_keep_their_distance() {
        let folder = tempfile::tempdir().expect("a folder");
        let checkpoint = checkpoint(folder.path());
        let checkpoints = Checkpoints::new(folder.path().join("checkpoints"));
        let (often, seldom) = (JobId::random(), JobId::random());
        for (job, every, is_saved_again) in
            [(&often, Duration::ZERO, true), (&seldom, Duration::from_secs(86_400), false)]
        {
            let mut saver = Saver::new(checkpoints.clone(), job.clone(), every);
            saver.offer(&checkpoint);
            saver.settle();
            assert!(checkpoints.has(job), "the first is due at once");
            // As if its cost had been paid off long ago.
            saver.due -= Duration::from_secs(3600);
            saver.offer(&checkpoint);
            assert_eq!(saver.writing.is_some(), is_saved_again, "every {every:?}");
        }
    }
}
