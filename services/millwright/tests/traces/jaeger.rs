//! A real Jaeger, all in one process, and its query API.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{eventually, program::arg, span::Span};

/// What it is told; the ports are filled in.
const CONFIG: &str = include_str!("../../../../tests/jaeger/config.yaml");

/// Jaeger on free ports, its traces in memory.
pub(crate) struct Jaeger {
    pub(crate) endpoint: String,
    query: String,
    process: Child,
    _folder: TempDir,
}

impl Jaeger {
    /// Starts `program` and waits until it answers.
    pub(crate) fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let [otlp, query, grpc] = free_ports();
        let config = CONFIG.replace("${OTLP}", &otlp).replace("${QUERY}", &query);
        let file = folder.path().join("config.yaml");
        fs::write(&file, config.replace("${GRPC}", &grpc)).expect("written");
        let mut command = Command::new(program);
        let command = command.args(["--config", arg(&file)]).stdout(Stdio::null());
        let process = command.stderr(Stdio::null()).spawn().expect(".ci/long builds it");
        let endpoint = format!("http://{otlp}");
        let jaeger = Self { endpoint, query, process, _folder: folder };
        eventually("Jaeger answers", || get(&jaeger.query, "/api/v3/services"));
        eventually("Jaeger takes spans", || TcpStream::connect(&otlp).ok());
        jaeger
    }

    /// All spans of all services.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let services = get(&self.query, "/api/v3/services").expect("Jaeger answers");
        let services = services["services"].as_array().cloned().unwrap_or_default();
        let of = |service: &Value| {
            let service = service.as_str().expect("a name");
            // Hours around any clock that this runs by.
            let time = "query.start_time_min=2020-01-01T00:00:00Z\
                        &query.start_time_max=2100-01-01T00:00:00Z";
            let path =
                format!("/api/v3/traces?query.service_name={service}&{time}&query.num_traces=1000");
            get(&self.query, &path).map(|found| Span::of_json(&found["result"])).unwrap_or_default()
        };
        let mut spans = services.iter().flat_map(of).collect::<Vec<_>>();
        // A trace that several services took part in is found once for each.
        spans.sort_by(|a, b| a.id.cmp(&b.id));
        spans.dedup_by(|a, b| a.id == b.id);
        spans
    }
}

impl Drop for Jaeger {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Ports that were free a moment ago.
fn free_ports() -> [String; 3] {
    let bound = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    bound.map(|listener| listener.local_addr().expect("it is bound").to_string())
}

/// The JSON that `address` answers.
fn get(address: &str, path: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(address).ok()?;
    // 1.0: the answer ends with the connection, and comes in one piece.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.contains(" 200 ").then(|| serde_json::from_str(body).ok())?
}
