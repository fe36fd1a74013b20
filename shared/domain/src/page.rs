//! Long lists, a page at a time.

/// A part of a list, and where it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, Next> {
    /// In the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Next>,
}

/// Most entries of a page: from 1 to 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    /// What a page has where nobody says otherwise.
    pub const DEFAULT: Self = Self(100);
    /// What a page has at most.
    pub const MOST: Self = Self(1000);

    /// `n` entries, as far as a page holds so many; 0: the default.
    pub fn of(n: u32) -> Self {
        match u16::try_from(n) {
            Ok(0) => Self::DEFAULT,
            Ok(n) => Self(n.min(Self::MOST.0)),
            Err(_) => Self::MOST,
        }
    }

    /// The number.
    pub fn get(self) -> u32 {
        u32::from(self.0)
    }
}
