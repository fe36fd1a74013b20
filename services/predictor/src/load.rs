//! Brings one version to where it can serve: from the cache, or else from the registry.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use millwright_chassis::{
    Step,
    background::{Background, in_background},
};
use millwright_client::{ClientError, RegistryClient, RetryPolicy};
use millwright_domain::{Artifact, Fault};
use millwright_ml::ArtifactError;
use tokio::{
    runtime::Handle,
    sync::{Notify, Semaphore},
    time::sleep,
};

use crate::{
    ServeError,
    cache::{Cache, Content, is_held},
    catalog::{Problem, Wanted},
    model::{ServedModel, Workshop},
    telemetry::LoadStep,
};

/// Artifacts that are fetched and checked at the same time.
const LOADS: usize = 2;

/// What loads need, and where they run: nobody who is served waits for them. Clones share it.
#[derive(Clone)]
pub(crate) struct Dock {
    pub(crate) registry: RegistryClient,
    pub(crate) cache: Cache,
    pub(crate) workshop: Workshop,
    background: Arc<Background>,
    places: Arc<Semaphore>,
    reached: Arc<Notify>,
}

impl Dock {
    /// Starts the thread of loads, which connects to `registry` when it is first used.
    ///
    /// # Errors
    /// [`ServeError::Thread`]; [`ServeError::Registry`] if the address cannot be used.
    pub(crate) fn new(
        registry: &str,
        cache: Cache,
        workshop: Workshop,
    ) -> Result<Self, ServeError> {
        let background = Background::start("loads").map_err(ServeError::Thread)?;
        // The connection is a task too: half a gigabyte that comes in holds up no answer.
        let registry = background.within(|| RegistryClient::connect_lazy(registry))?;
        // A load that fails is tried again by the loader, which can tell what is the matter meanwhile.
        let registry = registry.with_retry(RetryPolicy::NEVER);
        let (places, reached) = (Arc::new(Semaphore::new(LOADS)), Arc::new(Notify::new()));
        Ok(Self { registry, cache, workshop, background: Arc::new(background), places, reached })
    }

    /// Where loads are started.
    pub(crate) fn tasks(&self) -> &Handle {
        self.background.tasks()
    }

    /// Lets loads that wait for another try begin it: the registry is there again.
    pub(crate) fn hurry(&self) {
        self.reached.notify_waiters();
    }

    /// Loads a version after `pause`, or as soon as the registry is there again.
    pub(crate) async fn load(
        self,
        wanted: Wanted,
        pause: Duration,
    ) -> Result<Arc<ServedModel>, Problem> {
        tokio::select! {
            () = sleep(pause) => {}
            () = self.reached.notified() => {}
        }
        let Ok(_place) = self.places.acquire().await else {
            return Err(Problem::Passing("the predictor is stopping".to_owned()));
        };
        let step = Step::begin("load");
        step.note("millwright.model", wanted.name.to_string());
        step.note("millwright.version", wanted.target.version.to_string());
        let loaded = step.run(self.bring(wanted)).await;
        loaded.inspect_err(|problem| step.failed(kind(problem)))
    }

    async fn bring(&self, wanted: Wanted) -> Result<Arc<ServedModel>, Problem> {
        let content = self.content(&wanted).await?;
        let (workshop, began) = (self.workshop.clone(), Instant::now());
        let _step = Step::begin("open");
        // Checking is work for a thread of its own: other loads come in meanwhile.
        let opened = in_background("load", move || workshop.open(wanted, &content)).await;
        match opened.map_err(|error| Problem::Passing(format!("no thread checks it: {error}")))? {
            Some(Ok(model)) => {
                self.workshop.instruments.loaded(LoadStep::Open, began.elapsed());
                Ok(Arc::new(model))
            }
            Some(Err(error @ ArtifactError::Io(_))) => Err(passing(error)),
            Some(Err(error)) => Err(Problem::Lasting(error.to_string())),
            None => Err(Problem::Lasting("the artifact made the loader panic".to_owned())),
        }
    }

    /// The bytes of the artifact, whose digest was checked.
    async fn content(&self, wanted: &Wanted) -> Result<Content, Problem> {
        let artifact = &wanted.target.artifact;
        let (began, step) = (Instant::now(), Step::begin("read"));
        let kept = self.cache.read(artifact).await;
        drop(step);
        if let Some(content) = kept {
            self.workshop.instruments.loaded(LoadStep::Read, began.elapsed());
            return Ok(content);
        }
        let (began, step) = (Instant::now(), Step::begin("download"));
        let content = match is_held(artifact) {
            true => step.run(self.download(artifact)).await?,
            false => step.run(self.fetch(artifact)).await?,
        };
        self.workshop.instruments.loaded(LoadStep::Download, began.elapsed());
        Ok(content)
    }

    async fn download(&self, artifact: &Artifact) -> Result<Content, Problem> {
        let bytes = self.registry.download_artifact(artifact).await.map_err(passing)?;
        self.cache.keep(artifact, bytes.clone()).await;
        Ok(Content::Held(bytes))
    }

    /// Downloads an artifact into the cache, which must keep it, since memory shall not hold it. What
    /// is cut off goes on the next time.
    async fn fetch(&self, artifact: &Artifact) -> Result<Content, Problem> {
        let (mut upload, offset) = self.cache.begin(artifact).await.map_err(passing)?;
        let chunks = self.registry.stream_artifact_from(artifact, offset).await;
        let mut chunks = chunks.map_err(passing)?;
        let mut left = artifact.size_bytes - offset;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(passing)?;
            let rest = left.checked_sub(chunk.len() as u64);
            left = rest.ok_or_else(|| damaged("it is longer than it should be"))?;
            upload.write(chunk).await.map_err(passing)?;
        }
        if left > 0 {
            return Err(damaged("it is shorter than it should be"));
        }
        upload.commit_as(artifact.digest).await.map_err(passing)?;
        let kept = self.cache.read(artifact).await;
        kept.ok_or_else(|| damaged("it was not kept as it came"))
    }
}

/// What a trace tells of it.
fn kind(problem: &Problem) -> &'static str {
    match problem {
        Problem::Passing(_) => "UNAVAILABLE",
        Problem::Lasting(_) => "DATA_LOSS",
    }
}

fn passing(error: impl Fault) -> Problem {
    Problem::Passing(format!("{error} ({:?})", error.code()))
}

fn damaged(problem: &'static str) -> Problem {
    passing(ClientError::Damaged { problem })
}

#[cfg(test)]
mod tests {
    use opentelemetry::global::meter;

    use super::*;
    use crate::{BatchPolicy, Compute, Instruments};

    #[tokio::test]
    async fn the_connection_to_the_registry_is_none_of_the_runtime_that_serves() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::open(folder.path()).await.expect("a cache");
        let (policy, serving) = (BatchPolicy::default(), Handle::current());
        let compute = Compute::new(1).expect("a thread");
        let instruments = Instruments::new(&meter("test"));
        let workshop = Workshop { policy, compute, instruments, serving: serving.clone() };
        let before = serving.metrics().num_alive_tasks();
        let dock = Dock::new("127.0.0.1:7401", cache, workshop).expect("an address");
        assert!(dock.tasks().metrics().num_alive_tasks() > 0);
        assert_eq!(serving.metrics().num_alive_tasks(), before);
    }
}
