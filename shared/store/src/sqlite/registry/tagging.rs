//! Tags of models and versions.

use millwright_domain::{MOST_TAGS, SetTags, Tags, Version};
use sqlx::query;

use super::{change::Writing, model_row, records::Payload, sql};
use crate::{
    StoreError,
    sqlite::stored::{Stored, integer, json},
};

impl Writing<'_> {
    pub(super) async fn set_tags(mut self, new: SetTags) -> Result<u64, StoreError> {
        match new.version {
            None => model_row(self.to, &new.model).await?,
            Some(version) => self.require_version(&new.model, version).await?,
        };
        let now = self.tags(&new).await?;
        let tags = changed(now.as_ref().map(|(tags, _)| tags), &new);
        if let Some((_, revision)) = now.filter(|(now, _)| *now == tags) {
            return Ok(revision);
        }
        if tags.len() > MOST_TAGS {
            return Err(StoreError::Precondition("64 tags at most: remove some first"));
        }
        let payload = Payload::TagsChanged { version: new.version, tags: tags.clone() };
        let revision = self.record(Some(&new.model), &payload).await?;
        let number = number(new.version);
        let remove = query(sql::REMOVE_TAGS).bind(new.model.as_str()).bind(number);
        remove.execute(&mut *self.to).await?;
        query(sql::SET_TAGS)
            .bind(new.model.as_str())
            .bind(number)
            .bind(json(&tags))
            .bind(integer(revision))
            .execute(self.to)
            .await?;
        Ok(revision)
    }

    /// The tags as they are, and the revision that made them so; `None` before the first.
    async fn tags(&mut self, new: &SetTags) -> Result<Option<(Tags, u64)>, StoreError> {
        let row = query(sql::TAGS).bind(new.model.as_str()).bind(number(new.version));
        let Some(row) = row.fetch_optional(&mut *self.to).await? else { return Ok(None) };
        Ok(Some((Stored(&row).json("tags")?, Stored(&row).number("revision")?)))
    }
}

/// As a column holds it; 0: the model itself.
fn number(version: Option<Version>) -> i64 {
    version.map_or(0, |version| integer(version.get()))
}

fn changed(now: Option<&Tags>, new: &SetTags) -> Tags {
    let mut tags = now.cloned().unwrap_or_default();
    tags.retain(|key, _| !new.remove.contains(key));
    tags.extend(new.set.clone());
    tags
}
