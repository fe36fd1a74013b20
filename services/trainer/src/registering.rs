//! Makes a version of what was trained.

use bytes::Bytes;
use millwright_chassis::Step;
use millwright_client::{Backoff, ClientError, RegistryClient, RetryPolicy};
use millwright_domain::{Artifact, Code, Fault, Lineage, NewVersion, TrainingJob, Version};
use millwright_ml::{MEDIA_TYPE, Manifest, Trained};
use millwright_store::JobStore;
use tokio::time;

use crate::{failure::Failure, recording::recorded};

/// Uploads that may arrive damaged; after them it is not the way that damages the bytes.
const MOST_DAMAGED: u32 = 3;

/// Uploads the artifact and registers it under the job's id, however long the registry is away.
///
/// Between the two the job is sealed: until its bytes are there it can be called off, and from then
/// on its version may exist although nobody has said so.
///
/// # Errors
/// What the registry refuses for good; [`Failure::Store`] if the job was called off.
pub(crate) async fn register(
    registry: &RegistryClient,
    store: &dyn JobStore,
    job: &TrainingJob,
    trained: Trained,
) -> Result<Version, Failure> {
    let bytes = Bytes::from(trained.artifact);
    let upload = || registry.upload_artifact(MEDIA_TYPE, bytes.clone());
    let step = Step::begin("upload");
    step.note("millwright.artifact.size", i64::try_from(bytes.len()).unwrap_or(i64::MAX));
    let artifact = step.attempt(patiently(job, upload)).await?;
    drop(step);
    recorded(|| store.seal(&job.id)).await.map_err(Failure::Store)?;
    let new = version(job, &artifact, &trained.manifest);
    let create = || async {
        // Little is sent where the bytes still are, and the registry may have lost them meanwhile.
        upload().await?;
        registry.create_version(new.clone()).await
    };
    Ok(Step::begin("register").attempt(patiently(job, create)).await?.version)
}

/// Asks until the registry answers, or refuses for good.
async fn patiently<T, F>(job: &TrainingJob, ask: impl Fn() -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let (mut backoff, mut damaged) = (Backoff::new(RetryPolicy::PATIENT), 0);
    loop {
        match ask().await {
            Err(error) if may_pass(&error, damaged) => {
                damaged += u32::from(error.code() == Code::DataLoss);
                let wait = backoff.next_wait(error.retry_after());
                let wait = wait.unwrap_or(RetryPolicy::PATIENT.longest);
                tracing::warn!(job = %job.id, %error, "trained, waiting to register the version");
                time::sleep(wait).await;
            }
            outcome => return outcome,
        }
    }
}

/// Hours of training are not thrown away for a registry that is slow or was cut off for a while.
fn may_pass(error: &ClientError, damaged: u32) -> bool {
    match error.code() {
        // The job's id is the key of the call: what was done already is not done again.
        Code::DeadlineExceeded | Code::Cancelled => true,
        Code::DataLoss => damaged < MOST_DAMAGED,
        _ => error.may_pass(),
    }
}

/// The version that `job` makes of `artifact`.
fn version(job: &TrainingJob, artifact: &Artifact, manifest: &Manifest) -> NewVersion {
    let lineage = Lineage {
        dataset: manifest.dataset,
        spec: manifest.spec.clone(),
        job: job.id.clone(),
        library: manifest.library.clone(),
        summary: manifest.summary.clone(),
    };
    NewVersion {
        model: job.model.clone(),
        artifact: artifact.digest,
        signature: manifest.signature.clone(),
        classes: manifest.classes.clone(),
        evaluation: manifest.evaluation.clone(),
        lineage,
        idempotency_key: job.id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_may_pass_is_waited_for() {
        let second = Some(Duration::from_secs(1));
        for (code, retry_after, damaged, passes) in [
            (Code::Unavailable, None, 0, true),
            (Code::DeadlineExceeded, None, 0, true),
            (Code::ResourceExhausted, second, 0, true),
            (Code::ResourceExhausted, None, 0, false),
            (Code::DataLoss, None, MOST_DAMAGED - 1, true),
            (Code::DataLoss, None, MOST_DAMAGED, false),
            (Code::InvalidArgument, None, 0, false),
        ] {
            let message = String::new();
            let error = ClientError::Status { code, message, violation: None, retry_after };
            assert_eq!(may_pass(&error, damaged), passes, "{code:?} after {damaged}");
        }
    }
}
