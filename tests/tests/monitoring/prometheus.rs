//! A real Prometheus.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::page::get;

/// A Prometheus that scrapes one address all the time; it ends when this is dropped.
pub(crate) struct Prometheus {
    process: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts it on a free port.
    pub(crate) fn scraping(target: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!(
            "global: {{scrape_interval: 250ms, scrape_timeout: 250ms}}\n\
             scrape_configs: [{{job_name: millwright, static_configs: [{{targets: [\"{target}\"]}}]}}]\n"
        );
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, config).expect("a writable folder");
        let mut process = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .stderr(Stdio::piped())
            .spawn()
            .expect("prometheus is installed");
        let mut log = BufReader::new(process.stderr.take().expect("piped"));
        let address = announced(&mut log);
        // A pipe that nobody reads would end it.
        std::thread::spawn(move || io::copy(&mut log, &mut io::sink()));
        Self { process, address, _folder: folder }
    }

    /// The values that `expression` has had in the last minute.
    pub(crate) async fn values(&self, expression: &str) -> Vec<f64> {
        let now = self.ask(&format!("/api/v1/query?query={}", escaped("time()"))).await;
        let now = now["data"]["result"][1].as_str().expect("a scalar").parse::<f64>();
        let now = now.expect("seconds");
        let (from, expression) = (now - 60.0, escaped(expression));
        let path = format!("/api/v1/query_range?query={expression}&start={from}&end={now}&step=1");
        let answer = self.ask(&path).await;
        let series = answer["data"]["result"].as_array().expect("a matrix");
        let samples = series.iter().filter_map(|one| one["values"].as_array()).flatten();
        let values = samples.filter_map(|sample| sample[1].as_str());
        values.map(|value| value.parse().expect("a number")).collect()
    }

    async fn ask(&self, path: &str) -> Value {
        let answer: Value = serde_json::from_str(&get(self.address, path).await).expect("JSON");
        assert_eq!(answer["status"], "success", "{answer}");
        answer
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where its log says that it listens.
fn announced(log: &mut impl BufRead) -> SocketAddr {
    let mut told = String::new();
    loop {
        let begin = told.len();
        assert_ne!(log.read_line(&mut told).expect("text"), 0, "it ended:\n{told}");
        let line = &told[begin..];
        if let Some((_, address)) = line.split_once("\"Listening on\" address=") {
            return address.trim().parse().expect("an address");
        }
    }
}

/// As a query of a URL (RFC 3986).
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}
