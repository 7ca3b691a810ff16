//! Whether a port of somebody else's address takes connections.

use crate::error::{Context as _, Failure, Result, code};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;
use xtask_core::server::{Exposure, Seen, asked};

/// A firewall that drops says nothing; who answers at all does so within this.
const PATIENCE: Duration = Duration::from_secs(4);

/// Every address of `host`.
pub async fn addresses(host: &str) -> Result<BTreeSet<IpAddr>> {
    let failed = || format!("failed to look up `{host}`");
    let found = lookup_host((host, 0)).await.or_outside(failed)?;
    let found: BTreeSet<IpAddr> = found.map(|it| it.ip()).collect();
    match found.is_empty() {
        true => Err(Failure::outside(failed()).code(&code::SERVER_UNREACHED)),
        false => Ok(found),
    }
}

/// How every port that is to be known answers at `address`, all asked at once.
pub async fn knock_at(address: IpAddr, ssh: u16) -> Vec<Exposure> {
    let mut asking = JoinSet::new();
    for (place, (port, what, wanted)) in asked(ssh).into_iter().enumerate() {
        asking.spawn(async move {
            let seen = knock(SocketAddr::new(address, port)).await;
            (place, Exposure { address, port, what, wanted, seen })
        });
    }
    let mut found = asking.join_all().await;
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, exposure)| exposure).collect()
}

async fn knock(address: SocketAddr) -> Seen {
    match timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Seen::Open,
        Ok(Err(error)) if is_no_way(&error) => Seen::Unknown,
        Ok(Err(_)) | Err(_) => Seen::Shut,
    }
}

/// This machine has no way there, as to IPv6 from a network without it: nothing was asked.
fn is_no_way(error: &std::io::Error) -> bool {
    let kinds =
        [ErrorKind::NetworkUnreachable, ErrorKind::HostUnreachable, ErrorKind::AddrNotAvailable];
    kinds.contains(&error.kind())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpListener};

    #[tokio::test]
    async fn who_listens_is_open_and_who_does_not_is_shut() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(knock(address).await, Seen::Open);
        drop(listener);
        assert_eq!(knock(address).await, Seen::Shut);
    }
}
