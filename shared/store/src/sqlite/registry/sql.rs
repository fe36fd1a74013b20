//! What is asked of the database. Every list goes on from a key, never from a count of rows.

pub(super) const REVISION: &str = "SELECT MAX(revision) AS revision FROM events";

/// Beside what is deleted. Partial indexes answer the counts, but for artifacts: all are read.
pub(super) const TOTALS: &str = "SELECT
     (SELECT COUNT(*) FROM models WHERE deleted IS NULL) AS models,
     (SELECT COUNT(*) FROM versions WHERE deleted IS NULL) AS versions,
     (SELECT revision FROM events WHERE model IS NOT NULL ORDER BY revision DESC LIMIT 1) AS told,
     COUNT(*) AS artifacts, COALESCE(SUM(size_bytes), 0) AS artifact_bytes
     FROM artifacts WHERE dropped IS NULL";

pub(super) const EVENT: &str = "SELECT * FROM events WHERE revision = $1";

pub(super) const EVENTS_AFTER: &str =
    "SELECT * FROM events WHERE revision > $1 ORDER BY revision LIMIT $2";

pub(super) const RECORD: &str = "INSERT INTO events (at, principal, model, payload)
     VALUES ($1, $2, $3, $4)";

pub(super) const ARTIFACT: &str = "SELECT * FROM artifacts WHERE digest = $1";

pub(super) const STORE_ARTIFACT: &str =
    "INSERT INTO artifacts (digest, size_bytes, media_type, revision) VALUES ($1, $2, $3, $4)
     ON CONFLICT (digest) DO UPDATE
     SET media_type = excluded.media_type, revision = excluded.revision, dropped = NULL";

pub(super) const DROP_ARTIFACT: &str = "UPDATE artifacts SET dropped = $2 WHERE digest = $1";

/// Who stored it again wants it a while longer.
pub(super) const STILL_WANTED: &str = "UPDATE unneeded SET since = $2 WHERE artifact = $1";

pub(super) const UNNEEDED: &str =
    "SELECT artifact FROM unneeded WHERE since < $1 ORDER BY since LIMIT $2";

pub(super) const UNNEEDED_SINCE: &str = "SELECT since FROM unneeded WHERE artifact = $1";

pub(super) const MODEL: &str = "SELECT * FROM model_records WHERE name = $1";

pub(super) const MODELS: &str =
    "SELECT * FROM model_records WHERE name > $1 ORDER BY name LIMIT $2";

/// Those of one tag, in order; of them those that have each of the others.
pub(super) const MODELS_OF_TAGS: &str = "SELECT r.* FROM models_of_tag f
     JOIN model_records r ON r.name = f.model
     WHERE f.key = $1 AND f.value = $2 AND f.model > $3
       AND NOT EXISTS (SELECT 1 FROM json_each($4) w WHERE NOT EXISTS
           (SELECT 1 FROM models_of_tag t
            WHERE t.key = w.key AND t.value = w.value AND t.model = f.model))
     ORDER BY f.model LIMIT $5";

/// A model that comes again begins anew, but for its numbers.
pub(super) const NEXT_NUMBER: &str =
    "INSERT INTO models (name, latest, created_at) VALUES ($1, 1, $2)
     ON CONFLICT (name) DO UPDATE SET
         latest = latest + 1,
         created_at = IIF(deleted IS NULL, created_at, excluded.created_at),
         deleted = NULL
     RETURNING latest";

pub(super) const DELETE_MODEL: &str =
    "UPDATE models SET deleted = $2 WHERE name = $1 AND deleted IS NULL";

/// Deleted or not.
pub(super) const VERSION_EVER: &str =
    "SELECT * FROM version_records WHERE model = $1 AND version = $2";

pub(super) const VERSION: &str =
    "SELECT * FROM version_records WHERE model = $1 AND version = $2 AND deleted IS NULL";

pub(super) const VERSIONS: &str = "SELECT * FROM version_records
     WHERE model = $1 AND version < $2 AND deleted IS NULL ORDER BY version DESC LIMIT $3";

pub(super) const VERSION_OF_KEY: &str =
    "SELECT model, artifact, revision, deleted FROM versions WHERE idempotency_key = $1";

pub(super) const CREATE_VERSION: &str =
    "INSERT INTO versions (model, version, idempotency_key, artifact, signature, classes,
     evaluation, lineage, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub(super) const DELETE_VERSION: &str =
    "UPDATE versions SET deleted = $3 WHERE model = $1 AND version = $2 AND deleted IS NULL";

pub(super) const DELETE_VERSIONS: &str =
    "UPDATE versions SET deleted = $2 WHERE model = $1 AND deleted IS NULL";

pub(super) const ALIAS: &str =
    "SELECT version, revision FROM aliases WHERE model = $1 AND alias = $2";

pub(super) const ALIAS_OF_MODEL: &str =
    "SELECT alias FROM aliases WHERE model = $1 ORDER BY alias LIMIT 1";

pub(super) const ALIAS_OF_VERSION: &str =
    "SELECT alias FROM aliases WHERE model = $1 AND version = $2 LIMIT 1";

pub(super) const SET_ALIAS: &str =
    "INSERT INTO aliases (model, alias, version, revision) VALUES ($1, $2, $3, $4)
     ON CONFLICT (model, alias)
     DO UPDATE SET version = excluded.version, revision = excluded.revision";

pub(super) const DELETE_ALIAS: &str = "DELETE FROM aliases WHERE model = $1 AND alias = $2";

pub(super) const ALIAS_HISTORY: &str = "SELECT * FROM events
     WHERE model = $1 AND kind = 'alias_moved' AND revision < $2 ORDER BY revision DESC LIMIT $3";

pub(super) const TAGS: &str =
    "SELECT tags, revision FROM tag_sets WHERE model = $1 AND version = $2";

pub(super) const SET_TAGS: &str =
    "INSERT INTO tag_sets (model, version, tags, revision) VALUES ($1, $2, $3, $4)";

pub(super) const REMOVE_TAGS: &str = "DELETE FROM tag_sets WHERE model = $1 AND version = $2";

pub(super) const REMOVE_ALL_TAGS: &str = "DELETE FROM tag_sets WHERE model = $1";

/// All of the above.
#[cfg(test)]
pub(super) const ALL: [&str; 32] = [
    REVISION,
    EVENT,
    EVENTS_AFTER,
    RECORD,
    ARTIFACT,
    STORE_ARTIFACT,
    DROP_ARTIFACT,
    STILL_WANTED,
    UNNEEDED,
    UNNEEDED_SINCE,
    MODEL,
    MODELS,
    MODELS_OF_TAGS,
    NEXT_NUMBER,
    DELETE_MODEL,
    VERSION_EVER,
    VERSION,
    VERSIONS,
    VERSION_OF_KEY,
    CREATE_VERSION,
    DELETE_VERSION,
    DELETE_VERSIONS,
    ALIAS,
    ALIAS_OF_MODEL,
    ALIAS_OF_VERSION,
    SET_ALIAS,
    DELETE_ALIAS,
    ALIAS_HISTORY,
    TAGS,
    SET_TAGS,
    REMOVE_TAGS,
    REMOVE_ALL_TAGS,
];
