//! The training rows' features, and the steps that were learnt from them.

use millwright_domain::ReductionSummary;

use super::{
    Reporter, TrainError, folding::Folding, layout::Layout, samples::Samples, steps::Steps,
};
use crate::{
    CsvTable, InputParts,
    design::{ChunkStore, Design, Scratch},
    reduction::Reduction,
};

/// Where features come from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) table: &'a CsvTable,
    pub(super) layout: &'a Layout,
    pub(super) samples: &'a Samples,
}

/// Features and fitted steps.
pub(super) struct Fitted {
    /// Rows that are fitted.
    pub(super) train: ChunkStore,
    /// Rows that are watched, where the recipe asks for some.
    pub(super) validation: Option<ChunkStore>,
    /// Held-out rows before all steps, where they are all numbers and need not be read again.
    pub(super) held_out: Option<ChunkStore>,
    pub(super) input: InputParts,
    /// From the estimator's weights to those of serving.
    pub(super) folding: Folding,
    /// Before a reduction.
    pub(super) n_features: usize,
    pub(super) reduction: Option<ReductionSummary>,
    pub(super) constant_columns: Vec<String>,
    pub(super) imputed_cells: u64,
}

/// Fits the steps to the training rows, and passes these and the validation rows through them.
pub(super) fn fit(
    source: Source<'_>,
    reporter: &mut Reporter<'_>,
    scratch: &Scratch,
) -> Result<Fitted, TrainError> {
    let layout = source.layout;
    let mut steps = Steps::fit(source, reporter, scratch)?;
    let (train, validation) = steps.transform(source, reporter, scratch)?;
    let n_features = train.n_features();
    let ask = &mut || reporter.ask();
    let reduction = steps.reduction(layout, &train, ask)?;
    let mut reduced = |rows: ChunkStore| match &reduction {
        Some(reduction) => reduction.transform(&rows, scratch, ask),
        None => Ok(rows),
    };
    Ok(Fitted {
        train: reduced(train)?,
        validation: validation.map(reduced).transpose()?,
        held_out: steps.held_out(),
        n_features,
        reduction: reduction.as_ref().map(Reduction::summary),
        constant_columns: steps.constant_columns(&layout.input),
        imputed_cells: steps.imputed_cells(),
        folding: Folding::new(steps.scales().to_vec(), reduction),
        input: steps.parts(&layout.input),
    })
}
