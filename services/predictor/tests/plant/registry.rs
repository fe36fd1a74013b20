//! A registry that can go away, forget and hand out damaged bytes: three of its RPCs, on the wire.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    future::Future,
    sync::{Arc, Mutex, MutexGuard},
    time::SystemTime,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use millwright_domain::Digest;
use millwright_ml::{FittedPipeline, MEDIA_TYPE, PipelineParts};
use millwright_proto::registry::{
    Alias, AliasDeleted, AliasMoved, Artifact, DownloadArtifactRequest, DownloadArtifactResponse,
    GetModelVersionRequest, GetModelVersionResponse, Model, ModelDeleted, ModelVersion, Snapshot,
    VersionDeleted, WatchModelsRequest, WatchModelsResponse, watch_models_response::Event,
};
use tokio::{net::TcpListener, runtime::Runtime, sync::watch, task::yield_now};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Request, Response, Status, Streaming, codegen::http, server::Grpc, service::Routes,
    transport::Server,
};
use tonic_prost::ProstCodec;
use tower::service_fn;

use crate::version::version;

const WATCH: &str = "/millwright.registry.v1.RegistryService/WatchModels";
const VERSION: &str = "/millwright.registry.v1.RegistryService/GetModelVersion";
const DOWNLOAD: &str = "/millwright.registry.v1.RegistryService/DownloadArtifact";

/// Most bytes of a message.
const CHUNK: usize = 1 << 20;

type Answers<A> = BoxStream<'static, Result<A, Status>>;

/// A registry on a port of its own.
pub(crate) struct Registry {
    pub(crate) address: String,
    books: Arc<Mutex<Books>>,
    changed: watch::Sender<usize>,
    runtime: Option<Runtime>,
}

/// What it knows, and what it was asked.
#[derive(Default)]
pub(crate) struct Books {
    events: Vec<WatchModelsResponse>,
    models: BTreeMap<String, Model>,
    /// By reference, `press@1`.
    versions: BTreeMap<String, ModelVersion>,
    artifacts: HashMap<String, Bytes>,
    /// Digests, in the order in which they were asked for.
    pub(crate) downloads: Vec<String>,
    /// Bytes after which each of these began.
    pub(crate) offsets: Vec<u64>,
    /// Bytes after which the next download breaks off.
    pub(crate) cut: Option<usize>,
    /// Revisions after which watches began.
    pub(crate) watches: Vec<Option<u64>>,
}

impl Registry {
    pub(crate) async fn start() -> Self {
        let mut registry = Self {
            address: "127.0.0.1:0".to_owned(),
            books: Arc::default(),
            changed: watch::Sender::new(0),
            runtime: None,
        };
        registry.come_back().await;
        registry
    }

    /// Ends every connection where it stands.
    pub(crate) fn go_away(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Listens again, where it did before.
    pub(crate) async fn come_back(&mut self) {
        // The port may be taken for a moment still.
        let listener = loop {
            match TcpListener::bind(&self.address).await {
                Ok(listener) => break listener.into_std().expect("a socket"),
                Err(_) => yield_now().await,
            }
        };
        self.address = listener.local_addr().expect("bound").to_string();
        let runtime = Runtime::new().expect("a runtime");
        let routes = self.routes();
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a socket");
            let server = Server::builder().add_routes(routes);
            server.serve_with_incoming(TcpListenerStream::new(listener)).await
        });
        self.runtime = Some(runtime);
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("nobody panics under this lock")
    }

    /// Keeps `bytes` and names them.
    pub(crate) fn keep(&self, bytes: impl Into<Bytes>) -> Artifact {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes).to_string();
        let size_bytes = bytes.len() as u64;
        self.books().artifacts.insert(digest.clone(), bytes);
        Artifact { digest, size_bytes, media_type: MEDIA_TYPE.to_owned() }
    }

    /// Hands out other bytes in the place of `artifact`, or the right ones again.
    pub(crate) fn replace(&self, artifact: &Artifact, bytes: Bytes) -> Bytes {
        let before = self.books().artifacts.insert(artifact.digest.clone(), bytes);
        before.expect("it was kept")
    }

    /// Registers a version of `model`, to which no alias points.
    pub(crate) fn register(&self, model: &str, (number, artifact): (u64, &Artifact)) {
        let version = version(model, number, artifact);
        let mut books = self.books();
        books.versions.insert(format!("{model}@{number}"), version.clone());
        let entry = books.model(model);
        entry.latest_version = entry.latest_version.max(number);
        drop(books);
        self.tell(Event::VersionCreated(version));
    }

    pub(crate) fn delete_version(&self, model: &str, version: u64) {
        self.books().versions.remove(&format!("{model}@{version}"));
        self.tell(Event::VersionDeleted(VersionDeleted { model: model.to_owned(), version }));
    }

    /// Points `alias` of `model` at a version.
    pub(crate) fn point(&self, model: &str, alias: &str, (version, artifact): (u64, &Artifact)) {
        let artifact = Some(artifact.clone());
        let alias = Alias {
            name: alias.to_owned(),
            version,
            artifact,
            updated_at: Some(SystemTime::UNIX_EPOCH.into()),
        };
        let mut books = self.books();
        let entry = books.model(model);
        entry.latest_version = entry.latest_version.max(version);
        entry.aliases.retain(|other| other.name != alias.name);
        entry.aliases.push(alias.clone());
        drop(books);
        self.tell(Event::AliasMoved(AliasMoved { model: model.to_owned(), alias: Some(alias) }));
    }

    pub(crate) fn delete_alias(&self, model: &str, alias: &str) {
        let mut books = self.books();
        let entry = books.models.get_mut(model).expect("a model");
        entry.aliases.retain(|other| other.name != alias);
        drop(books);
        let (model, alias) = (model.to_owned(), alias.to_owned());
        self.tell(Event::AliasDeleted(AliasDeleted { model, alias }));
    }

    pub(crate) fn delete_model(&self, model: &str) {
        self.books().models.remove(model);
        self.tell(Event::ModelDeleted(ModelDeleted { model: model.to_owned() }));
    }

    /// Becomes what it was before anything was registered.
    pub(crate) fn forget(&self) {
        *self.books() = Books::default();
    }

    fn tell(&self, event: Event) {
        let mut books = self.books();
        let revision = books.events.len() as u64 + 1;
        books.events.push(WatchModelsResponse { revision, event: Some(event) });
        drop(books);
        self.changed.send_modify(|n| *n += 1);
    }

    fn routes(&self) -> Routes {
        let (books, changed) = (self.books.clone(), self.changed.clone());
        let watch = rpc(move |request: WatchModelsRequest| {
            follow(&books, changed.subscribe(), request.after_revision)
        });
        let books = self.books.clone();
        let download = rpc(move |request: DownloadArtifactRequest| {
            let mut books = books.lock().expect("nobody panics under this lock");
            books.downloads.push(request.digest.clone());
            books.offsets.push(request.offset);
            let bytes = books.artifacts.get(&request.digest).cloned();
            let bytes = bytes.ok_or_else(|| Status::not_found("no such artifact"))?;
            Ok(chunks(bytes.slice(request.offset as usize..), books.cut.take()))
        });
        let books = self.books.clone();
        let describe = rpc(move |request: GetModelVersionRequest| {
            let books = books.lock().expect("nobody panics under this lock");
            let version = books.versions.get(&request.model_ref).cloned();
            let version = Some(version.ok_or_else(|| Status::not_found("no such version"))?);
            Ok(stream::iter([Ok(GetModelVersionResponse { version })]).boxed())
        });
        let router = Router::new().route_service(WATCH, watch).route_service(VERSION, describe);
        Routes::from(router.route_service(DOWNLOAD, download))
    }
}

