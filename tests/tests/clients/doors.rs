//! Doors in front of a real predictor: one whose connections break, one that speaks TLS.

use std::{
    fs,
    future::Future,
    io,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{
    io::{AsyncReadExt, copy, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

/// The name that every certificate here is for.
pub(crate) const NAME: &str = "predictor.plant.example";

/// An address that leads to a predictor, as long as it lives.
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    _passing: JoinSet<()>,
}

impl Door {
    async fn open<F>(pass: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let mut passing = JoinSet::new();
        passing.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((caller, _)) = listener.accept().await {
                connections.spawn(pass(caller));
            }
        });
        Self { address, _passing: passing }
    }
}

/// Cuts one connection, of all that its doors let through: the first that sends so much.
#[derive(Clone)]
pub(crate) struct Cut {
    most_sent: u64,
    done: Arc<AtomicBool>,
}

impl Cut {
    pub(crate) fn after(most_sent: u64) -> Self {
        Self { most_sent, done: Arc::default() }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.done.load(SeqCst)
    }

    pub(crate) async fn door(&self, predictor: SocketAddr) -> Door {
        let cut = self.clone();
        Door::open(move |caller| cut.clone().pass(caller, predictor)).await
    }

    async fn pass(self, caller: TcpStream, predictor: SocketAddr) -> io::Result<()> {
        let predictor = TcpStream::connect(predictor).await?;
        let (mut from_caller, mut to_caller) = caller.into_split();
        let (mut from_predictor, mut to_predictor) = predictor.into_split();
        let requests = async {
            let mut begin = (&mut from_caller).take(self.most_sent);
            copy(&mut begin, &mut to_predictor).await?;
            if begin.limit() == 0 && !self.done.swap(true, SeqCst) {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            copy(&mut from_caller, &mut to_predictor).await
        };
        let answers = copy(&mut from_predictor, &mut to_caller);
        tokio::try_join!(requests, answers).map(|_| ())
    }
}

/// A certificate that only whoever trusts it by name believes.
pub(crate) struct Identity {
    acceptor: TlsAcceptor,
}

impl Identity {
    /// A new one; what its callers must trust is written to `file`.
    pub(crate) fn new(file: &Path) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
        fs::write(file, cert.pem()).expect("a writable folder");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key of ours");
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("a key of the certificate");
        config.alpn_protocols = vec![b"h2".to_vec()];
        Self { acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    pub(crate) async fn door(&self, predictor: SocketAddr) -> Door {
        let acceptor = self.acceptor.clone();
        Door::open(move |caller| pass(acceptor.clone(), caller, predictor)).await
    }
}

async fn pass(acceptor: TlsAcceptor, caller: TcpStream, at: SocketAddr) -> io::Result<()> {
    let mut caller = acceptor.accept(caller).await?;
    let mut predictor = TcpStream::connect(at).await?;
    copy_bidirectional(&mut caller, &mut predictor).await.map(|_| ())
}
