-- Times are microseconds since 1970-01-01T00:00:00Z. Everything but `models.latest` and `aliases`
-- is written once: triggers refuse the rest.

-- Every change, in the order in which they happened.
CREATE TABLE events (
    revision  INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    principal TEXT NOT NULL,
    -- NULL for artifacts, which belong to no model.
    model     TEXT,
    -- JSON; its other fields depend on `kind`.
    payload   TEXT NOT NULL,
    kind      TEXT NOT NULL GENERATED ALWAYS AS (payload ->> '$.kind') STORED
              CHECK (kind IN ('artifact_stored', 'version_created', 'alias_moved'))
) STRICT;
CREATE INDEX events_of_model ON events (model, kind, revision);

-- Artifacts whose bytes are durable.
CREATE TABLE artifacts (
    digest     TEXT PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    revision   INTEGER NOT NULL REFERENCES events (revision)
) STRICT;

CREATE TABLE models (
    name       TEXT PRIMARY KEY,
    -- Only rises, so that no number is given twice.
    latest     INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE versions (
    model           TEXT NOT NULL REFERENCES models (name),
    version         INTEGER NOT NULL CHECK (version >= 1),
    idempotency_key TEXT NOT NULL UNIQUE,
    artifact        TEXT NOT NULL REFERENCES artifacts (digest),
    signature       TEXT NOT NULL,
    classes         TEXT NOT NULL,
    evaluation      TEXT NOT NULL,
    lineage         TEXT NOT NULL,
    revision        INTEGER NOT NULL REFERENCES events (revision),
    PRIMARY KEY (model, version)
) STRICT;

-- Where each alias points; how it came there is in `events`.
CREATE TABLE aliases (
    model    TEXT NOT NULL REFERENCES models (name),
    alias    TEXT NOT NULL,
    version  INTEGER NOT NULL,
    -- The move that put it there.
    revision INTEGER NOT NULL REFERENCES events (revision),
    PRIMARY KEY (model, alias),
    FOREIGN KEY (model, version) REFERENCES versions (model, version)
) STRICT;

CREATE TRIGGER events_stay BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_remain BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE TRIGGER versions_stay BEFORE UPDATE ON versions
BEGIN SELECT RAISE(ABORT, 'versions are never changed'); END;
CREATE TRIGGER versions_remain BEFORE DELETE ON versions
BEGIN SELECT RAISE(ABORT, 'versions are never deleted'); END;
CREATE TRIGGER artifacts_stay BEFORE UPDATE ON artifacts
BEGIN SELECT RAISE(ABORT, 'artifacts are never changed'); END;
CREATE TRIGGER artifacts_remain BEFORE DELETE ON artifacts
BEGIN SELECT RAISE(ABORT, 'artifacts are never deleted'); END;
CREATE TRIGGER models_remain BEFORE DELETE ON models
BEGIN SELECT RAISE(ABORT, 'models are never deleted'); END;
CREATE TRIGGER numbers_rise BEFORE UPDATE ON models WHEN NEW.latest <= OLD.latest
BEGIN SELECT RAISE(ABORT, 'version numbers only rise'); END;

-- Versions with their bytes, and who registered them when.
CREATE VIEW version_records AS
SELECT v.model, v.version, v.signature, v.classes, v.evaluation, v.lineage,
       a.digest, a.size_bytes, a.media_type, e.at, e.principal
FROM versions v
JOIN artifacts a ON a.digest = v.artifact
JOIN events e ON e.revision = v.revision;

-- Aliases with the bytes that they point to.
CREATE VIEW alias_records AS
SELECT p.model, p.alias, p.version, a.digest, a.size_bytes, a.media_type, e.at
FROM aliases p
JOIN versions v ON v.model = p.model AND v.version = p.version
JOIN artifacts a ON a.digest = v.artifact
JOIN events e ON e.revision = p.revision;
