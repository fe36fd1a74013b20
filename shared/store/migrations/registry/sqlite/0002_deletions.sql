-- Tags, deletions, and artifacts that nobody needs. What is deleted stays as a record: numbers and
-- keys are not given again, and what happened to it can be told.

DROP VIEW version_records;
DROP VIEW alias_records;

-- Every change, in the order in which they happened. Anew, since its kinds are no longer listed
-- here: they are those that the program knows.
CREATE TABLE new_events (
    revision  INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    principal TEXT NOT NULL,
    -- NULL for artifacts, which belong to no model.
    model     TEXT,
    -- JSON; its other fields depend on `kind`.
    payload   TEXT NOT NULL,
    kind      TEXT NOT NULL GENERATED ALWAYS AS (payload ->> '$.kind') STORED
) STRICT;
INSERT INTO new_events (revision, at, principal, model, payload)
SELECT revision, at, principal, model, payload FROM events ORDER BY revision;
DROP TABLE events;
ALTER TABLE new_events RENAME TO events;
CREATE INDEX events_of_model ON events (model, kind, revision);
CREATE TRIGGER events_stay BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_remain BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

-- The change that deleted it. A model comes back with its next version.
ALTER TABLE models ADD COLUMN deleted INTEGER REFERENCES events (revision);
ALTER TABLE versions ADD COLUMN deleted INTEGER REFERENCES events (revision);
-- The change that gave its bytes up. It comes back with its bytes.
ALTER TABLE artifacts ADD COLUMN dropped INTEGER REFERENCES events (revision);

CREATE UNIQUE INDEX live_models ON models (name) WHERE deleted IS NULL;
CREATE UNIQUE INDEX live_versions ON versions (model, version) WHERE deleted IS NULL;
CREATE INDEX versions_of_artifact ON versions (artifact, deleted);
CREATE INDEX aliases_of_version ON aliases (model, version);

DROP TRIGGER numbers_rise;
CREATE TRIGGER numbers_rise BEFORE UPDATE OF name, latest ON models WHEN NEW.latest <= OLD.latest
BEGIN SELECT RAISE(ABORT, 'version numbers only rise'); END;
DROP TRIGGER versions_stay;
CREATE TRIGGER versions_stay BEFORE UPDATE OF model, version, idempotency_key, artifact, signature,
    classes, evaluation, lineage, revision ON versions
BEGIN SELECT RAISE(ABORT, 'versions are never changed'); END;
CREATE TRIGGER versions_stay_deleted BEFORE UPDATE OF deleted ON versions
WHEN OLD.deleted IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'deleted versions never come back'); END;
DROP TRIGGER artifacts_stay;
CREATE TRIGGER artifacts_stay BEFORE UPDATE OF digest, size_bytes ON artifacts
BEGIN SELECT RAISE(ABORT, 'artifacts are never changed'); END;
CREATE TRIGGER stored_artifacts_stay BEFORE UPDATE OF media_type, revision ON artifacts
WHEN OLD.dropped IS NULL
BEGIN SELECT RAISE(ABORT, 'artifacts are never changed'); END;

-- What people noted of a model (version 0) or of a version.
CREATE TABLE tag_sets (
    model    TEXT NOT NULL REFERENCES models (name),
    version  INTEGER NOT NULL CHECK (version >= 0),
    -- JSON: values by key.
    tags     TEXT NOT NULL,
    -- The change that made them so.
    revision INTEGER NOT NULL REFERENCES events (revision),
    PRIMARY KEY (model, version)
) STRICT, WITHOUT ROWID;

