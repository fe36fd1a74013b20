//! What differs from run to run, or from machine to machine.

use regex::Regex;

/// A kind of text that may differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Varying {
    /// A duration with its unit.
    Seconds,
    /// A number of something in a second.
    Rate,
    /// A digest of what training computed, whose last bits depend on the type of CPU; or its
    /// beginning.
    Digest,
    /// An instant, as of RFC 3339.
    Instant,
    /// The id of a job, or of a trace.
    Id,
    /// Any number, such as a count of what runs by the clock.
    Number,
}

impl Varying {
    /// # Panics
    /// If there is no such kind.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "seconds" => Self::Seconds,
            "rate" => Self::Rate,
            "digest" => Self::Digest,
            "instant" => Self::Instant,
            "id" => Self::Id,
            "number" => Self::Number,
            other => panic!("nobody knows how {other:?} varies"),
        }
    }

    fn pattern(self) -> &'static str {
        match self {
            Self::Seconds => r"\b\d+(\.\d+)? (µs|ms|s|min)\b",
            Self::Rate => r"\b[\d.,]+[kM]? (rows|requests)/s",
            Self::Digest => r"\b(sha256:)?[0-9a-f]{12,64}\b…?",
            Self::Instant => r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
            Self::Id => r"\b([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})\b",
            Self::Number => r"\b\d[\d.,]*(e[+-]?\d+)?",
        }
    }

    /// `text` without what varies in these ways, nor how wide that was.
    pub(crate) fn hidden(ways: &[Self], text: &str) -> String {
        let hide = |text: String, way: &Self| {
            let pattern = Regex::new(&format!("{} *", way.pattern())).expect("a pattern of ours");
            pattern.replace_all(&text, format!("<{way:?}> ")).into_owned()
        };
        let hidden = ways.iter().fold(text.to_owned(), hide);
        hidden.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_may_differ() {
        let line = "version 1, 0.4 s, sha256:0123456789ab…, 12,000 rows/s";
        let later = "version 1, 12 ms, sha256:ba9876543210…, 9.1k rows/s";
        let ways = ["seconds", "digest", "rate"].map(Varying::of);
        assert_eq!(Varying::hidden(&ways, line), Varying::hidden(&ways, later));
        assert_ne!(Varying::hidden(&ways[1..], line), Varying::hidden(&ways[1..], later));
        let other = line.replace("version 1", "version 2");
        assert_ne!(Varying::hidden(&ways, line), Varying::hidden(&ways, &other));
    }
}
