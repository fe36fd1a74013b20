//! `--limit` of commands that list.

use std::num::NonZeroUsize;

use clap::Args;
use futures::{Stream, StreamExt, TryStreamExt};
use millwright_client::ClientError;

use crate::output::notice;

/// How much of a list is shown.
#[derive(Args, Debug)]
pub(super) struct LimitArgs {
    /// Most entries
    #[arg(long, value_name = "N", default_value = "1000")]
    limit: NonZeroUsize,
}

impl LimitArgs {
    /// The first entries of `list`, fetched page by page; says so if there are more.
    pub(super) async fn first<T>(
        &self,
        list: impl Stream<Item = Result<T, ClientError>>,
    ) -> Result<Vec<T>, ClientError> {
        let limit = self.limit.get();
        let mut first: Vec<T> = list.take(limit.saturating_add(1)).try_collect().await?;
        if first.len() > limit {
            first.truncate(limit);
            notice(&format!("the first {limit} only: --limit shows more"));
        }
        Ok(first)
    }
}
