//! Latencies as a picture.

use millwright_plot::{Across, Panel, Scale, Series, svg};

use super::{BenchView, LoadView};

/// Of one load, the latency that each share of the requests stayed within; of several, latencies and
/// throughput against the rate.
pub(super) fn draw(view: &BenchView) -> String {
    let title = format!("{} at {}", view.setup.model, view.setup.address);
    let panels = match &view.loads[..] {
        [load] => vec![distribution(load)],
        loads => against_rate(loads),
    };
    let panels: Vec<_> = panels.into_iter().filter(|panel| !panel.lines.is_empty()).collect();
    svg(&title, &panels)
}

fn distribution(load: &LoadView) -> Panel {
    let line = Series::new("latency", load.by_nines.iter().copied());
    panel(
        "latency in milliseconds that a share of the requests stayed within",
        Across::Nines,
        [line],
    )
}

fn against_rate(loads: &[LoadView]) -> Vec<Panel> {
    let line = |name, value: fn(&LoadView) -> Option<f64>| {
        let point = |load: &LoadView| Some((load.rate?.per_second(), value(load)?));
        Series::new(name, loads.iter().filter_map(point))
    };
    let latencies = [
        line("p50", |load| load.latency_ms.p50),
        line("p99", |load| load.latency_ms.p99),
        line("p99.9", |load| load.latency_ms.p99_9),
    ];
    let answered = [line("answered", |load| Some(load.requests_per_second))];
    vec![
        panel("latency, milliseconds", Across::Rate, latencies),
        panel("requests a second that were answered", Across::Rate, answered),
    ]
}

fn panel<const N: usize>(title: &'static str, across: Across, lines: [Series; N]) -> Panel {
    let lines = lines.into_iter().filter(|line| !line.points.is_empty());
    Panel { title, across, up: Scale::Linear, lines: lines.collect() }
}
