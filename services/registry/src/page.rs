//! Page tokens: opaque to callers, checked when they come back.

use std::{fmt::Display, str::FromStr};

use millwright_domain::Digest;
use millwright_wire::WireError;

/// Longer than any token of ours, in bytes.
const LONGEST: usize = 256;
/// Digits of the check.
const CHECK: usize = 16;

/// A list that comes a page at a time: its kind, and what else tells it from others.
pub(crate) struct List {
    kind: &'static str,
    scope: String,
}

impl List {
    /// `scope` is what the caller asked for beside the page: the same token in another list is wrong.
    pub(crate) fn new(kind: &'static str, scope: impl Display) -> Self {
        Self { kind, scope: scope.to_string() }
    }

    /// The token of the page after the entry `key`; empty after the last.
    pub(crate) fn token(&self, key: Option<impl Display>) -> String {
        key.map_or(String::new(), |key| {
            let key = key.to_string();
            format!("{}{key}", self.check(&key))
        })
    }

    /// The entry after which the page of `token` begins; `None` for the first.
    ///
    /// # Errors
    /// A token that is not of this list.
    pub(crate) fn key<K: FromStr>(&self, token: &str) -> Result<Option<K>, WireError> {
        let wrong = || WireError::new("page_token", "must be that of this list's page before");
        if token.is_empty() {
            return Ok(None);
        }
        let parts = token.split_at_checked(CHECK).filter(|_| token.len() <= LONGEST);
        let (check, key) = parts.ok_or_else(wrong)?;
        if check != self.check(key) {
            return Err(wrong());
        }
        key.parse().map(Some).map_err(|_| wrong())
    }

    fn check(&self, key: &str) -> String {
        let digest = Digest::of(format!("{}\n{}\n{key}", self.kind, self.scope).as_bytes());
        digest.hex()[..CHECK].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_for_its_own_list() {
        let press = List::new("versions", "press");
        let token = press.token(Some(7));
        assert_eq!(press.key::<u64>(&token), Ok(Some(7)));
        assert_eq!(press.key::<u64>(""), Ok(None));
        let longer = "x".repeat(LONGEST + 1);
        for (list, token, why) in [
            (&List::new("versions", "oven"), &*token, "another model"),
            (&List::new("moves", "press"), &token, "another list"),
            (&press, &token.replace('7', "8"), "another place"),
            (&press, &token[..CHECK - 1], "too short"),
            (&press, &longer, "too long"),
            (&press, "ééééééééé", "no boundary at its 16th byte"),
        ] {
            let refused = list.key::<u64>(token).expect_err(why);
            assert!(refused.to_string().starts_with("page_token: "), "{why}: {refused}");
        }
        assert_eq!(press.token(None::<u64>), "");
    }
}
