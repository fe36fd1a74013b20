//! From the start of a process to its first answer.

use std::time::{Duration, Instant};

use millwright_proto::inference::{
    ModelInferRequest, grpc_inference_service_client::GrpcInferenceServiceClient,
    model_infer_request::InferInputTensor,
};
use tonic::transport::Endpoint;

use crate::{Args, Failure, plant::Plant, wait::wait_for};

/// How long a model may take to be there.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts the predictor some times on its local cache; a sentence with what became of it.
pub(crate) fn measure(args: &Args) -> Result<String, Failure> {
    let (plant, n) = (Plant::trained(&args.data)?, args.starts.get());
    let mut took = Vec::with_capacity(n);
    let mut resident = 0.0;
    for _ in 0..n {
        let begun = Instant::now();
        let server = plant.predictor(&[])?;
        wait_for(answered(server.address.to_string()))??;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        resident = server.process.resident_kb()?;
    }
    took.sort_by(f64::total_cmp);
    let binary = plant.millwright().metadata()?.len() as f64;
    Ok(format!(
        "Start of the predictor's process to its first answer from the local cache, {n} times: \
         {:.0} ms at the median, {:.0} at most (bar: 50). Memory then: {:.1} MB resident (bar: 25). \
         The binary: {:.1} MB (bar: 20).\n",
        took[n / 2],
        took[n - 1],
        resident * 1024.0 / 1e6,
        binary / 1e6,
    ))
}

/// Asks until there is an answer.
async fn answered(address: String) -> Result<(), Failure> {
    let begun = Instant::now();
    let invalid = |error: tonic::transport::Error| Failure::Program(error.to_string());
    let channel = Endpoint::from_shared(format!("http://{address}")).map_err(invalid)?;
    let mut client = GrpcInferenceServiceClient::new(channel.connect().await.map_err(invalid)?);
    loop {
        match client.model_infer(one_row()).await {
            Ok(_) => return Ok(()),
            Err(status) if begun.elapsed() > PATIENCE => return Err(Box::new(status).into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

fn one_row() -> ModelInferRequest {
    let features = InferInputTensor {
        name: "features".to_owned(),
        datatype: "FP32".to_owned(),
        shape: vec![1, 64],
        ..InferInputTensor::default()
    };
    ModelInferRequest {
        model_name: "digits".to_owned(),
        inputs: vec![features],
        raw_input_contents: vec![vec![0; 64 * 4].into()],
        ..ModelInferRequest::default()
    }
}