impl Books {
    /// The entry of a model, which is new where there was none.
    fn model(&mut self, name: &str) -> &mut Model {
        self.models.entry(name.to_owned()).or_insert_with(|| Model {
            name: name.to_owned(),
            created_at: Some(SystemTime::UNIX_EPOCH.into()),
            ..Model::default()
        })
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // A runtime that is dropped where others run would wait.
        self.go_away();
    }
}

/// All of `bytes`, or as many as `cut` says and then an end amid them.
fn chunks(bytes: Bytes, cut: Option<usize>) -> Answers<DownloadArtifactResponse> {
    let end = cut.unwrap_or(bytes.len());
    let chunks = (0..end).step_by(CHUNK).map(move |at| bytes.slice(at..end.min(at + CHUNK)));
    let chunks = chunks.map(|chunk| Ok(DownloadArtifactResponse { chunk }));
    let broken = cut.map(|_| Err(Status::unavailable("it broke off")));
    stream::iter(chunks.chain(broken).collect::<Vec<_>>()).boxed()
}

/// A snapshot or the events after a revision, then each event as it comes.
fn follow(
    books: &Arc<Mutex<Books>>,
    changed: watch::Receiver<usize>,
    after: Option<u64>,
) -> Result<Answers<WatchModelsResponse>, Status> {
    let mut told = books.lock().expect("nobody panics under this lock");
    told.watches.push(after);
    let revision = told.events.len() as u64;
    if after.is_some_and(|after| after > revision) {
        return Err(Status::failed_precondition("not so far: ask without it"));
    }
    let models = told.models.values().cloned().collect();
    let snapshot = Event::Snapshot(Snapshot { models, complete: true });
    let snapshot = WatchModelsResponse { revision, event: Some(snapshot) };
    let first = stream::iter(after.is_none().then_some(Ok(snapshot)));
    let position = after.unwrap_or(revision) as usize;
    let state = (books.clone(), changed, position);
    let events = stream::unfold(state, |(books, mut changed, position)| async move {
        loop {
            let next = {
                changed.borrow_and_update();
                let books = books.lock().expect("nobody panics under this lock");
                books.events.get(position).cloned()
            };
            match next {
                Some(event) => return Some((Ok(event), (books, changed, position + 1))),
                None => changed.changed().await.ok()?,
            }
        }
    });
    Ok(first.chain(events).boxed())
}

/// One RPC that is asked with one message; on the wire, every RPC is a stream in both directions.
fn rpc<R, A>(
    answer: impl Fn(R) -> Result<Answers<A>, Status> + Clone + Send + Sync + 'static,
) -> impl tower::Service<
    http::Request<Body>,
    Response = http::Response<tonic::body::Body>,
    Error = Infallible,
    Future: Future<Output = Result<http::Response<tonic::body::Body>, Infallible>> + Send,
> + Clone
+ Send
+ Sync
+ 'static
where
    R: prost::Message + Default + 'static,
    A: prost::Message + Default + 'static,
{
    service_fn(move |request: http::Request<Body>| {
        let answer = answer.clone();
        async move {
            let answer = service_fn(move |request: Request<Streaming<R>>| {
                let answer = answer.clone();
                async move {
                    let message = request.into_inner().message().await?.unwrap_or_default();
                    answer(message).map(Response::new)
                }
            });
            let codec = ProstCodec::<A, R>::default();
            Ok(Grpc::new(codec).streaming(answer, request).await)
        }
    })
}

/// A small numeric pipeline of two columns and ten classes; each seed makes another.
pub(crate) fn pipeline(seed: u64) -> Vec<u8> {
    let pipeline = FittedPipeline::from_parts(PipelineParts::seeded(2, 10, seed));
    pipeline.expect("parts that fit").encode().expect("an artifact")
}
