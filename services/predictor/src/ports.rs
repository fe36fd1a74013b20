//! Where a predictor listens.

use std::{fmt, net::SocketAddr, str::FromStr};

use millwright_chassis::{ConfigError, Reach, bind};
use tokio::net::TcpListener;

/// The flag of [`RestAddress`].
const REST: &str = "--rest";

/// Where a predictor shall listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// gRPC.
    pub grpc: SocketAddr,
    /// The REST face of the Open Inference Protocol.
    pub rest: RestAddress,
}

/// Where a predictor listens, gRPC and REST.
#[derive(Debug)]
pub struct Listeners {
    /// gRPC.
    pub grpc: TcpListener,
    /// The REST face of the Open Inference Protocol; without it there is none.
    pub rest: Option<TcpListener>,
}

/// gRPC alone.
impl From<TcpListener> for Listeners {
    fn from(grpc: TcpListener) -> Self {
        Self { grpc, rest: None }
    }
}

/// Where the REST face listens, or that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestAddress {
    /// There is none.
    Off,
    /// Here.
    At(SocketAddr),
}

impl RestAddress {
    /// Checks that the address does not open more than was said.
    ///
    /// # Errors
    /// Off loopback without `--insecure`.
    pub fn check(self, reach: Reach) -> Result<Self, ConfigError> {
        match self {
            Self::Off => Ok(self),
            Self::At(address) => reach.check(REST, address).map(Self::At),
        }
    }

    /// Binds the address, if there is one.
    ///
    /// # Errors
    /// The port is taken, or the address is not this machine's.
    pub async fn bind(self) -> Result<Option<TcpListener>, ConfigError> {
        match self {
            Self::Off => Ok(None),
            Self::At(address) => bind(REST, address).await.map(Some),
        }
    }
}

impl FromStr for RestAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse().map(Self::At).map_err(|_| "say ADDRESS:PORT, or off".to_owned())
    }
}

impl fmt::Display for RestAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::At(address) => address.fmt(f),
        }
    }
}
