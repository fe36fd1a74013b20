//! A training run that can be taken up again.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use millwright_domain::{Code, CurvePoint, Digest, Fault, Hasher, LIBRARY, Scores, TrainingSpec};
use serde::{Deserialize, Serialize};

use super::{TrainError, curve::Curve};
use crate::logistic::{Fitter, MeanLoss, Run};

/// What the bytes begin with, the number of their format included.
const MAGIC: &[u8; 8] = b"mwtrain2";
/// Length of a digest as text.
const DIGEST: usize = 71;
/// Bytes that are written at a time.
const PIECE: usize = 64 << 10;

/// All that a training run has found out after an iteration.
///
/// A run that is resumed from it gives the artefact of the run that was not cut off, bit for bit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    origin: Origin,
    pub(super) run: Run,
    pub(super) watch: Watch,
}

/// What a run was made of; with anything else it cannot go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Origin {
    dataset: Digest,
    recipe: Digest,
    library: String,
}

/// What was seen of the iterations so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Watch {
    pub(super) curve: Curve,
    /// The iteration with the lowest log loss on the validation rows.
    pub(super) best: Option<Best>,
}

/// An iteration to which the run may go back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Best {
    pub(super) point: CurvePoint,
    pub(super) scores: Scores,
    pub(super) at: Vec<f64>,
}

/// Bytes that are no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Another kind of file, or one of another version of this software.
    #[error("not a checkpoint of this version: start the training anew")]
    Format,
    /// Cut off, or changed since it was written.
    #[error("the checkpoint is damaged: start the training anew")]
    Damaged,
}

impl Fault for CheckpointError {
    fn code(&self) -> Code {
        match self {
            Self::Format => Code::FailedPrecondition,
            Self::Damaged => Code::DataLoss,
        }
    }
}

impl Origin {
    pub(super) fn new(dataset: Digest, spec: &TrainingSpec) -> Self {
        let recipe = serde_json::to_vec(spec).expect("a recipe has names and values alone");
        Self { dataset, recipe: Digest::of(&recipe), library: LIBRARY.to_owned() }
    }
}

impl Checkpoint {
    /// The beginning of a run.
    pub(super) fn new(origin: Origin, run: Run) -> Self {
        Self { origin, run, watch: Watch::default() }
    }

    /// A copy, if it is a checkpoint of the run with this `origin` that `fitter` began on `loss`.
    pub(super) fn resumed(
        &self,
        origin: &Origin,
        fitter: &Fitter,
        loss: &MeanLoss<'_>,
    ) -> Result<Self, TrainError> {
        let best = self.watch.best.as_ref();
        let fits = fitter.began(&self.run, loss)
            && best.is_none_or(|best| best.at.len() == self.run.here.at.len());
        let differences = [
            (self.origin.dataset != origin.dataset, "another data set"),
            (self.origin.library != origin.library, "another version of this software"),
            (self.origin.recipe != origin.recipe, "another recipe"),
            (!fits, "a model of another size"),
        ];
        match differences.into_iter().find(|(differs, _)| *differs) {
            Some((_, of)) => Err(TrainError::OtherCheckpoint { of }),
            None => Ok(self.clone()),
        }
    }

    /// Iterations so far.
    pub fn iteration(&self) -> u32 {
        self.run.iterations
    }

    /// Writes the bytes to keep to the beginning of `out`: a format, a digest, and what that is of.
    ///
    /// They are a few kilobytes and, for each parameter of the model, 16 to 190 bytes: 64
    /// with L-BFGS where these are millions. Of that nothing is held in memory.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut (impl Write + Seek)) -> io::Result<()> {
        out.write_all(MAGIC)?;
        out.write_all(&[0; DIGEST])?;
        let mut hashed = Hashed { out, hasher: Hasher::default(), failure: None };
        let written = postcard::to_io(self, BufWriter::with_capacity(PIECE, &mut hashed)).map(drop);
        // All that is said of a failure is that there was one.
        hashed.failure.map_or(Ok(()), Err)?;
        written.map_err(io::Error::other)?;
        let digest = hashed.hasher.finish().to_string();
        out.seek(SeekFrom::Start(MAGIC.len() as u64))?;
        out.write_all(digest.as_bytes())
    }

    /// Reads what [`Self::write`] wrote; nothing is allocated before the digest was found right.
    ///
    /// # Errors
    /// [`CheckpointError`] if a single bit differs.
    pub fn decode(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(CheckpointError::Format)?;
        let (digest, body) = rest.split_at_checked(DIGEST).ok_or(CheckpointError::Damaged)?;
        if Digest::of(body).to_string().as_bytes() != digest {
            return Err(CheckpointError::Damaged);
        }
        match postcard::take_from_bytes(body) {
            Ok((checkpoint, [])) => Ok(checkpoint),
            Ok(_) | Err(_) => Err(CheckpointError::Format),
        }
    }
}

/// Adds what is written to a digest.
struct Hashed<'a, W> {
    out: &'a mut W,
    hasher: Hasher,
    failure: Option<io::Error>,
}

impl<W: Write> Write for Hashed<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = self.out.write_all(bytes) {
            let kind = error.kind();
            self.failure.get_or_insert(error);
            return Err(kind.into());
        }
        self.hasher.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
