//! Following all models: a snapshot, or where a caller was; then each change once and in order.
//!
//! Changes are read from the recorded events one at a time, when the caller has taken the last: a
//! slow caller falls behind in the table and not in memory.

use std::sync::Arc;

use futures::{Stream, StreamExt, TryStreamExt, future, stream, stream::BoxStream};
use millwright_domain::Version;
use millwright_proto::registry::{
    AliasDeleted, AliasMoved, ModelDeleted, TagsChanged, VersionDeleted, WatchModelsResponse,
    watch_models_response::Event,
};
use millwright_store::{Committed, Fact, RegistryStore};
use millwright_wire::ToWire;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{error::RegistryError, ledger::Ledger, snapshot};

/// Changes that one watch holds: a version with its labels may be as large as a message.
const CHANGES: u32 = 1;

type Told = BoxStream<'static, Result<WatchModelsResponse, RegistryError>>;

/// The state now, or nothing of what was so at revision `after`; then what changes it, until `stop`.
pub(crate) async fn follow(
    ledger: &Ledger,
    after: Option<u64>,
    stop: CancellationToken,
) -> Result<Told, RegistryError> {
    let latest = ledger.latest();
    let store = ledger.store().clone();
    match after {
        Some(told) if told > store.revision().await? => Err(RegistryError::Ahead(told)),
        Some(told) => Ok(Changes { store, latest, stop, told }.stream().boxed()),
        None => {
            let snapshot = store.snapshot().await?;
            let changes = Changes { store, latest, stop, told: snapshot.revision };
            Ok(snapshot::parts(snapshot).chain(changes.stream()).boxed())
        }
    }
}

/// The changes after those that were told.
struct Changes {
    store: Arc<dyn RegistryStore>,
    latest: watch::Receiver<u64>,
    stop: CancellationToken,
    told: u64,
}

impl Changes {
    fn stream(self) -> impl Stream<Item = Result<WatchModelsResponse, RegistryError>> {
        let changes = stream::try_unfold(self, |mut changes| async move {
            let change = changes.next().await?;
            Ok::<_, RegistryError>(Some((change, changes)))
        });
        changes.try_filter_map(|change| future::ok(change.and_then(told)))
    }

    async fn next(&mut self) -> Result<Option<Committed>, RegistryError> {
        let told = self.told;
        tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(RegistryError::Stopping),
            news = self.latest.wait_for(|latest| *latest > told) => {
                news.map_err(|_| RegistryError::Stopping)?;
            }
        }
        let change = self.store.events_after(told, CHANGES).await?.pop();
        self.told = change.as_ref().map_or(told, |change| change.revision);
        Ok(change)
    }
}

/// What a watch tells of a change; an artifact alone belongs to no model.
fn told(change: Committed) -> Option<WatchModelsResponse> {
    let event = match change.fact {
        Fact::ArtifactStored(_) | Fact::ArtifactDropped(_) => return None,
        Fact::VersionCreated(version) => Event::VersionCreated(version.to_wire()),
        Fact::VersionDeleted { model, version } => {
            let (model, version) = (model.to_string(), version.get());
            Event::VersionDeleted(VersionDeleted { model, version })
        }
        Fact::ModelDeleted(name) => Event::ModelDeleted(ModelDeleted { model: name.to_string() }),
        Fact::AliasMoved { model, alias } => {
            let (model, alias) = (model.to_string(), Some(alias.to_wire()));
            Event::AliasMoved(AliasMoved { model, alias })
        }
        Fact::AliasDeleted { model, alias } => {
            let (model, alias) = (model.to_string(), alias.to_string());
            Event::AliasDeleted(AliasDeleted { model, alias })
        }
        Fact::TagsChanged { model, version, tags } => Event::TagsChanged(TagsChanged {
            model: model.to_string(),
            version: version.map_or(0, Version::get),
            tags: tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
        }),
    };
    Some(WatchModelsResponse { revision: change.revision, event: Some(event) })
}
