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
        Ok(Err(error)) => refused(error.kind()),
        Err(_) => Seen::Shut,
    }
}

/// Only an answer of the other side, or its silence, says that a port is shut. Where this machine
/// has no way there, no right to ask or no socket left, nothing was asked.
fn refused(kind: ErrorKind) -> Seen {
    match kind {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::TimedOut => {
            Seen::Shut
        }
        _ => Seen::Unknown,
    }
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

    #[test]
    fn what_was_not_asked_is_not_shut() {
        for kind in [ErrorKind::ConnectionRefused, ErrorKind::ConnectionReset, ErrorKind::TimedOut]
        {
            assert_eq!(refused(kind), Seen::Shut, "{kind}");
        }
        let here = [
            ErrorKind::PermissionDenied,
            ErrorKind::NetworkUnreachable,
            ErrorKind::HostUnreachable,
            ErrorKind::AddrNotAvailable,
            std::io::Error::from_raw_os_error(EMFILE).kind(),
        ];
        for kind in here {
            assert_eq!(refused(kind), Seen::Unknown, "{kind}");
        }
    }

    /// No file descriptor is left.
    const EMFILE: i32 = 24;
}
