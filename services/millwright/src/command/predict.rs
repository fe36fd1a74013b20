//! `millwright predict`.

use std::{
    fs::File,
    io::{self, BufWriter, Read, StdoutLock, Write},
    path::PathBuf,
};

use clap::Args;
use millwright_domain::ModelRef;
use serde::{Serialize, Serializer};

use crate::{
    connection::Connection,
    error::CliError,
    format::FormatArgs,
    output::{Output, notice},
    prediction::{Outcome, Predicted, Predicting},
    rows, served,
};

/// Flags of `predict`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  millwright predict press.defect press.csv
  millwright predict press.defect@staging rows.jsonl --output json
  millwright predict press.defect export.csv --encoding gb18030 --decimal ,
  echo '{\"note\": \"hyd cyl leaking\"}' | millwright predict notes -

CSV is read as it is for training: what no flag says is detected, from its first
rows. JSON lines have one object a row, and are recognised by the { that they
begin with. Columns that the model does not know are dropped. An empty cell, NaN
or null is a missing number. With --output json each line has row,
label, probabilities and version, or row and error. A row that cannot be
predicted says why, the others go on, and the exit code is 65 at the end; it is
69 when the predictor goes away before every row is answered.")]
pub(crate) struct Predict {
    /// The model; without version or alias, its production version
    #[arg(value_name = "NAME[@VERSION|@ALIAS]")]
    model: ModelRef,
    /// A CSV or JSONL file; - is standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

impl Predict {
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let hints = self.format.hints()?;
        let predictor = self.connection.addresses.predictor()?;
        let columns = served::columns(&predictor, &self.model).await?;
        let rows = rows::read(self.input()?, &hints, columns.clone(), Box::new(tell_dropped))?;
        let mut printer = Printer::new(self.connection.output);
        let predicting = Predicting::new(predictor, self.model, columns);
        predicting.run(rows, |outcomes| Ok(printer.print(outcomes)?)).await?;
        match printer {
            Printer { n_bad: 0, .. } => Ok(()),
            Printer { n_bad: bad, n: all, .. } => Err(CliError::BadRows { bad, all }),
        }
    }

    fn input(&self) -> Result<Box<dyn Read + Send>, CliError> {
        if self.file.as_os_str() == "-" {
            return Ok(Box::new(io::stdin()));
        }
        let opened = File::open(&self.file);
        opened
            .map(|file| Box::new(file) as _)
            .map_err(|source| CliError::File { path: self.file.clone(), source })
    }
}

fn tell_dropped(names: &[String]) {
    notice(&format!("dropped, since the model does not know them: {}", names.join(", ")));
}

/// Prints answers line by line.
struct Printer {
    output: Output,
    out: BufWriter<StdoutLock<'static>>,
    n: u64,
    n_bad: u64,
}

impl Printer {
    fn new(output: Output) -> Self {
        Self { output, out: BufWriter::new(io::stdout().lock()), n: 0, n_bad: 0 }
    }

    /// Prints answers and flushes: somebody may be waiting for them.
    fn print(&mut self, outcomes: Vec<Outcome>) -> io::Result<()> {
        outcomes.into_iter().try_for_each(|outcome| self.print_one(outcome))?;
        self.out.flush()
    }

    fn print_one(&mut self, outcome: Outcome) -> io::Result<()> {
        self.n += 1;
        self.n_bad += u64::from(outcome.is_err());
        let (n, out) = (self.n, &mut self.out);
        match (self.output, outcome) {
            (Output::Json, Ok(predicted)) => json(out, &Line::new(n, &predicted)),
            (Output::Json, Err(error)) => json(out, &BadLine { row: n, error }),
            (Output::Table, Ok(Predicted { label, probabilities, .. })) => {
                let of_label = probabilities.iter().find(|(class, _)| *class == label);
                let probability = of_label.map_or(f32::NAN, |(_, probability)| *probability);
                writeln!(out, "{n:>6}  {probability:.3}  {label}")
            }
            (Output::Table, Err(error)) => writeln!(out, "{n:>6}  error  {error}"),
        }
    }
}

fn json(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    writeln!(out)
}

/// The answer to a row.
#[derive(Serialize)]
struct Line<'a> {
    row: u64,
    label: &'a str,
    probabilities: Probabilities<'a>,
    version: u64,
}

/// The answer to a row that could not be predicted.
#[derive(Serialize)]
struct BadLine {
    row: u64,
    error: String,
}

impl<'a> Line<'a> {
    fn new(row: u64, predicted: &'a Predicted) -> Self {
        let Predicted { label, probabilities, version } = predicted;
        Self { row, label, probabilities: Probabilities(probabilities), version: *version }
    }
}

/// Classes and their probabilities, as one object in the model's order.
struct Probabilities<'a>(&'a [(String, f32)]);

impl Serialize for Probabilities<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(class, probability)| (class, probability)))
    }
}
