//! Long lists, a page at a time.

use std::future::Future;

use futures::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use millwright_domain::{Page, PageSize};

use crate::ClientError;

/// Which part of a list is asked for; by default the first 100 entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Most entries.
    pub size: PageSize,
    /// `next` of the page before; `None`: from the beginning.
    pub after: Option<String>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { size: PageSize::DEFAULT, after: None }
    }
}

impl PageRequest {
    /// As a message says it.
    pub(crate) fn token(&self) -> String {
        self.after.clone().unwrap_or_default()
    }
}

/// A page whose `token` a message says.
pub(crate) fn page<T>(items: Vec<T>, token: String) -> Page<T, String> {
    Page { items, next: Some(token).filter(|token| !token.is_empty()) }
}

/// All entries of a list, page after page, no faster than they are taken.
pub(crate) fn all<T, F>(
    fetch: impl Fn(PageRequest) -> F + Send + 'static,
) -> BoxStream<'static, Result<T, ClientError>>
where
    T: Send + 'static,
    F: Future<Output = Result<Page<T, String>, ClientError>> + Send + 'static,
{
    let first = PageRequest { size: PageSize::MOST, after: None };
    let pages = stream::try_unfold(Some(first), move |asked| {
        let page = asked.map(&fetch);
        async move {
            let Some(page) = page else { return Ok::<_, ClientError>(None) };
            let Page { items, next } = page.await?;
            let next = next.map(|next| PageRequest { size: PageSize::MOST, after: Some(next) });
            Ok(Some((items, next)))
        }
    });
    pages.map_ok(|items| stream::iter(items.into_iter().map(Ok))).try_flatten().boxed()
}