-- The models that have a tag; follows `tag_sets`, whose rows are replaced and never updated.
CREATE TABLE models_of_tag (
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    model TEXT NOT NULL,
    PRIMARY KEY (key, value, model)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER tags_come AFTER INSERT ON tag_sets WHEN NEW.version = 0
BEGIN
    INSERT INTO models_of_tag (key, value, model)
    SELECT key, value, NEW.model FROM json_each(NEW.tags);
END;
CREATE TRIGGER tags_go AFTER DELETE ON tag_sets WHEN OLD.version = 0
BEGIN
    DELETE FROM models_of_tag WHERE (key, value, model) IN
        (SELECT key, value, OLD.model FROM json_each(OLD.tags));
END;
CREATE TRIGGER tags_are_replaced BEFORE UPDATE ON tag_sets
BEGIN SELECT RAISE(ABORT, 'tags are replaced, never updated'); END;

-- Stored artifacts that no version needs, and since when; follows `artifacts` and `versions`.
CREATE TABLE unneeded (
    artifact TEXT PRIMARY KEY REFERENCES artifacts (digest),
    since    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unneeded_by_age ON unneeded (since);
INSERT INTO unneeded (artifact, since)
SELECT a.digest, e.at FROM artifacts a JOIN events e ON e.revision = a.revision
WHERE NOT EXISTS (SELECT 1 FROM versions v WHERE v.artifact = a.digest);
CREATE TRIGGER artifacts_come AFTER INSERT ON artifacts
BEGIN
    INSERT INTO unneeded (artifact, since)
    SELECT NEW.digest, at FROM events WHERE revision = NEW.revision;
END;
CREATE TRIGGER artifacts_come_back AFTER UPDATE OF dropped ON artifacts WHEN NEW.dropped IS NULL
BEGIN
    INSERT INTO unneeded (artifact, since)
    SELECT NEW.digest, at FROM events WHERE revision = NEW.revision;
END;
CREATE TRIGGER artifacts_go AFTER UPDATE OF dropped ON artifacts WHEN NEW.dropped IS NOT NULL
BEGIN DELETE FROM unneeded WHERE artifact = NEW.digest; END;
CREATE TRIGGER versions_need AFTER INSERT ON versions
BEGIN DELETE FROM unneeded WHERE artifact = NEW.artifact; END;
CREATE TRIGGER deleted_versions_need_nothing AFTER UPDATE OF deleted ON versions
WHEN NOT EXISTS (SELECT 1 FROM versions WHERE artifact = NEW.artifact AND deleted IS NULL)
BEGIN
    INSERT INTO unneeded (artifact, since)
    SELECT NEW.artifact, at FROM events WHERE revision = NEW.deleted;
END;
CREATE TRIGGER needed_artifacts_stay BEFORE UPDATE OF dropped ON artifacts
WHEN NEW.dropped IS NOT NULL
    AND EXISTS (SELECT 1 FROM versions WHERE artifact = NEW.digest AND deleted IS NULL)
BEGIN SELECT RAISE(ABORT, 'a version needs the artifact'); END;

-- Versions with their bytes, and who registered them when; deleted ones too.
CREATE VIEW version_records AS
SELECT v.model, v.version, v.signature, v.classes, v.evaluation, v.lineage, v.deleted,
       a.digest, a.size_bytes, a.media_type, e.at, e.principal, COALESCE(t.tags, '{}') AS tags
FROM versions v
JOIN artifacts a ON a.digest = v.artifact
JOIN events e ON e.revision = v.revision
LEFT JOIN tag_sets t ON t.model = v.model AND t.version = v.version;

-- Aliases with the bytes that they point to.
CREATE VIEW alias_records AS
SELECT p.model, p.alias, p.version, a.digest, a.size_bytes, a.media_type, e.at
FROM aliases p
JOIN versions v ON v.model = p.model AND v.version = p.version
JOIN artifacts a ON a.digest = v.artifact
JOIN events e ON e.revision = p.revision;

-- Models with their tags and aliases, as JSON.
CREATE VIEW model_records AS
SELECT m.name, m.latest, m.created_at, COALESCE(t.tags, '{}') AS tags,
       (SELECT json_group_array(json_object(
            'name', a.alias, 'version', a.version, 'digest', a.digest,
            'size_bytes', a.size_bytes, 'media_type', a.media_type, 'at', a.at))
        FROM alias_records a WHERE a.model = m.name) AS aliases
FROM models m
LEFT JOIN tag_sets t ON t.model = m.name AND t.version = 0
WHERE m.deleted IS NULL;
