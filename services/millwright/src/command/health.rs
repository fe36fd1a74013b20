//! `millwright health`.

use clap::Args;
use millwright_client::{ClientError, Serving};
use serde::Serialize;

use crate::{
    connection::Connection, error::CliError, output::Answer, service::Service, view::table,
};

/// Flags of `health`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  millwright health predictor && echo ready\n\n\
    Exits with 0 when all that were asked serve, otherwise with 69. Leaves no trace: whoever asks\n\
    every few seconds must not wait for a collector that is away.")]
pub(crate) struct Health {
    /// Which service [default: all]
    #[arg(value_enum)]
    service: Option<Service>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

impl Health {
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let Connection { addresses, output, traces, .. } = self.connection;
        // What is wrong is told, though nothing is sent.
        traces.check()?;
        let asked = self.service.map_or(Service::ALL.to_vec(), |service| vec![service]);
        let mut states = Vec::with_capacity(asked.len());
        for service in asked {
            let problem = match service.check(service.address(&addresses)).await {
                Ok(Serving::Yes) => None,
                Ok(Serving::No) => Some("it is starting or stopping".to_owned()),
                Err(error @ ClientError::Address { .. }) => return Err(error.into()),
                Err(error) => Some(error.to_string()),
            };
            let service = service.name();
            states.push(State { service, serving: problem.is_none(), problem });
        }
        let down: Vec<_> = states.iter().filter(|s| !s.serving).map(|s| s.service).collect();
        output.print(&States(states))?;
        if down.is_empty() { Ok(()) } else { Err(CliError::NotServing(down)) }
    }
}

/// One line of the answer.
#[derive(Serialize)]
struct State {
    service: &'static str,
    serving: bool,
    problem: Option<String>,
}

#[derive(Serialize)]
#[serde(transparent)]
struct States(Vec<State>);

impl Answer for States {
    fn table(&self) -> String {
        let row = |state: &State| {
            let serving = if state.serving { "serving" } else { "not serving" };
            let problem = state.problem.clone().unwrap_or_default();
            [state.service.to_owned(), serving.to_owned(), problem]
        };
        table(["SERVICE", "STATE", "PROBLEM"], self.0.iter().map(row).collect())
    }
}
