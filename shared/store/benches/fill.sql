-- $MODELS models, each with $VERSIONS versions of artifacts of their own, an alias and a tag.
BEGIN;
CREATE TEMP TABLE numbers AS
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $MODELS)
SELECT i AS model FROM n;
CREATE TEMP TABLE pairs AS
WITH RECURSIVE v (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM v WHERE k < $VERSIONS)
SELECT row_number() OVER (ORDER BY model, k) AS n, model, k FROM numbers, v;
INSERT INTO events (at, principal, model, payload)
SELECT 1790000000000000, 'bench', NULL, json_object('kind', 'artifact_stored',
    'digest', printf('sha256:%064x', n), 'size_bytes', 1, 'media_type', 'text/plain')
FROM pairs ORDER BY n;
INSERT INTO artifacts (digest, size_bytes, media_type, revision)
SELECT printf('sha256:%064x', n), 1, 'text/plain', n FROM pairs;
INSERT INTO models (name, latest, created_at)
SELECT printf('m%05d', model), $VERSIONS, 1790000000000000 FROM numbers;
INSERT INTO events (at, principal, model, payload)
SELECT 1790000000000000, 'bench', printf('m%05d', model),
    json_object('kind', 'version_created', 'version', k)
FROM pairs ORDER BY n;
INSERT INTO versions (model, version, idempotency_key, artifact, signature, classes, evaluation,
    lineage, revision)
SELECT printf('m%05d', model), k, n, printf('sha256:%064x', n), '{"inputs":[],"outputs":[]}',
    '["good","bad"]',
    '{"n_test":3,"accuracy":0.5,"macro_f1":0.5,"log_loss":0.7,"confusion":[1,0,1,1]}',
    '{"dataset":"sha256:4b0b939a0af9ea99858a6969fc55d5fd7bc4370b659693310ea3e308c367a4ba","spec":{"pipeline":{"target":"trade","input":{"text":{"column":"note"}},"logistic":{"l2":1.0,"max_iter":1000,"tolerance":0.00001}},"split":{"fraction":0.2},"seed":42},"job":"job","library":"millwright 0.1.0","summary":{"n_train":8,"n_test":2,"n_without_target":0,"n_features":30,"iterations":9,"converged":true,"loss":0.409,"constant_columns":[],"imputed_cells":0}}', $MODELS * $VERSIONS + n
FROM pairs;
INSERT INTO events (at, principal, model, payload)
SELECT 1790000000000000, 'bench', printf('m%05d', model),
    json_object('kind', 'alias_moved', 'alias', 'production', 'from', NULL, 'to', 1)
FROM numbers ORDER BY model;
INSERT INTO aliases (model, alias, version, revision)
SELECT printf('m%05d', model), 'production', 1, 2 * $MODELS * $VERSIONS + 1 + model FROM numbers;
INSERT INTO tag_sets (model, version, tags, revision)
SELECT printf('m%05d', model), 0, json_object('line', CAST(model % 50 AS TEXT)), 1
FROM numbers;
COMMIT;
