//! A pipeline that is ready to answer.

use std::fs::File;

use millwright_tensor::Rows;

use crate::{
    ArtifactError, Manifest, PipelineParts, PredictError, Predictor,
    artifact::{self, Source},
    golden::{Golden, golden_rows},
    model::Model,
};

/// A trained pipeline with the account of its training and its golden rows.
#[derive(Debug)]
pub struct FittedPipeline {
    manifest: Manifest,
    model: Model,
    golden: Golden,
}

impl FittedPipeline {
    /// Reads an artefact, checks all of it, and replays its golden rows.
    ///
    /// # Errors
    /// [`ArtifactError`] says what is damaged; nothing is allocated for what a damaged file merely
    /// claims to hold.
    pub fn load(bytes: &[u8]) -> Result<Self, ArtifactError> {
        Self::read(Source::Memory(bytes))
    }

    /// Opens the artefact in `file` as [`load`](Self::load) does, and leaves terms and weights there:
    /// the file is read once by positions, which checks all of it, then mapped. A page of it costs
    /// memory once an answer needs it.
    ///
    /// The file must not change as long as the pipeline is there; it may be removed.
    ///
    /// # Errors
    /// As [`load`](Self::load); [`ArtifactError::Io`] if the file cannot be read.
    pub fn open(file: &File) -> Result<Self, ArtifactError> {
        Self::read(Source::mapped(file)?)
    }

    fn read(source: Source<'_>) -> Result<Self, ArtifactError> {
        let (manifest, model, golden) = artifact::read(source)?;
        golden.replay(&model)?;
        Ok(Self { manifest, model, golden })
    }

    /// Joins parts that were made elsewhere; the manifest tells of no training.
    ///
    /// ```
    /// use millwright_ml::{FittedPipeline, PipelineParts};
    ///
    /// let wide = FittedPipeline::from_parts(PipelineParts::seeded(1000, 10, 42))?;
    /// let artifact = wide.encode()?;
    /// assert_eq!(FittedPipeline::load(&artifact)?.manifest(), wide.manifest());
    /// # Ok::<(), millwright_ml::ArtifactError>(())
    /// ```
    ///
    /// # Errors
    /// [`ArtifactError`] if the parts do not fit each other.
    pub fn from_parts(parts: PipelineParts) -> Result<Self, ArtifactError> {
        let input = parts.input.spec();
        let (model, golden) = assemble(parts, 0)?;
        let (signature, classes) = (model.signature.clone(), model.classes.clone());
        let manifest = Manifest::untrained(input, signature, classes, &model.hidden);
        Ok(Self { manifest, model, golden })
    }

    /// The artefact: the same bytes for the same pipeline.
    ///
    /// # Errors
    /// [`ArtifactError::HeaderTooLong`] if the names of columns and classes fill tens of megabytes.
    pub fn encode(&self) -> Result<Vec<u8>, ArtifactError> {
        let mut bytes = Vec::new();
        artifact::write(&self.manifest, &self.model, &self.golden, &mut bytes)?;
        Ok(bytes)
    }

    /// The account of its training.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The made-up rows that every load replays.
    pub fn golden_rows(&self) -> &Rows {
        &self.golden.rows
    }
}

impl Predictor for FittedPipeline {
    fn predict(&self, rows: &Rows) -> Result<Rows, PredictError> {
        self.model.predict(rows)
    }

    fn flops_per_row(&self) -> u64 {
        self.model.flops_per_row()
    }
}

/// The model of `parts`, with golden rows made up with `seed`.
pub(crate) fn assemble(parts: PipelineParts, seed: u64) -> Result<(Model, Golden), ArtifactError> {
    let input = parts.input.clone();
    let model = Model::new(parts)?;
    let golden = Golden::record(&model, golden_rows(&input, seed))?;
    Ok((model, golden))
}
