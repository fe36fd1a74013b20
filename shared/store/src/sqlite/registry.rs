//! The registry on SQLite.

use std::{path::Path, time::SystemTime};

use async_trait::async_trait;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use millwright_domain::{
    AliasMove, Artifact, Digest, Model, ModelName, ModelRef, ModelVersion, Page, PageSize,
    Principal, Selector, Tags, Version,
};
use sqlx::{Sqlite, SqliteConnection, Transaction, query, sqlite::SqliteRow};

use super::{
    Database, migrations,
    stored::{Stored, integer, json, micros},
};
use crate::{Change, Committed, RegistryStore, RegistryTotals, Snapshot, StoreError};
use change::Writing;

mod change;
mod deletion;
mod event;
mod records;
mod sql;
mod tagging;

/// Models, versions, aliases and events in one SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteRegistry {
    database: Database,
}

impl SqliteRegistry {
    /// Opens the database file at `path`, which is created where it is missing.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], [`StoreError::Damaged`] or [`StoreError::Database`].
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open(path, &migrations::registry()).await? })
    }
}

#[async_trait]
impl RegistryStore for SqliteRegistry {
    async fn commit(&self, who: &Principal, change: Change) -> Result<Committed, StoreError> {
        let mut transaction = self.database.write().await?;
        let revision = Writing::new(&mut transaction, who).make(change).await?;
        // Read back before it is committed: what cannot be read is never kept.
        let committed = event::event(&mut transaction, revision).await?;
        transaction.commit().await?;
        Ok(committed)
    }

    async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let mut state = self.database.read_long().await?;
        let revision = event::revision(&mut state).await?;
        let parts = stream::try_unfold(Some((state, None)), next_part);
        Ok(Snapshot { revision, parts: parts.boxed() })
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        event::revision(&mut *self.database.read().await?).await
    }

    async fn totals(&self) -> Result<RegistryTotals, StoreError> {
        let row = query(sql::TOTALS).fetch_one(&mut *self.database.read().await?).await?;
        let row = Stored(&row);
        Ok(RegistryTotals {
            models: row.number("models")?,
            versions: row.number("versions")?,
            artifacts: row.number("artifacts")?,
            artifact_bytes: row.number("artifact_bytes")?,
            told: row.number_if_set("told")?.unwrap_or(0),
        })
    }

    async fn events_after(&self, revision: u64, limit: u32) -> Result<Vec<Committed>, StoreError> {
        let mut database = self.database.read().await?;
        let rows = query(sql::EVENTS_AFTER).bind(integer(revision)).bind(limit);
        let rows = rows.fetch_all(&mut *database).await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            events.push(event::committed(&mut database, row).await?);
        }
        Ok(events)
    }

    async fn artifact(&self, digest: &Digest) -> Result<Artifact, StoreError> {
        let row = query(sql::ARTIFACT)
            .bind(digest.to_string())
            .fetch_optional(&mut *self.database.read().await?)
            .await?;
        let missing = || StoreError::NotFound { what: "artifact", name: digest.to_string() };
        let row = row.ok_or_else(missing)?;
        match Stored(&row).number_if_set("dropped")? {
            None => Stored(&row).artifact(),
            Some(_) => Err(missing()),
        }
    }

    async fn unneeded(&self, before: SystemTime, limit: u32) -> Result<Vec<Digest>, StoreError> {
        let rows = query(sql::UNNEEDED).bind(micros(before)).bind(limit);
        let rows = rows.fetch_all(&mut *self.database.read().await?).await?;
        rows.iter().map(|row| Stored(row).parsed("artifact")).collect()
    }

    async fn model(&self, name: &ModelName) -> Result<Model, StoreError> {
        records::model(&model_row(&mut *self.database.read().await?, name).await?)
    }

    async fn models(
        &self,
        tags: &Tags,
        after: Option<&ModelName>,
        size: PageSize,
    ) -> Result<Page<Model, ModelName>, StoreError> {
        let after = after.map_or("", ModelName::as_str);
        let mut state = self.database.read().await?;
        let rows = match tags.first_key_value() {
            None => query(sql::MODELS).bind(after).bind(more(size)),
            Some((key, value)) => query(sql::MODELS_OF_TAGS)
                .bind(key.as_str())
                .bind(value.to_string())
                .bind(after)
                .bind(json(tags))
                .bind(more(size)),
        };
        let rows = rows.fetch(&mut *state);
        page(rows, size, records::model, |model| model.name.clone()).await
    }

    async fn versions(
        &self,
        name: &ModelName,
        before: Option<Version>,
        size: PageSize,
    ) -> Result<Page<ModelVersion, Version>, StoreError> {
        let mut state = self.database.read_once().await?;
        model_row(&mut state, name).await?;
        let rows = query(sql::VERSIONS)
            .bind(name.as_str())
            .bind(before.map_or(i64::MAX, |version| integer(version.get())))
            .bind(more(size))
            .fetch(&mut *state);
        page(rows, size, records::version, |version| version.version).await
    }

    async fn version(&self, reference: &ModelRef) -> Result<ModelVersion, StoreError> {
        let mut state = self.database.read_once().await?;
        let number = match &reference.selector {
            Selector::Version(number) => *number,
            Selector::Alias(_) => pointed_to(&mut state, reference).await?,
        };
        let row = version_row(&mut state, &reference.name, number).await?;
        records::version(&row)
    }

    async fn alias_history(
        &self,
        name: &ModelName,
        before: Option<u64>,
        size: PageSize,
    ) -> Result<Page<AliasMove, u64>, StoreError> {
        let mut state = self.database.read_once().await?;
        model_row(&mut state, name).await?;
        let rows = query(sql::ALIAS_HISTORY)
            .bind(name.as_str())
            .bind(before.map_or(i64::MAX, integer))
            .bind(more(size))
            .fetch(&mut *state);
        page(rows, size, records::alias_move, |one| one.revision).await
    }
}

