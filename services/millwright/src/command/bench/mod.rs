//! `millwright bench`.

mod firsts;
mod plan;
mod rows;

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use millwright_chassis::stop_signal;
use tokio::fs;

use crate::{
    bench::{Caller, Ending, Model, Reach, Requests, Target, Way, run},
    connection::Connection,
    error::CliError,
    format::FormatArgs,
    output::notice,
    view::{BenchView, Setup, load_text},
};

use firsts::telling;
use plan::{Plan, PlanArgs};

/// Flags of `bench`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  millwright bench --model press.defect
  millwright bench --model press.defect --rate 500 --rows press.csv --plot latency.svg
  millwright bench --model press.defect --rate 100,200,400,800 --plot load.svg
  millwright bench --model resnet50 --predictor triton.local:8001 --stream --connections 4
  millwright bench --model press.defect --predictor predictors:8001 --round-robin --rate 200

It makes load: whatever else the server does becomes slower meanwhile.

The server is any that speaks the Open Inference Protocol, version 2, over gRPC: a
predictor of ours, Triton, MLServer. Inputs are random unless --rows gives real ones;
a model of texts knows none of the random words, and answers them faster than real
ones. Of --rows, a column goes to the input of its name; an input of several numbers
takes NAME_0, NAME_1 and so on, or from a predictor of ours the columns by their own
names.

Without --rate each of the --concurrency workers sends its next request when its last
one is answered (closed loop). This finds the highest throughput, but a server that
stands still is asked nothing meanwhile, and looks better than it is. With --rate
requests are due at even distances whatever becomes of them (open loop), and a latency
counts from when its request was due. While --concurrency requests wait for answers,
further ones wait to be sent; those that are due and still not sent at the end are
counted, and are in no percentile.

Exits with 0 when requests were answered, with 69 when none was, and with 130 when
Ctrl-C cut it short; what was measured is printed in each case.")]
pub(crate) struct Bench {
    /// The model; without version or alias, as the server chooses (ours: production)
    #[arg(long, value_name = "NAME[@VERSION|@ALIAS]")]
    model: String,
    #[command(flatten)]
    plan: PlanArgs,
    /// Send the rows of this CSV or JSONL file, over and over, not random ones
    #[arg(long, value_name = "FILE", help_heading = "Requests")]
    rows: Option<PathBuf>,
    /// Rows in one request
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Requests")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rows_per_request: u32,
    /// Random rows are the same for the same number
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Requests")]
    seed: u64,
    /// Draw the latencies as a picture (SVG) into this file too
    #[arg(long, value_name = "FILE", help_heading = "Answer")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

impl Bench {
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let plan = self.plan.check()?;
        let stop = stop_signal();
        let caller = tokio::select! {
            caller = self.prepare(&plan) => caller?,
            () = stop.clone() => return Err(CliError::BenchCutShort),
        };
        let mut view = BenchView::new(self.setup(&plan));
        for load in &plan.loads {
            notice(&format!("measuring: {}", load_text(load)));
            let call = telling(&caller);
            if let Some(warm_up) = plan.warm_up(load) {
                run(&warm_up, call.clone(), stop.clone()).await;
            }
            let measured = run(load, call, stop.clone()).await;
            if view.add(load, measured) == Ending::CutShort {
                break;
            }
        }
        self.tell(&view).await
    }

    /// Asks what the model takes, and makes requests of it.
    async fn prepare(&self, plan: &Plan) -> Result<Caller, CliError> {
        let address = &self.connection.addresses.predictor;
        let target = Target::connect(address, plan.reach, plan.deadline)?;
        let (name, version) = self.model.split_once('@').unwrap_or((&self.model, ""));
        let model = target.model(name, version).await?;
        let requests = self.requests(&model, plan.way).await?;
        Ok(target.caller(plan.way, &Arc::new(requests)))
    }

    async fn requests(&self, model: &Model, way: Way) -> Result<Requests, CliError> {
        let n_rows = self.rows_per_request as usize;
        let Some(file) = &self.rows else {
            self.format.refuse("without --rows no file is read: leave it out")?;
            return Ok(Requests::random(model, n_rows, self.seed)?);
        };
        let columns = rows::columns(&self.connection.addresses, &self.model, model).await;
        let rows = rows::open(file, &self.format.hints()?, columns.clone())?;
        match way {
            Way::Native => rows::native(&self.model, n_rows, &columns, rows),
            Way::Unary | Way::Stream => rows::requests(model, n_rows, rows),
        }
    }

    fn setup(&self, plan: &Plan) -> Setup {
        Setup {
            model: self.model.clone(),
            address: self.connection.addresses.predictor.clone(),
            way: plan.way,
            connections: match plan.reach {
                Reach::Connections(n) => Some(n),
                Reach::RoundRobin => None,
            },
            rows_per_request: self.rows_per_request,
        }
    }

    async fn tell(&self, view: &BenchView) -> Result<(), CliError> {
        self.connection.output.print(view)?;
        if let Some(path) = &self.plot {
            let written = fs::write(path, view.picture()).await;
            written.map_err(|source| CliError::Write { path: path.clone(), source })?;
            notice(&format!("drawn in {}", path.display()));
        }
        match view.ending() {
            Ending::CutShort => Err(CliError::BenchCutShort),
            Ending::Complete if view.answered() == 0 => Err(CliError::BenchUnanswered),
            Ending::Complete => Ok(()),
        }
    }
}
