//! The target of every row, as it was read.

use std::collections::BTreeMap;

use super::{MOST_CLASSES, Reporter, TrainError, layout::Layout, pass::pass};
use crate::{
    CsvRow, CsvTable,
    model::LONGEST_LABEL,
    table::{Block, is_missing, quoted},
};

/// The value of a split column that holds a row out.
const TEST: &str = "test";
/// A row without a target.
const NONE: u32 = u32::MAX;

/// Classes of all rows, those of held-out rows among them.
#[derive(Default)]
pub(super) struct Targets {
    /// Places of the labels in the order in which they were first seen.
    places: BTreeMap<String, u32>,
    /// Class, by first sight, times two, and one if the row says that it is held out.
    rows: Vec<u32>,
    /// Of each class, sorted, the first row that says that it is held out.
    pub(super) first_test_lines: Vec<Option<u64>>,
}

impl Targets {
    pub(super) fn read(
        table: &CsvTable,
        layout: &Layout,
        reporter: &mut Reporter<'_>,
    ) -> Result<Self, TrainError> {
        let mut targets = Self::default();
        let part = |block: Block<'_>| Self::of(block, layout);
        pass(table, reporter, part, |part| targets.append(part, layout))?;
        if targets.places.is_empty() {
            return Err(TrainError::NoTarget { column: quoted(&layout.target.name) });
        }
        targets.sort();
        Ok(targets)
    }

    fn of(mut block: Block<'_>, layout: &Layout) -> Result<Self, TrainError> {
        let mut targets = Self::default();
        while let Some(row) = block.next_row()? {
            targets.add(row, layout)?;
        }
        Ok(targets)
    }

    /// Adds the rows that follow.
    fn append(&mut self, part: Self, layout: &Layout) -> Result<(), TrainError> {
        let mut classes = vec![NONE; part.places.len()];
        for (label, place) in &part.places {
            let class = self.class(label);
            classes[*place as usize] = class;
            let first = &mut self.first_test_lines[class as usize];
            *first = first.or(part.first_test_lines[*place as usize]);
        }
        let class = |row: u32| classes[(row >> 1) as usize] << 1 | row & 1;
        let rows = part.rows.into_iter().map(|row| if row == NONE { NONE } else { class(row) });
        self.rows.extend(rows);
        self.check(layout)
    }

    fn check(&self, layout: &Layout) -> Result<(), TrainError> {
        if self.places.len() <= MOST_CLASSES {
            return Ok(());
        }
        let column = quoted(&layout.target.name);
        Err(TrainError::TooManyClasses { column, limit: MOST_CLASSES })
    }

    /// Class of each row, by the sorted labels, and whether it says that it is held out.
    pub(super) fn rows(&self) -> impl Iterator<Item = Option<(u32, bool)>> + '_ {
        self.rows.iter().map(|row| (*row != NONE).then_some((row >> 1, row & 1 == 1)))
    }

    /// The labels, sorted by code point.
    pub(super) fn into_labels(self) -> Vec<String> {
        self.places.into_keys().collect()
    }

    fn add(&mut self, row: &CsvRow, layout: &Layout) -> Result<(), TrainError> {
        let (label, line) = (row.cell(layout.target.place), row.line());
        if is_missing(label) {
            self.rows.push(NONE);
            return Ok(());
        }
        if label.len() > LONGEST_LABEL {
            let column = quoted(&layout.target.name);
            return Err(TrainError::LongLabel { line, column, limit: LONGEST_LABEL });
        }
        let class = self.class(label);
        self.check(layout)?;
        let says_test = layout.split.is_some_and(|place| row.cell(place) == TEST);
        let first = &mut self.first_test_lines[class as usize];
        if says_test && first.is_none() {
            *first = Some(line);
        }
        self.rows.push(class << 1 | u32::from(says_test));
        Ok(())
    }

    fn class(&mut self, label: &str) -> u32 {
        if let Some(class) = self.places.get(label) {
            return *class;
        }
        let next = self.places.len() as u32;
        self.places.insert(label.to_owned(), next);
        self.first_test_lines.push(None);
        next
    }

    /// Numbers the classes in the order of their labels.
    fn sort(&mut self) {
        let mut sorted = vec![0; self.places.len()];
        let mut lines = vec![None; self.places.len()];
        for (place, first_seen) in self.places.values().enumerate() {
            sorted[*first_seen as usize] = place as u32;
            lines[place] = self.first_test_lines[*first_seen as usize];
        }
        self.first_test_lines = lines;
        for row in self.rows.iter_mut().filter(|row| **row != NONE) {
            *row = sorted[(*row >> 1) as usize] << 1 | (*row & 1);
        }
    }
}
