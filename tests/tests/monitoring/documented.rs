//! docs/monitoring/README.md names what is exported: no more, and no less.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::{sleep, timeout};

use crate::{
    page::{Families, families, get, labels},
    watched::Watched,
};

/// How long something may be missing, on a machine that is slow.
const PATIENCE: Duration = Duration::from_secs(60);

const README: &str = include_str!("../../../docs/monitoring/README.md");

/// The rows of the tables: name, type, labels.
fn documented() -> Families {
    let rows = README.lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let cells = line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>();
        let [name, kind, labels, meaning] = cells[..] else { panic!("not four cells: {line}") };
        assert!(!meaning.is_empty(), "{name} means nothing");
        let labels = labels.split(',').map(|label| label.trim().trim_matches('`').to_owned());
        let labels = labels.filter(|label| !label.is_empty()).collect::<BTreeSet<_>>();
        (name.trim_matches('`').to_owned(), (kind.to_owned(), labels))
    };
    rows.map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_metrics_is_what_is_exported() {
    let watched = Watched::start("press.documented").await;
    watched.traffic().await;
    watched.move_alias().await;
    let documented = documented();
    let told = async {
        loop {
            let page = get(watched.metrics, "/metrics").await;
            let exported = families(&page);
            // What is counted in the background comes within a second or so.
            if exported.len() >= documented.len() {
                return (page, exported);
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let (page, exported) = timeout(PATIENCE, told).await.unwrap_or_default();
    for (name, told) in &exported {
        assert_eq!(Some(told), documented.get(name), "{name} is exported");
    }
    for name in documented.keys() {
        assert!(exported.contains_key(name), "{name} is documented");
    }
    let values = page.lines().flat_map(labels).map(|(_, value)| value);
    assert!(!values.into_iter().any(|value| value.contains("motor")), "a row is in a label");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_gone_is_shown_no_more() {
    let watched = Watched::start("press.gone").await;
    let loaded = |page: &str, version: u64| {
        let sample = format!("millwright_queue_rows{{model=\"press.gone\",version=\"{version}\"}}");
        page.contains(&sample)
    };
    let gone = async {
        loop {
            let page = get(watched.metrics, "/metrics").await;
            if loaded(&page, 2) && !loaded(&page, 1) {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("version 1 answers to no alias");
}