/// One row more than the page has says whether another page follows.
fn more(size: PageSize) -> u32 {
    size.get() + 1
}

/// What a page holds of `rows`: `size` entries at most, and fewer where they are large.
async fn page<T, Next>(
    mut rows: impl Stream<Item = sqlx::Result<SqliteRow>> + Unpin,
    size: PageSize,
    read: impl Fn(&SqliteRow) -> Result<T, StoreError>,
    key: impl Fn(&T) -> Next,
) -> Result<Page<T, Next>, StoreError> {
    /// Of text; far below the largest message.
    const MOST_BYTES: usize = 8 << 20;
    let (mut items, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        if items.len() == size.get() as usize || bytes > MOST_BYTES {
            let next = items.last().map(key);
            return Ok(Page { items, next });
        }
        bytes += Stored(&row).text_bytes();
        items.push(read(&row)?);
    }
    Ok(Page { items, next: None })
}

/// What is left of a snapshot: its state, and the last model that was read.
type Rest = Option<(Transaction<'static, Sqlite>, Option<String>)>;

/// The next part of a snapshot; `None` after the last.
async fn next_part(rest: Rest) -> Result<Option<(Vec<Model>, Rest)>, StoreError> {
    /// Far below the largest message.
    const MODELS: u32 = 500;
    let Some((mut state, after)) = rest else { return Ok(None) };
    let rows = query(sql::MODELS).bind(after.unwrap_or_default()).bind(MODELS);
    let rows = rows.fetch_all(&mut *state).await?;
    let models = rows.iter().map(records::model).collect::<Result<Vec<_>, _>>()?;
    let Some(last) = models.last() else { return Ok(None) };
    let after = Some(last.name.to_string());
    let rest = (rows.len() == MODELS as usize).then_some((state, after));
    Ok(Some((models, rest)))
}

async fn model_row(
    state: &mut SqliteConnection,
    name: &ModelName,
) -> Result<SqliteRow, StoreError> {
    let row = query(sql::MODEL).bind(name.as_str()).fetch_optional(state).await?;
    row.ok_or_else(|| StoreError::NotFound { what: "model", name: name.to_string() })
}

async fn version_row(
    state: &mut SqliteConnection,
    model: &ModelName,
    number: Version,
) -> Result<SqliteRow, StoreError> {
    let row = query(sql::VERSION)
        .bind(model.as_str())
        .bind(integer(number.get()))
        .fetch_optional(&mut *state)
        .await?;
    let Some(row) = row else {
        // There may be no such model.
        model_row(state, model).await?;
        return Err(StoreError::NotFound { what: "version", name: format!("{model}@{number}") });
    };
    Ok(row)
}

/// The version that an alias points to.
async fn pointed_to(
    state: &mut SqliteConnection,
    reference: &ModelRef,
) -> Result<Version, StoreError> {
    let row = query(sql::ALIAS)
        .bind(reference.name.as_str())
        .bind(reference.selector.to_string())
        .fetch_optional(&mut *state)
        .await?;
    let Some(row) = row else {
        model_row(state, &reference.name).await?;
        return Err(StoreError::NotFound { what: "alias", name: reference.to_string() });
    };
    Stored(&row).version("version")
}

#[cfg(test)]
mod tests;
