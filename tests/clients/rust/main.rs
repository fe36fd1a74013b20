//! Predicts the rows of a file with predictors of a running Millwright, through its own client.
//!
//! `../README.md` says what it takes and prints.

mod parts;
mod table;

use std::{error::Error, fs, io, path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use millwright_client::{ClientError, PredictorClient};
use millwright_domain::{Fault, ModelRef};
use millwright_proto::{
    predictor::{PredictRequest, ServedModel},
    registry::ColumnSpec,
};
use tokio::time::timeout;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use table::Table;

/// What a call may take; the client itself gives up after 30 s.
const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Parser)]
struct Args {
    /// Predictors that serve the same models
    #[arg(long, value_delimiter = ',', required = true)]
    predictors: Vec<String>,
    /// `plant2.notes`, `plant2.notes@staging`, `plant2.notes@3`
    #[arg(long)]
    model: ModelRef,
    /// The rows: a CSV file without quotes
    #[arg(long, value_parser = table)]
    rows: Table,
    /// Where the labels are written
    #[arg(long)]
    out: Option<PathBuf>,
    /// A predictor with a short queue
    #[arg(long)]
    busy: Option<String>,
    /// An address that never answers
    #[arg(long)]
    silent: Option<String>,
    /// Certificates to trust, in PEM
    #[arg(long, requires = "name", value_parser = certificate)]
    ca: Option<Certificate>,
    /// The name in the predictors' certificates
    #[arg(long)]
    name: Option<String>,
}

fn table(path: &str) -> io::Result<Table> {
    fs::read_to_string(path).map(|csv| Table::parse(&csv))
}

fn certificate(path: &str) -> io::Result<Certificate> {
    fs::read(path).map(Certificate::from_pem)
}

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = run(Args::parse()).await else { return ExitCode::SUCCESS };
    match error.downcast_ref::<ClientError>() {
        Some(told) => eprintln!("error: {:?}: {told}", told.code()),
        None => eprintln!("error: {error}"),
    }
    ExitCode::FAILURE
}

async fn run(args: Args) -> Result<(), Box<dyn Error>> {
    // docs: begin
    // Each call goes to one of the predictors that has the fewest calls to answer.
    let endpoints = args.predictors.iter().map(|address| endpoint(address, &args));
    let endpoints = endpoints.collect::<Result<Vec<_>, _>>()?;
    let channel = Channel::balance_list(endpoints.into_iter());
    let predictor = PredictorClient::over(channel, "predictors");
    let served = timeout(DEADLINE, predictor.served()).await??;
    let texts = text_columns(&served, args.model.name.as_str());
    let request = |begin, end| PredictRequest {
        model_ref: args.model.to_string(),
        columns: args.rows.columns(begin..end, &texts),
        ..Default::default()
    };
    let answer = timeout(DEADLINE, predictor.predict(request(0, 3))).await??;
    // docs: end
    println!("models: {}", parts::models(&served));
    println!("predicted: {}", parts::predicted(&answer));
    let labels = parts::streamed(&predictor, args.rows.len(), &request).await?;
    if let Some(out) = &args.out {
        fs::write(out, labels.iter().map(|label| format!("{label}\n")).collect::<String>())?;
    }
    println!("streamed: {} rows: {}; reopened by the client", labels.len(), parts::counts(&labels));
    let alone = args.predictors.iter().map(|address| to(address, &args));
    let alone = alone.collect::<Result<Vec<_>, _>>()?;
    let reached = parts::spread(&predictor, &request(0, 1), &alone).await?;
    println!("predictors: {reached} of {} answered", alone.len());
    if let Some(busy) = &args.busy {
        let retries = parts::overloaded(&to(busy, &args)?, &request(0, 5)).await?;
        println!("overloaded: 3 calls answered after {retries} retries");
    }
    if let Some(silent) = &args.silent {
        println!("deadline: {}", parts::deadline(&to(silent, &args)?, request(0, 1)).await?);
    }
    Ok(())
}

/// A client of one address.
fn to(address: &str, args: &Args) -> Result<PredictorClient, Box<dyn Error>> {
    Ok(PredictorClient::over(endpoint(address, args)?.connect_lazy(), address))
}

/// Over TLS, if there is whom to trust.
fn endpoint(address: &str, args: &Args) -> Result<Endpoint, Box<dyn Error>> {
    let (Some(ca), Some(name)) = (&args.ca, &args.name) else {
        return Ok(Endpoint::from_shared(format!("http://{address}"))?);
    };
    let tls = ClientTlsConfig::new().ca_certificate(ca.clone()).domain_name(name);
    Ok(Endpoint::from_shared(format!("https://{address}"))?.tls_config(tls)?)
}

/// The columns that the model takes as texts.
fn text_columns(served: &[ServedModel], model: &str) -> Vec<String> {
    let ours = |slot: &&ServedModel| slot.serving.as_ref().is_some_and(|it| it.model == model);
    let signature = served.iter().find(ours).and_then(|slot| slot.signature.as_ref());
    let inputs = signature.iter().flat_map(|signature| &signature.inputs);
    let names = |input: &ColumnSpec| match input.elements.is_empty() {
        true => vec![input.name.clone()],
        false => input.elements.clone(),
    };
    inputs.filter(|input| input.datatype == "BYTES").flat_map(names).collect()
}
