//! Ports of a replay, in place of those that a reader has.

use std::net::{Ipv4Addr, TcpListener};

/// Those of the document: registry, trainer, predictor, metrics, REST, Prometheus, Jaeger's
/// collector and Jaeger's page.
const WRITTEN: [u16; 8] = [7401, 7402, 8001, 7403, 8000, 9090, 4317, 16686];

/// Below the ports that the system gives to those who ask for any, such as other tests.
const LOWEST: u16 = 20_000;
const SPAN: u16 = 10_000;

/// Which port stands for which.
pub(crate) struct Ports(Vec<(u16, u16)>);

impl Ports {
    /// Free ones, which differ from process to process.
    pub(crate) fn draw() -> Self {
        let first = (std::process::id() % u32::from(SPAN)) as u16;
        let ports = (0..SPAN).map(|i| LOWEST + (first + i) % SPAN);
        let free = ports.filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
        Self(WRITTEN.into_iter().zip(free).collect())
    }

    /// A command of the document with the ports of this replay.
    pub(crate) fn replayed(&self, command: &str) -> String {
        self.0.iter().fold(command.to_owned(), |text, (written, drawn)| {
            text.replace(&format!(":{written}"), &format!(":{drawn}"))
        })
    }

    /// What was printed with the ports of the document.
    pub(crate) fn written(&self, printed: &str) -> String {
        self.0.iter().fold(printed.to_owned(), |text, (written, drawn)| {
            text.replace(&format!(":{drawn}"), &format!(":{written}"))
        })
    }

    /// The variables by which the program takes the first five.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (String, String)> {
        let names = ["REGISTRY", "TRAINER", "PREDICTOR", "METRICS", "REST"];
        names
            .into_iter()
            .zip(&self.0)
            .map(|(name, (_, port))| (format!("MILLWRIGHT_{name}"), format!("127.0.0.1:{port}")))
    }
}
