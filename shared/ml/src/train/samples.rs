//! Which rows are fitted, which are watched or held out, and their classes.

use millwright_domain::{Split, TrainingSpec, ValidationSpec};

use super::{Reporter, TrainError, layout::Layout, targets::Targets};
use crate::{
    CsvRow, CsvTable,
    draws::{Draws, Purpose},
    split::stratified,
    table::{Block, quoted},
};

/// The target of every row, and the part that the row plays: four bytes a row.
pub(super) struct Samples {
    /// Labels of the training rows, sorted by code point.
    pub(super) classes: Vec<String>,
    rows: Vec<Packed>,
}

/// One row of the table, with its class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sample {
    Train(u32),
    /// A training row that is watched instead of fitted.
    Validation(u32),
    HeldOut(u32),
    WithoutTarget,
}

/// A sample: the class times four, and the part.
#[derive(Clone, Copy)]
struct Packed(u32);

impl From<Sample> for Packed {
    fn from(sample: Sample) -> Self {
        match sample {
            Sample::Train(class) => Self(class << 2),
            Sample::Validation(class) => Self(class << 2 | 1),
            Sample::HeldOut(class) => Self(class << 2 | 2),
            Sample::WithoutTarget => Self(3),
        }
    }
}

impl From<Packed> for Sample {
    fn from(Packed(bits): Packed) -> Self {
        let class = bits >> 2;
        match bits & 3 {
            0 => Self::Train(class),
            1 => Self::Validation(class),
            2 => Self::HeldOut(class),
            _ => Self::WithoutTarget,
        }
    }
}

impl Samples {
    /// Reads the targets and decides which rows are held out, and which are watched.
    pub(super) fn read(
        table: &CsvTable,
        layout: &Layout,
        spec: &TrainingSpec,
        reporter: &mut Reporter<'_>,
    ) -> Result<Self, TrainError> {
        let targets = Targets::read(table, layout, reporter)?;
        let first_held_out = targets.first_test_lines.clone();
        let part = |(class, says_test)| match says_test {
            true if layout.split.is_some() => Sample::HeldOut(class),
            _ => Sample::Train(class),
        };
        let rows = targets.rows().map(|row| row.map_or(Sample::WithoutTarget, part).into());
        let mut samples = Self { rows: rows.collect(), classes: targets.into_labels() };
        if let Split::Fraction(share) = spec.split {
            samples.set_apart(share, &mut Draws::new(spec.seed, Purpose::Split), Sample::HeldOut);
        }
        samples.check(layout, &first_held_out)?;
        if let Some(validation) = spec.validation {
            samples.watch(validation, &mut Draws::new(spec.seed, Purpose::Validation))?;
        }
        Ok(samples)
    }

    /// The rows, in the table's order.
    pub(super) fn rows(&self) -> impl Iterator<Item = Sample> + '_ {
        self.rows.iter().map(|packed| Sample::from(*packed))
    }

    /// Calls `visit` with every row of `block` and its part, in order, until it fails.
    pub(super) fn for_each(
        &self,
        mut block: Block<'_>,
        mut visit: impl FnMut(&CsvRow, Sample) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let first = usize::try_from(block.first()).unwrap_or(usize::MAX);
        let mut rows = self.rows.get(first..).unwrap_or_default().iter();
        while let Some(row) = block.next_row()? {
            visit(row, rows.next().map_or(Sample::WithoutTarget, |packed| (*packed).into()))?;
        }
        Ok(())
    }

    /// Rows of each class that `of` finds the class in.
    pub(super) fn counts(&self, of: impl Fn(Sample) -> Option<u32>) -> Vec<u64> {
        let mut counts = vec![0; self.classes.len()];
        self.rows().filter_map(of).for_each(|class| counts[class as usize] += 1);
        counts
    }

    /// Makes a stratified share of the training rows something else.
    fn set_apart(&mut self, share: f64, draws: &mut Draws, part: impl Fn(u32) -> Sample) {
        let mut members = vec![Vec::new(); self.classes.len()];
        for (row, sample) in self.rows().enumerate() {
            if let Sample::Train(class) = sample {
                members[class as usize].push(row as u32);
            }
        }
        for row in stratified(members, share, draws) {
            let row = &mut self.rows[row as usize];
            *row = part(row.0 >> 2).into();
        }
    }

    /// Refuses parts that cannot be trained on or scored.
    fn check(&self, layout: &Layout, first_held_out: &[Option<u64>]) -> Result<(), TrainError> {
        let trained = self.counts(Sample::trained);
        match trained.iter().filter(|n| **n > 0).count() {
            0 => return Err(TrainError::NoTrainRows),
            1 => return Err(TrainError::OneClass { column: quoted(&layout.target.name) }),
            _ => {}
        }
        if self.counts(Sample::held_out).iter().all(|n| *n == 0) {
            return Err(TrainError::NoTestRows);
        }
        let unseen = trained.iter().zip(first_held_out).filter(|(n, _)| **n == 0);
        match unseen.filter_map(|(_, line)| *line).min() {
            Some(line) => Err(TrainError::UnseenClass { line }),
            None => Ok(()),
        }
    }

    /// Cuts the validation rows off the training rows.
    fn watch(&mut self, spec: ValidationSpec, draws: &mut Draws) -> Result<(), TrainError> {
        let before = self.counts(Sample::trained);
        self.set_apart(spec.share, draws, Sample::Validation);
        let watched = self.counts(Sample::watched);
        match before.iter().zip(watched).find(|(_, watched)| *watched == 0) {
            Some((n_rows, _)) => Err(TrainError::NothingToWatch { n_rows: *n_rows }),
            None => Ok(()),
        }
    }
}

impl Sample {
    /// Its class, if it is fitted.
    pub(super) fn trained(self) -> Option<u32> {
        if let Self::Train(class) = self { Some(class) } else { None }
    }

    /// Its class, if it is watched.
    pub(super) fn watched(self) -> Option<u32> {
        if let Self::Validation(class) = self { Some(class) } else { None }
    }

    /// Its class, if it is held out.
    pub(super) fn held_out(self) -> Option<u32> {
        if let Self::HeldOut(class) = self { Some(class) } else { None }
    }
}
