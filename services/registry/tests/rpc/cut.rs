//! An upload that is cut in the middle, by the death of the registry.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use millwright_client::{RegistryClient, RetryPolicy};
use tokio::{
    io::{self, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::{
    process::Process,
    resumed,
    running::{Registry, arrived, artifacts, bind, files},
};

const MIB: u64 = 1 << 20;

/// A way to a registry that can be cut. It counts what is sent.
struct Way {
    address: SocketAddr,
    leads: watch::Sender<Option<End>>,
    sent: Arc<AtomicU64>,
}

/// Where a way leads.
#[derive(Clone, Copy)]
struct End {
    address: SocketAddr,
    /// Bytes that one connection lets through.
    most: u64,
}

impl Way {
    /// A way that leads nowhere yet: who takes it waits.
    async fn new() -> Self {
        let (listener, address) = bind().await;
        let (leads, led) = watch::channel(None);
        let sent = Arc::new(AtomicU64::new(0));
        tokio::spawn(accept(listener, led, sent.clone()));
        Self { address, leads, sent }
    }

    /// Leads to `address` from now on, and lets `most` bytes through.
    fn open(&self, address: SocketAddr, most: u64) {
        self.sent.store(0, SeqCst);
        self.leads.send_replace(Some(End { address, most }));
    }

    fn cut(&self) {
        self.leads.send_replace(None);
    }
}

async fn accept(
    listener: TcpListener,
    led: watch::Receiver<Option<End>>,
    sent: Arc<AtomicU64>,
) -> io::Result<()> {
    loop {
        let (caller, _) = listener.accept().await?;
        tokio::spawn(lead(caller, led.clone(), sent.clone()));
    }
}

/// Leads one connection to its end, until the way is cut.
async fn lead(
    mut caller: TcpStream,
    mut led: watch::Receiver<Option<End>>,
    sent: Arc<AtomicU64>,
) -> io::Result<()> {
    let Ok(Some(end)) = led.wait_for(Option::is_some).await.map(|end| *end) else { return Ok(()) };
    let mut registry = TcpStream::connect(end.address).await?;
    let (mut from_registry, mut to_registry) = registry.split();
    let (from_caller, mut to_caller) = caller.split();
    let there = async {
        let mut from_caller = from_caller.take(end.most);
        let mut buffer = vec![0; 64 << 10];
        loop {
            let n = from_caller.read(&mut buffer).await?;
            if n == 0 {
                // Nothing more is let through; or the caller has left, which the way back shows.
                return std::future::pending::<io::Result<()>>().await;
            }
            sent.fetch_add(n as u64, SeqCst);
            to_registry.write_all(&buffer[..n]).await?;
        }
    };
    tokio::select! {
        outcome = there => outcome,
        outcome = io::copy(&mut from_registry, &mut to_caller) => outcome.map(|_| ()),
        _ = led.wait_for(Option::is_none) => Ok(()),
    }
}

#[tokio::test]
async fn an_upload_goes_on_where_the_registry_was_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes: Vec<u8> = (0..64 * MIB).map(|i| (i % 251) as u8).collect();
    let way = Way::new().await;
    let client = RegistryClient::connect_lazy(&way.address.to_string()).expect("an address");
    let client = client.with_retry(RetryPolicy::PATIENT);

    let process = Process::start(folder.path()).await;
    way.open(process.address, 40 * MIB);
    let (uploading, bytes) = (client.clone(), Bytes::from(bytes));
    let sending = bytes.clone();
    let upload =
        tokio::spawn(async move { uploading.upload_artifact("text/plain", sending).await });
    // The last message may have been cut in two, and frames have headers.
    arrived(&artifacts(folder.path()), 39 * MIB + MIB / 2).await;
    way.cut();
    drop(process);

    let process = Process::start(folder.path()).await;
    way.open(process.address, u64::MAX);
    let artifact = upload.await.expect("no panic").expect("it goes on by itself");
    let sent = way.sent.load(SeqCst);
    assert!((24 * MIB..=25 * MIB).contains(&sent), "{sent} bytes were sent after the cut");
    assert!(client.download_artifact(&artifact).await.expect("there") == bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_that_send_the_same_at_once_both_succeed() {
    let registry = Registry::start().await;
    let bytes = Bytes::from(vec![7; 16 << 20]);
    let upload = || {
        let client = RegistryClient::connect_lazy(&registry.address.to_string());
        let client = client.expect("an address").with_retry(RetryPolicy::PATIENT);
        let bytes = bytes.clone();
        tokio::spawn(async move { client.upload_artifact("text/plain", bytes).await })
    };
    for uploaded in [upload(), upload(), upload()] {
        uploaded.await.expect("no panic").expect("it ends");
    }
    assert_eq!(files(&registry.artifacts()), 1);
}

#[tokio::test]
async fn a_client_begins_anew_where_what_had_arrived_is_damaged() {
    let (registry, bytes) = (Registry::start().await, resumed::bytes());
    resumed::cut(&registry, &bytes).await;
    let registry = registry.restart().await;
    resumed::damage(&registry);
    let client = RegistryClient::connect_lazy(&registry.address.to_string()).expect("an address");
    let uploaded = client.upload_artifact("application/octet-stream", bytes.clone().into()).await;
    let read = client.download_artifact(&uploaded.expect("it ends")).await.expect("there");
    assert!(read == bytes);
}
