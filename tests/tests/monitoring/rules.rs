//! Prometheus's own tool, over what an operator copies and what it scrapes.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{page::get, watched::Watched};

/// docs/monitoring.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/monitoring")
}

/// What promtool says, which must find nothing wrong.
fn promtool(args: &[&str], input: &str) -> String {
    let mut promtool = Command::new("promtool")
        .args(args)
        .current_dir(folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is installed");
    let mut stdin = promtool.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    let output = promtool.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{args:?}: {said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Prometheus's promtool"]
async fn promtool_finds_nothing_to_say_about_the_metrics() {
    let watched = Watched::start("press.checked").await;
    watched.traffic().await;
    let page = get(watched.metrics, "/metrics").await;
    assert_eq!(promtool(&["check", "metrics"], &page), "");
}

#[test]
#[ignore = "needs Prometheus's promtool"]
fn alerts_fire_when_they_should_and_not_before() {
    promtool(&["check", "config", "prometheus.yml"], "");
    promtool(&["test", "rules", "alerts.test.yml"], "");
    let alerts = std::fs::read_to_string(folder().join("alerts.yml")).expect("there");
    let tests = std::fs::read_to_string(folder().join("alerts.test.yml")).expect("there");
    for alert in alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        let asked = format!("ALERTS{{alertname=\"{alert}\", alertstate=\"firing\"}}'");
        assert_eq!(tests.matches(&asked).count(), 2, "{alert} has no test of both");
    }
}
