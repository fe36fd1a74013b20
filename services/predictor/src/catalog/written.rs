//! How much of the catalog is on disk.

use crate::{ServingError, catalog::Catalog};

/// How often the catalog was changed at some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Changes(pub(super) u64);

/// How much of the catalog is on disk.
#[derive(Clone, Copy, Default)]
pub(super) struct Written {
    /// So much of it, at least, was to be written.
    changes: Changes,
    /// And it was.
    is_durable: bool,
}

impl Catalog {
    /// How often it was changed.
    pub(crate) fn changes(&self) -> Changes {
        *self.changes.borrow()
    }

    /// Takes note that it is on disk with so many changes; or could not be brought there.
    pub(crate) fn wrote<E>(&self, changes: Changes, outcome: &Result<(), E>) {
        self.written.send_replace(Written { changes, is_durable: outcome.is_ok() });
    }

    /// Resolves when it is on disk with so many changes. Somebody must have wished for that: not
    /// every change is worth writing.
    ///
    /// # Errors
    /// [`ServingError::NotWritten`].
    pub(crate) async fn durable(&self, changes: Changes) -> Result<(), ServingError> {
        let mut written = self.written.subscribe();
        let tried = written.wait_for(|written| written.changes >= changes).await;
        // The sender is in `self`.
        match tried.map_err(|_| ServingError::Stopping)?.is_durable {
            true => Ok(()),
            false => Err(ServingError::NotWritten),
        }
    }
}
