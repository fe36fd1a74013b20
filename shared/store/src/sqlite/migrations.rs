//! The schemas, step by step. Steps are only ever added: a released one never changes.

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

pub(super) fn registry() -> Migrator {
    migrator(&[
        ("models", include_str!("../../migrations/registry/sqlite/0001_models.sql")),
        ("deletions", include_str!("../../migrations/registry/sqlite/0002_deletions.sql")),
    ])
}

pub(super) fn trainer() -> Migrator {
    migrator(&[
        ("jobs", include_str!("../../migrations/trainer/sqlite/0001_jobs.sql")),
        ("cancel", include_str!("../../migrations/trainer/sqlite/0002_cancel.sql")),
        ("traces", include_str!("../../migrations/trainer/sqlite/0003_traces.sql")),
    ])
}

/// The steps in their order; the first is number 1.
fn migrator(steps: &[(&'static str, &'static str)]) -> Migrator {
    let step = |(number, (name, sql)): (i64, &(&'static str, &'static str))| {
        let sql = sql.into_sql_str();
        Migration::new(number, (*name).into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations((1..).zip(steps).map(step).collect())
}
