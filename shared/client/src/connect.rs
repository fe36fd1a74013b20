//! Channels, all alike.

use std::time::Duration;

use tonic::{
    codegen::http::uri::Authority,
    transport::{Channel, Endpoint},
};

use crate::ClientError;

/// The longest message that is taken; the services' own default.
pub(crate) const MAX_MESSAGE: usize = 64 << 20;

/// Whether a client can be made for `address`: `host:port`, where the host is a name or an IP address.
pub fn is_address(address: &str) -> bool {
    let has_port = |(host, port): (&str, &str)| !host.is_empty() && port.parse::<u16>().is_ok();
    address.rsplit_once(':').is_some_and(has_port) && address.parse::<Authority>().is_ok()
}

/// A channel that connects when it is first used, and again whenever the connection was lost.
pub(crate) fn channel(service: &'static str, address: &str) -> Result<Channel, ClientError> {
    Ok(endpoint(service, address)?.connect_lazy())
}

/// What channels are made of.
pub(crate) fn endpoint(service: &'static str, address: &str) -> Result<Endpoint, ClientError> {
    let unusable = || ClientError::Address { service, address: address.to_owned() };
    if !is_address(address) {
        return Err(unusable());
    }
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|_| unusable())?;
    endpoint
        .connect_timeout(Duration::from_secs(5))
        .tcp_nodelay(true)
        // A peer that vanished without a word is noticed within 15 s, in the middle of a stream too.
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .user_agent(concat!("millwright/", env!("CARGO_PKG_VERSION")))
        .map_err(|_| unusable())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_a_host_and_a_port() {
        for (address, usable) in [
            ("127.0.0.1:7401", true),
            ("[::1]:7401", true),
            ("plant2-registry.local:7401", true),
            ("127.0.0.1", false),
            (":7401", false),
            ("127.0.0.1:port", false),
            ("http://127.0.0.1:7401", false),
            ("a b:7401", false),
        ] {
            assert_eq!(channel("registry", address).is_ok(), usable, "{address}");
        }
    }
}
