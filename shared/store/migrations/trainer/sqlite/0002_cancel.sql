-- Jobs can be called off until their version is about to be registered, and remember how their data
-- set was read when they were queued. SQLite changes no constraint: the table is made anew.

-- Until now files were read as UTF-8 with a header and decimal points, and only blank cells were missing.
UPDATE datasets SET profile = json_remove(
    json_set(
        profile,
        '$.format', json_object(
            'encoding', 'utf-8',
            'delimiter', json_extract(profile, '$.delimiter'),
            'decimal', 'point',
            'thousands', NULL,
            'missing', json_array(),
            'header', 'present'
        ),
        '$.contradictions', json_array()
    ),
    '$.delimiter'
);

CREATE TABLE jobs_anew (
    -- Order of arrival, which clocks do not tell.
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    idempotency_key TEXT UNIQUE,
    model           TEXT NOT NULL,
    dataset         TEXT NOT NULL REFERENCES datasets (digest),
    -- JSON, as it was asked for, with every other default filled in.
    spec            TEXT NOT NULL,
    -- JSON: how the data set was read when the job was queued, which holds where the spec is silent.
    format          TEXT NOT NULL,
    state           TEXT NOT NULL
                    CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    failure         TEXT CHECK ((failure IS NOT NULL) = (state = 'failed')),
    version         INTEGER CHECK ((version IS NOT NULL) = (state = 'succeeded')),
    created_at      INTEGER NOT NULL,
    started_at      INTEGER,
    -- When its version was about to be registered: from then on it cannot be called off.
    sealed_at       INTEGER CHECK (sealed_at IS NULL OR state != 'cancelled'),
    ended_at        INTEGER
) STRICT;

INSERT INTO jobs_anew (
    number, id, idempotency_key, model, dataset, spec, format, state, failure, version,
    created_at, started_at, ended_at
)
SELECT
    jobs.number, jobs.id, jobs.idempotency_key, jobs.model, jobs.dataset, jobs.spec,
    json_extract(datasets.profile, '$.format'), jobs.state, jobs.failure, jobs.version,
    jobs.created_at, jobs.started_at, jobs.ended_at
FROM jobs JOIN datasets ON datasets.digest = jobs.dataset
ORDER BY jobs.number;

DROP TABLE jobs;
ALTER TABLE jobs_anew RENAME TO jobs;

CREATE INDEX jobs_by_state ON jobs (state, number);

CREATE TRIGGER ended_jobs_stay BEFORE UPDATE ON jobs
WHEN OLD.state IN ('succeeded', 'failed', 'cancelled')
BEGIN SELECT RAISE(ABORT, 'ended jobs never change'); END;
