//! Holds an answer to the caller's deadline, to the end of its body.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, Request};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{refusal::Refusal, step::Step, watched::Watch};
use crate::{
    Deadline,
    methods::{Kind, Method},
};

/// Answers DEADLINE_EXCEEDED when the time is over, and drops the work.
///
/// The time is the caller's `grpc-timeout`; a unary call has this at most, a stream that names none
/// has no end.
#[derive(Clone, Copy)]
pub(super) struct Longest(pub(super) Duration);

impl Step for Longest {
    type Watch = Bounded;

    fn begin<B>(&self, request: &mut Request<B>) -> Result<Option<Bounded>, Refusal> {
        let asked = grpc_timeout(request.headers()).map_err(|()| Refusal::Timeout)?;
        let allowed = match Method::of(request).kind {
            Kind::Unary => Some(asked.map_or(self.0, |asked| asked.min(self.0))),
            Kind::Streaming => asked,
        };
        let deadline = allowed.and_then(|allowed| Instant::now().checked_add(allowed));
        Ok(deadline.map(|deadline| {
            request.extensions_mut().insert(Deadline(deadline));
            Bounded { deadline, alarm: None }
        }))
    }
}

/// What the header `grpc-timeout` says; `Err` if it is not as gRPC over HTTP/2 defines it.
fn grpc_timeout(headers: &HeaderMap) -> Result<Option<Duration>, ()> {
    let Some(value) = headers.get("grpc-timeout") else {
        return Ok(None);
    };
    let text = value.to_str().map_err(drop)?;
    let unit = text.chars().last().ok_or(())?;
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(());
    }
    let n: u64 = digits.parse().map_err(drop)?;
    match unit {
        'H' => Ok(Some(Duration::from_secs(n * 3600))),
        'M' => Ok(Some(Duration::from_secs(n * 60))),
        'S' => Ok(Some(Duration::from_secs(n))),
        'm' => Ok(Some(Duration::from_millis(n))),
        'u' => Ok(Some(Duration::from_micros(n))),
        'n' => Ok(Some(Duration::from_nanos(n))),
        _ => Err(()),
    }
}

/// An answer that ends at a deadline.
pub(super) struct Bounded {
    deadline: Instant,
    /// Set when the answer is waited for: most are there at once.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Watch for Bounded {
    fn is_due(&self) -> Option<Refusal> {
        (self.deadline <= Instant::now()).then_some(Refusal::TooLate)
    }

    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Refusal> {
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(self.deadline)));
        alarm.as_mut().poll(cx).map(|()| Refusal::TooLate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_grpc_defines_them() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", text.parse().expect("a header"));
            grpc_timeout(&headers)
        };
        assert_eq!(grpc_timeout(&HeaderMap::new()), Ok(None));
        for (text, seconds) in [("2H", 7200.0), ("3M", 180.0), ("4S", 4.0), ("5m", 0.005)] {
            assert_eq!(read(text), Ok(Some(Duration::from_secs_f64(seconds))), "{text}");
        }
        assert_eq!(read("99999999n"), Ok(Some(Duration::from_nanos(99_999_999))));
        for (text, why) in [
            ("", "empty"),
            ("S", "no number"),
            ("5", "no unit"),
            ("-5S", "a sign"),
            ("5s", "no such unit"),
            ("123456789S", "nine digits"),
        ] {
            assert_eq!(read(text), Err(()), "{why}");
        }
    }
}
