//! Who may write which staged file: the last that came.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use crate::StoreError;

/// The files that are being written, by name.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<Files>);

type Files = HashMap<String, Arc<Slot>>;

/// One file.
#[derive(Debug, Default)]
struct Slot {
    /// Of the last that came.
    turn: AtomicU64,
    /// Held while the file is touched: who lost the turn ends a write before the next one begins.
    touching: Mutex<()>,
}

/// A turn at a file; the next one ends it.
#[derive(Debug)]
pub(super) struct Claim {
    name: String,
    turn: u64,
    slot: Arc<Slot>,
    claims: Arc<Claims>,
}

impl Claims {
    /// The next turn at the file `name`.
    pub(super) fn take(self: &Arc<Self>, name: &str) -> Claim {
        self.next(&mut lock(&self.0), name)
    }

    /// The first turn at the file `name`; `None` if somebody has one.
    pub(super) fn take_free(self: &Arc<Self>, name: &str) -> Option<Claim> {
        let mut files = lock(&self.0);
        (!files.contains_key(name)).then(|| self.next(&mut files, name))
    }

    fn next(self: &Arc<Self>, files: &mut Files, name: &str) -> Claim {
        let slot = files.entry(name.to_owned()).or_default().clone();
        let turn = slot.turn.fetch_add(1, SeqCst) + 1;
        Claim { name: name.to_owned(), turn, slot, claims: self.clone() }
    }

    /// Runs `work` unless somebody has a turn at the file `name`; nobody gets one meanwhile.
    pub(super) fn unless_taken<T>(&self, name: &str, work: impl FnOnce() -> T) -> Option<T> {
        let files = lock(&self.0);
        (!files.contains_key(name)).then(work)
    }
}

impl Claim {
    /// Touches the file, while this is the last turn.
    pub(super) fn touch(&self) -> Result<MutexGuard<'_, ()>, StoreError> {
        let touching = lock(&self.slot.touching);
        let is_last = self.slot.turn.load(SeqCst) == self.turn;
        is_last.then_some(touching).ok_or(StoreError::UploadChanged)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut files = lock(&self.claims.0);
        if self.slot.turn.load(SeqCst) == self.turn {
            files.remove(&self.name);
        }
    }
}

/// What a panic left is whole: no invariant spans two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_that_came_writes_and_leaves_the_file_free() {
        let claims = Arc::new(Claims::default());
        let first = claims.take_free("a").expect("free");
        assert!(claims.take_free("a").is_none());
        assert!(first.touch().is_ok());
        let second = claims.take("a");
        assert!(matches!(first.touch(), Err(StoreError::UploadChanged)));
        drop(first);
        assert!(second.touch().is_ok(), "the file is still the second's");
        assert!(claims.unless_taken("a", || ()).is_none());
        drop(second);
        assert!(claims.unless_taken("a", || ()).is_some());
    }
}
