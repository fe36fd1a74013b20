//! What became of load, as people read it.

use super::{BenchView, Bucket, LoadView, Quantiles, Setup};
use crate::{
    bench::{Arrivals, Load, Until, Way},
    view::{fields, millis, number, table},
};

/// Characters of the longest bar.
const BAR: u64 = 40;

/// What a load is, in a line: `closed loop, 8 in flight, for 10 s`.
pub(crate) fn load_text(load: &Load) -> String {
    let until = match load.until {
        Until::Elapsed(span) => format!("for {} s", span.as_secs_f64()),
        Until::Sent(n) => format!("{} requests", number(n)),
    };
    match load.arrivals {
        Arrivals::Closed => format!("closed loop, {} in flight, {until}", load.in_flight),
        Arrivals::Open(rate) => {
            format!("open loop, {rate} requests/s, at most {} in flight, {until}", load.in_flight)
        }
    }
}

/// One load in full; of several, a line each.
pub(super) fn write(view: &BenchView) -> String {
    let head = heading(&view.setup);
    let body = match &view.loads[..] {
        [load] => one(load),
        loads => several(loads),
    };
    let failures = failures(&view.loads);
    [head, body, failures]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn heading(setup: &Setup) -> String {
    let Setup { model, address, way, connections, rows_per_request } = setup;
    let way = match way {
        Way::Unary => "unary calls",
        Way::Stream => "streams",
        Way::Native => "calls of Predict",
    };
    format!(
        "{model} at {address}: {way}, {}, {} a request",
        match connections {
            Some(n) => counted(*n as u64, "connection"),
            None => "a connection to each address".to_owned(),
        },
        counted((*rows_per_request).into(), "row"),
    )
}

fn one(load: &LoadView) -> String {
    let LoadView { latency_ms, lag_ms, .. } = load;
    let loop_ = match load.rate {
        Some(rate) => format!("open, {rate} requests/s, at most {} in flight", load.in_flight),
        None => format!("closed, {} in flight", load.in_flight),
    };
    let rates =
        format!("{:.1} requests/s, {:.1} rows/s", load.requests_per_second, load.rows_per_second);
    let answered = format!("{} in {:.1} s", number(load.answered), load.seconds);
    let mut lines = vec![
        ("loop", loop_),
        ("answered", answered),
        ("throughput", rates),
        ("failed", number(load.failed)),
        ("sender", format!("{:.2} cores", load.cpu_seconds / load.seconds)),
    ];
    if load.rate.is_some() {
        lines.push(("not sent", number(load.unsent)));
    }
    if load.dropped > 0 {
        lines.push(("dropped", number(load.dropped)));
    }
    if load.retried > 0 {
        lines.push(("sent again", number(load.retried)));
    }
    lines.extend(quantiles(latency_ms));
    if load.rate.is_some() {
        lines
            .push(("sent late", format!("p50 {}, p99 {}", millis(lag_ms.p50), millis(lag_ms.p99))));
    }
    let bars = histogram(&load.histogram);
    [fields(lines), bars]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn quantiles(latency: &Quantiles) -> [(&'static str, String); 6] {
    [
        ("p50", millis(latency.p50)),
        ("p90", millis(latency.p90)),
        ("p99", millis(latency.p99)),
        ("p99.9", millis(latency.p99_9)),
        ("max", millis(latency.max)),
        ("mean", millis(latency.mean)),
    ]
}

fn several(loads: &[LoadView]) -> String {
    let row = |load: &LoadView| {
        let rate = load.rate.map_or_else(|| "-".to_owned(), |rate| rate.to_string());
        let latency = &load.latency_ms;
        [
            rate,
            format!("{:.1}", load.requests_per_second),
            number(load.failed),
            number(load.unsent),
            millis(latency.p50),
            millis(latency.p90),
            millis(latency.p99),
            millis(latency.p99_9),
            millis(latency.max),
        ]
    };
    let header = ["RATE", "ANSWERED/S", "FAILED", "NOT SENT", "P50", "P90", "P99", "P99.9", "MAX"];
    table(header, loads.iter().map(row).collect())
}

fn histogram(buckets: &[Bucket]) -> String {
    let most = buckets.iter().map(|bucket| bucket.count).max().unwrap_or(0).max(1);
    let row = |bucket: &Bucket| {
        // One that is not empty is seen.
        let length = (bucket.count * BAR).div_ceil(most);
        [millis(Some(bucket.up_to_ms)), number(bucket.count), "█".repeat(length as usize)]
    };
    if buckets.is_empty() {
        return String::new();
    }
    table(["UP TO", "REQUESTS", ""], buckets.iter().map(row).collect())
}

fn failures(loads: &[LoadView]) -> String {
    let rows: Vec<_> = loads
        .iter()
        .flat_map(|load| &load.failures)
        .map(|failure| [failure.code.to_owned(), number(failure.count), failure.message.clone()])
        .collect();
    if rows.is_empty() { String::new() } else { table(["FAILURE", "REQUESTS", "FIRST"], rows) }
}

fn counted(n: u64, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {what}{plural}", number(n))
}
