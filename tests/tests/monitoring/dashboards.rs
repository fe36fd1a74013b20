//! The Grafana dashboards: whole, and each of their queries finds something.

use std::{collections::HashSet, fs, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::{prometheus::Prometheus, rules::folder, watched::Watched};

/// How long a query may find nothing, on a machine that is slow.
const PATIENCE: Duration = Duration::from_secs(120);

const DASHBOARDS: [&str; 3] = ["serving", "training", "registry"];

fn dashboard(name: &str) -> Value {
    let file = folder().join(format!("grafana/dashboards/{name}.json"));
    serde_json::from_slice(&fs::read(file).expect("there")).expect("JSON")
}

fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap_or_else(|| panic!("no list of {name}: {value}"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    let text = value[name].as_str().unwrap_or_default();
    assert!(!text.is_empty(), "no {name}: {value}");
    text
}

/// The panels that show something.
fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    items(dashboard, "panels").iter().filter(|panel| panel["type"] != "row")
}

#[test]
fn every_panel_says_what_it_shows_in_which_unit() {
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        assert_eq!(dashboard["uid"], format!("millwright-{name}"));
        assert_eq!(dashboard["schemaVersion"], 39);
        let mut ids = HashSet::new();
        assert!(items(&dashboard, "panels").iter().all(|panel| ids.insert(panel["id"].as_u64())));
        for panel in panels(&dashboard) {
            for field in ["title", "description"] {
                text(panel, field);
            }
            text(&panel["fieldConfig"]["defaults"], "unit");
            assert!(!items(&panel["fieldConfig"]["defaults"]["thresholds"], "steps").is_empty());
            let mut refs = HashSet::new();
            for target in items(panel, "targets") {
                assert_eq!(target["datasource"]["uid"], "${datasource}");
                assert!(refs.insert(text(target, "refId")), "a query is there twice: {panel}");
                text(target, "expr");
            }
        }
    }
}

#[test]
fn panels_do_not_lie_upon_each_other() {
    for name in DASHBOARDS {
        let mut taken = HashSet::new();
        for panel in items(&dashboard(name), "panels") {
            let [x, y, w, h] =
                ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().expect("a number"));
            assert!(w > 0 && h > 0 && x + w <= 24, "{panel}");
            let mut cells = (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y)));
            assert!(cells.all(|cell| taken.insert(cell)), "{panel}");
        }
    }
}

#[test]
fn every_variable_of_a_query_is_one_of_its_dashboard() {
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        let known = items(&dashboard["templating"], "list");
        for target in panels(&dashboard).flat_map(|panel| items(panel, "targets")) {
            let left = known.iter().fold(shown(target), |expression, variable| {
                expression.replace(&format!("${}", text(variable, "name")), "")
            });
            assert!(!left.contains('$'), "{name}: {left}");
        }
    }
}

/// The query of a panel, over the time that Grafana would choose.
fn shown(target: &Value) -> String {
    text(target, "expr").replace("$__rate_interval", "30s")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Debian's prometheus"]
async fn every_query_finds_something() {
    let watched = Arc::new(Watched::start("press.shown").await);
    let prometheus = Prometheus::scraping(watched.metrics);
    timeout(PATIENCE, watched.overload()).await.expect("somebody is refused");
    watched.move_alias().await;
    let busy = watched.clone();
    // Rates need something that goes on.
    let traffic = tokio::spawn(async move {
        loop {
            busy.traffic().await;
            sleep(Duration::from_millis(100)).await;
        }
    });
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        for panel in panels(&dashboard) {
            for target in items(panel, "targets") {
                let expression = shown(target).replace("$instance", ".*").replace("$model", ".*");
                let found = timeout(PATIENCE, until_found(&prometheus, &expression)).await;
                assert!(found.is_ok(), "{name}, {}: nothing in {expression}", panel["title"]);
            }
        }
    }
    assert!(!traffic.is_finished(), "a call went wrong");
    traffic.abort();
}

/// Asks until there is a number.
async fn until_found(prometheus: &Prometheus, expression: &str) {
    while !prometheus.values(expression).await.into_iter().any(f64::is_finite) {
        sleep(Duration::from_millis(100)).await;
    }
}
