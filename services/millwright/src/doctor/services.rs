//! The services, and the ports that they would take.

use std::{fmt::Display, io::ErrorKind, net::SocketAddr, time::Duration};

use millwright_client::{ClientError, Serving};
use tokio::{
    net::{TcpListener, lookup_host},
    time::timeout,
};

use super::finding::Finding;
use crate::{connection::Addresses, service::Service};

const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

pub(super) async fn examine(addresses: &Addresses) -> Vec<Finding> {
    let mut findings = Vec::with_capacity(Service::ALL.len());
    for service in Service::ALL {
        findings.push(look_at(service, service.address(addresses)).await);
    }
    findings
}

async fn look_at(service: Service, address: &str) -> Finding {
    let name = service.name();
    let asked = timeout(ANSWERS_WITHIN, service.check(address)).await;
    let Ok(answer) = asked else { return absent(name, address, &"no answer in time").await };
    match answer {
        Ok(Serving::Yes) => Finding::fine(name, format!("serves at {address}")),
        Ok(Serving::No) => Finding::warning(
            name,
            format!("answers at {address}, and does not serve"),
            "it is starting or stopping: see its log if that lasts",
        ),
        Err(error @ ClientError::Address { .. }) => {
            Finding::problem(name, error, "correct the address")
        }
        Err(error) => absent(name, address, &error).await,
    }
}

/// A service that does not answer: nobody is there, or somebody else is.
async fn absent(name: &str, address: &str, error: &dyn Display) -> Finding {
    let Some(local) = local(address).await else {
        return Finding::problem(name, error, "start it there, or name where it is");
    };
    match TcpListener::bind(local).await {
        Err(taken) if taken.kind() == ErrorKind::AddrInUse => Finding::problem(
            name,
            format!("another program has the port of {address}"),
            "stop that program, or choose another port for the service and for its callers",
        ),
        _ => Finding::warning(
            name,
            format!("nothing listens at {address}"),
            "start it, for example by `millwright up`",
        ),
    }
}

/// The address, if it is one of this machine: of others, nothing can be said.
async fn local(address: &str) -> Option<SocketAddr> {
    let mut found = lookup_host(address).await.ok()?;
    found.find(|address| address.ip().is_loopback())
}
