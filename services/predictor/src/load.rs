//! Brings one version to where it can serve: from the cache, or else from the registry.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use millwright_chassis::{Step, background::in_background};
use millwright_client::{ClientError, RegistryClient};
use millwright_domain::{Artifact, Fault};
use millwright_ml::ArtifactError;
use tokio::{
    sync::{Notify, Semaphore},
    time::sleep,
};

use crate::{
    cache::{Cache, Content, is_held},
    catalog::{Problem, Wanted},
    model::{ServedModel, Workshop},
    telemetry::LoadStep,
};

/// Artifacts that are fetched and checked at the same time.
const LOADS: usize = 2;

/// What loads need. Clones share it.
#[derive(Clone)]
pub(crate) struct Dock {
    pub(crate) registry: RegistryClient,
    pub(crate) cache: Cache,
    pub(crate) workshop: Workshop,
    places: Arc<Semaphore>,
    reached: Arc<Notify>,
}

impl Dock {
    pub(crate) fn new(registry: RegistryClient, cache: Cache, workshop: Workshop) -> Self {
        let (places, reached) = (Arc::new(Semaphore::new(LOADS)), Arc::new(Notify::new()));
        Self { registry, cache, workshop, places, reached }
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
        // Checking is work for a thread of its own: nobody who is served waits for it.
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
