-- Times are microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE datasets (
    -- Order of arrival.
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    digest     TEXT NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL,
    -- JSON: columns, rows and delimiter.
    profile    TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE jobs (
    -- Order of arrival, which clocks do not tell.
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    idempotency_key TEXT UNIQUE,
    model           TEXT NOT NULL,
    dataset         TEXT NOT NULL REFERENCES datasets (digest),
    -- JSON, with every default filled in.
    spec            TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed')),
    failure         TEXT CHECK ((failure IS NOT NULL) = (state = 'failed')),
    version         INTEGER CHECK ((version IS NOT NULL) = (state = 'succeeded')),
    created_at      INTEGER NOT NULL,
    started_at      INTEGER,
    ended_at        INTEGER
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, number);

CREATE TRIGGER ended_jobs_stay BEFORE UPDATE ON jobs WHEN OLD.state IN ('succeeded', 'failed')
BEGIN SELECT RAISE(ABORT, 'ended jobs never change'); END;
