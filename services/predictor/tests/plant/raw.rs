//! HTTP/1.1 byte by byte: what no client library sends.

use std::collections::HashMap;

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::serving::soon;

/// One connection.
pub(crate) struct Raw(BufReader<TcpStream>);

/// What came back.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    pub(crate) async fn connect(address: &str) -> Self {
        Self(BufReader::new(soon(TcpStream::connect(address)).await.expect("it listens")))
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.0.get_mut().write_all(bytes.as_ref())).await.expect("taken");
    }

    /// The next answer.
    pub(crate) async fn told(&mut self) -> Told {
        let status = self.line().await;
        let status = status.split(' ').nth(1).expect("a status").parse().expect("a number");
        let mut headers = HashMap::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").map_or("0", String::as_str);
        let mut body = vec![0; length.parse().expect("a length")];
        soon(self.0.read_exact(&mut body)).await.expect("as long as it says");
        Told { status, headers, body }
    }

    /// Sends no more, and gives what still comes.
    pub(crate) async fn hang_up(mut self) -> String {
        soon(self.0.get_mut().shutdown()).await.expect("open");
        let mut rest = String::new();
        soon(self.0.read_to_string(&mut rest)).await.expect("text");
        rest
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        soon(self.0.read_line(&mut line)).await.expect("text");
        line.trim_end().to_owned()
    }

    /// The answer to a request of `method` at `path`, with further `headers`, each with its line end.
    pub(crate) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Told {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: plant\r\ncontent-length: {length}\r\n{headers}\r\n"
        );
        self.send([head.as_bytes(), body].concat()).await;
        self.told().await
    }
}

impl Told {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().expect("an error").to_owned()
    }
}
