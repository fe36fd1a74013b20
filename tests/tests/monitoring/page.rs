//! `/metrics`, read as Prometheus reads it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What metrics there are: their type and the names of their labels.
pub(crate) type Families = BTreeMap<String, (String, BTreeSet<String>)>;

/// The body that `address` answers to a GET of `path`.
pub(crate) async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    // HTTP/1.0: the answer ends with the connection, and comes in one piece.
    let ask = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    body.to_owned()
}

/// The metrics of a page in the text format.
pub(crate) fn families(page: &str) -> Families {
    let mut families = Families::new();
    for line in page.lines() {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            let (name, kind) = declared.split_once(' ').expect("a name and a type");
            let before = families.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
            assert_eq!(before, None, "{name} is there twice");
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().expect("a line is not empty");
            let (_, of) = families.range_mut(..=name.to_owned()).next_back().expect("declared");
            of.1.extend(labels(line).map(|(label, _)| label.to_owned()));
        }
    }
    families
}

/// The labels of a sample, without the bound of a bucket.
pub(crate) fn labels(sample: &str) -> impl Iterator<Item = (&str, &str)> {
    let within = sample.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}'));
    let pairs = within.map_or("", |(pairs, _)| pairs).split("\",");
    let pairs = pairs.filter_map(|pair| pair.split_once("=\""));
    pairs.map(|(label, value)| (label, value.trim_end_matches('"'))).filter(|(l, _)| *l != "le")
}
