//! Follows the registry and loads what its aliases point to.

use std::{collections::HashMap, future::Future, pin::pin, sync::Arc};

use futures::{StreamExt, stream::BoxStream};
use millwright_client::{Backoff, ClientError, ModelEvent, RetryPolicy, Revised};
use millwright_domain::{Code, Fault, Model, ModelName, ModelRef, Selector};
use tokio::{sync::watch, task::JoinSet, time::sleep};
use tracing::{info, warn};

use crate::{
    Instruments,
    catalog::{Catalog, Problem, Wanted},
    efforts::Efforts,
    index::Target,
    load::Dock,
    model::ServedModel,
    readiness::Readiness,
    strikes::MOST_STRIKES,
};

/// Keeps the catalog as the registry says it should be.
pub(crate) struct Loader {
    dock: Dock,
    catalog: Catalog,
    readiness: Readiness,
    tasks: JoinSet<Ended>,
    /// Of the models of which a version is to be loaded.
    efforts: HashMap<ModelName, Efforts>,
    /// The revision up to which the catalog has heard, for the keeper.
    heard: watch::Sender<Option<u64>>,
    is_away: bool,
}

/// A task of the loader that has ended.
enum Ended {
    Load(Wanted, Result<Arc<ServedModel>, Problem>),
    /// Whether the kernel of the version has panicked too often; otherwise it is served no more.
    Trial(Wanted, bool),
    /// What the registry says that a version is; `None`: it is gone.
    Inquiry(Wanted, Option<Target>),
}

impl Loader {
    pub(crate) fn new(
        dock: Dock,
        catalog: Catalog,
        readiness: Readiness,
        heard: watch::Sender<Option<u64>>,
    ) -> Self {
        let (tasks, efforts) = (JoinSet::new(), HashMap::new());
        Self { dock, catalog, readiness, tasks, efforts, heard, is_away: false }
    }

