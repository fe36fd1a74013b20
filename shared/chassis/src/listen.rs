//! Where a server may listen.

use std::{io::ErrorKind, net::SocketAddr};

use tokio::net::TcpListener;

use crate::ConfigError;

/// Who may be able to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This machine alone.
    Loopback,
    /// Whoever reaches the machine: said aloud by `--insecure`.
    Network,
}

impl Reach {
    /// Checks that `address`, the value of `flag`, does not open more than was said.
    ///
    /// # Errors
    /// Off loopback without `--insecure`.
    pub fn check(self, flag: &'static str, address: SocketAddr) -> Result<SocketAddr, ConfigError> {
        if self == Self::Network || address.ip().is_loopback() {
            return Ok(address);
        }
        let problem = format!(
            "{address} can be reached by others, and nothing is encrypted or asks for a password \
             yet: use 127.0.0.1, or say --insecure if that is meant"
        );
        Err(ConfigError::new(flag, problem))
    }
}

/// Binds `address`, the value of `flag`. Port 0 picks a free port.
///
/// # Errors
/// The port is taken, or the address is not this machine's: names both and says what to do.
pub async fn bind(flag: &'static str, address: SocketAddr) -> Result<TcpListener, ConfigError> {
    TcpListener::bind(address).await.map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse => "the port is taken: stop what uses it or choose another port",
            ErrorKind::AddrNotAvailable => {
                "this machine has no such address: choose one of its own"
            }
            ErrorKind::PermissionDenied => "not permitted: choose a port from 1024",
            _ => "cannot listen there",
        };
        ConfigError::unavailable(flag, format!("{address}: {advice} ({error})"))
    })
}