    /// Loads what is known, then follows the registry until it is told to `stop`; when the registry
    /// is away, what is loaded goes on serving.
    pub(crate) async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::select! {
            // First: that a registry is away which stops at the same time is no news.
            biased;
            () = stop => {}
            () = self.follow_registry() => {}
        }
        // Whoever waits for the end may open the folder then.
        self.tasks.shutdown().await;
    }

    async fn follow_registry(&mut self) {
        self.load_missing().await;
        let mut backoff = Backoff::new(RetryPolicy::PATIENT);
        loop {
            let (dock, revision) = (self.dock.clone(), *self.heard.borrow());
            let watch = async {
                match revision {
                    Some(revision) => dock.registry.watch_from(revision).await,
                    None => dock.registry.watch().await,
                }
            };
            let lost = match self.meanwhile(watch).await {
                Ok(events) => {
                    self.reached();
                    self.follow(events, &mut backoff).await
                }
                Err(error) => Some(error),
            };
            self.lost(lost);
            let Some(wait) = backoff.next_wait(None) else { return };
            self.meanwhile(sleep(wait)).await;
        }
    }

    fn instruments(&self) -> &Instruments {
        &self.dock.workshop.instruments
    }

    /// Tells once that the registry is there again.
    fn reached(&mut self) {
        self.instruments().registry_connected(true);
        if std::mem::take(&mut self.is_away) {
            info!("the registry is there again");
        }
        self.dock.hurry();
    }

    /// Tells once that the registry is away, not at every try.
    fn lost(&mut self, error: Option<ClientError>) {
        self.instruments().registry_connected(false);
        let Some(error) = error else { return };
        if !std::mem::replace(&mut self.is_away, true) {
            warn!(%error, "the registry is away: what is loaded is served");
        }
    }

    /// Waits, and takes up what ends meanwhile.
    async fn meanwhile<T>(&mut self, waiting: impl Future<Output = T>) -> T {
        let mut waiting = pin!(waiting);
        loop {
            tokio::select! {
                outcome = &mut waiting => return outcome,
                Some(ended) = self.tasks.join_next() => {
                    // A load that was aborted is no longer wanted.
                    if let Ok(ended) = ended {
                        self.take_up(ended).await;
                    }
                }
                () = self.catalog.wished() => {
                    self.dock.hurry();
                    self.write_down();
                    self.load_missing().await;
                }
            }
        }
    }

    /// Follows one watch to its end; says what it ended with, unless the registry ended it.
    async fn follow(
        &mut self,
        mut events: BoxStream<'static, Result<Revised, ClientError>>,
        backoff: &mut Backoff,
    ) -> Option<ClientError> {
        let mut parts = Vec::new();
        while let Some(told) = self.meanwhile(events.next()).await {
            match told {
                Ok(revised) => self.take(revised, &mut parts).await,
                Err(error) => return Some(error),
            }
            *backoff = Backoff::new(RetryPolicy::PATIENT);
        }
        None
    }

    /// Takes one event; `parts` holds the snapshot until it is complete.
    async fn take(&mut self, Revised { revision, event }: Revised, parts: &mut Vec<Model>) {
        let catalog = &self.catalog;
        let model = match event {
            ModelEvent::VersionCreated(version) => {
                catalog.created(&version.model, version.version);
                return self.note(revision);
            }
            ModelEvent::TagsChanged { .. } => return self.note(revision),
            ModelEvent::Snapshot { models, complete } => {
                parts.extend(models);
                if complete {
                    self.replace(revision, std::mem::take(parts)).await;
                }
                return;
            }
            ModelEvent::AliasMoved { model, alias } => {
                catalog.moved(&model, alias);
                model
            }
            ModelEvent::AliasDeleted { model, alias } => {
                catalog.unaliased(&model, &alias);
                model
            }
            ModelEvent::VersionDeleted { model, version } => {
                catalog.deleted(&model, version);
                model
            }
            ModelEvent::ModelDeleted { model } => {
                catalog.forget(&model);
                model
            }
        };
        self.heard.send_replace(Some(revision));
        self.follow_up(&model).await;
    }

    /// Takes all that the registry has.
    async fn replace(&mut self, revision: u64, models: Vec<Model>) {
        self.catalog.replace(models);
        // A snapshot holds aliases, and not all versions.
        self.catalog.asked().into_iter().for_each(|wanted| self.inquire(wanted));
        self.heard.send_replace(Some(revision));
        self.load_missing().await;
    }

    /// Takes note of an event that changes no alias: not worth an index of its own.
    fn note(&self, revision: u64) {
        self.heard.send_if_modified(|heard| {
            *heard = Some(revision);
            false
        });
    }

    /// Begins the loads that are wanted of all models, and ends those that no longer are.
    async fn load_missing(&mut self) {
        let mut names = self.catalog.names();
        names.extend(self.efforts.keys().cloned());
        names.iter().for_each(|name| self.load_missing_of(name));
        self.readiness.report(&self.catalog).await;
    }

    /// The same of one model: where there are thousands, nobody looks at all for the sake of one.
    async fn follow_up(&mut self, name: &ModelName) {
        self.load_missing_of(name);
        self.readiness.report_of(&self.catalog, name).await;
        self.readiness.report_services(&self.catalog).await;
    }

    fn load_missing_of(&mut self, name: &ModelName) {
        let missing = self.catalog.missing(name);
        if missing.is_empty() {
            // What is under way is aborted as it is dropped.
            self.efforts.remove(name);
            return;
        }
        let efforts = self.efforts.entry(name.clone()).or_default();
        efforts.retain(&missing);
        for wanted in missing {
            if efforts.is_under_way(&wanted) {
                continue;
            }
            let load = self.dock.clone().load(wanted.clone(), efforts.pause(&wanted));
            let identity = wanted.clone();
            let task = async { Ended::Load(identity, load.await) };
            efforts.begin(wanted, self.tasks.spawn_on(task, self.dock.tasks()));
        }
    }

    async fn take_up(&mut self, ended: Ended) {
        let name = match ended {
            Ended::Load(wanted, outcome) => {
                if let Some(efforts) = self.efforts.get_mut(&wanted.name) {
                    efforts.end(&wanted);
                }
                match outcome {
                    Ok(model) => self.serve(wanted, &model),
                    Err(problem) => self.fail(wanted, &problem),
                }
            }
            Ended::Trial(wanted, true) => {
                let problem = format!("its kernel has panicked {MOST_STRIKES} times");
                self.fail(wanted, &Problem::Lasting(problem))
            }
            Ended::Trial(_, false) => return,
            Ended::Inquiry(wanted, target) => {
                self.learn(&wanted, target);
                self.write_down();
                wanted.name
            }
        };
        self.follow_up(&name).await;
    }

    /// Has the keeper write down what the catalog knows.
    fn write_down(&self) {
        self.heard.send_modify(|_| ());
    }

    /// Asks the registry what a version is that somebody asked for.
    fn inquire(&mut self, wanted: Wanted) {
        let registry = self.dock.registry.clone();
        let Wanted { name, target } = &wanted;
        let reference =
            ModelRef { name: name.clone(), selector: Selector::Version(target.version) };
        self.tasks.spawn(async move {
            let target = match registry.version(&reference).await {
                Ok(found) => Some(Target { version: found.version, artifact: found.artifact }),
                Err(error) if error.code() == Code::NotFound => None,
                // Nothing was learned.
                Err(_) => Some(wanted.target.clone()),
            };
            Ended::Inquiry(wanted, target)
        });
    }

    fn learn(&self, wanted: &Wanted, target: Option<Target>) {
        let (name, version) = (&wanted.name, wanted.target.version);
        match target {
            None => self.catalog.deleted(name, version),
            Some(target) => self.catalog.renew(name, target),
        }
    }

    /// Lets `model` answer; gives its name.
    fn serve(&mut self, wanted: Wanted, model: &Arc<ServedModel>) -> ModelName {
        let Wanted { name, target } = wanted.clone();
        info!(%name, version = %target.version, digest = %target.artifact.digest, "serving");
        let condemned = model.batcher.condemned();
        if self.catalog.serve(model) {
            self.write_down();
        }
        self.tasks.spawn(async { Ended::Trial(wanted, condemned.await) });
        name
    }

    /// Takes note of why a version does not answer; gives the name of its model.
    fn fail(&mut self, wanted: Wanted, problem: &Problem) -> ModelName {
        let Wanted { name, target } = &wanted;
        let version = target.version;
        match problem {
            Problem::Lasting(problem) => {
                warn!(%name, %version, problem, "quarantined until its alias is moved, or it is asked for again");
                self.instruments().quarantined();
            }
            Problem::Passing(problem) => {
                self.instruments().load_failed();
                let efforts = self.efforts.get(&wanted.name);
                if !efforts.is_some_and(|efforts| efforts.has_failed(&wanted)) {
                    warn!(%name, %version, problem, "cannot be served yet: tried again");
                }
            }
        }
        if self.catalog.fail(&wanted, problem) {
            self.write_down();
        }
        if matches!(problem, Problem::Passing(_)) && self.catalog.is_asked(&wanted) {
            self.inquire(wanted.clone());
        }
        let name = wanted.name.clone();
        self.efforts.entry(name.clone()).or_default().fail(wanted);
        name
    }
}
