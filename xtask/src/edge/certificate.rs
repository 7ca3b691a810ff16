//! The certificate that a server shows, whoever vouches for it: nothing is sent but a greeting.

use super::postgres::tls::verifier;
use crate::error::{Context as _, Failure, Result};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use xtask_core::moment::Moment;
use xtask_core::ship::database::Check;

const LIMIT: Duration = Duration::from_secs(10);

/// From when to when the certificate of `host` is good.
pub fn validity(host: &str, port: u16) -> Result<(Moment, Moment)> {
    let failed = || format!("failed to read the certificate of `{host}`");
    let mut session = session(host)?;
    let mut stream = connect(host, port)?;
    while session.is_handshaking() {
        session.complete_io(&mut stream).or_outside(failed)?;
    }
    let shown = session.peer_certificates().and_then(|all| all.first());
    let shown = shown.ok_or_else(|| Failure::outside(failed()).reason("it showed none"))?;
    let certificate = Certificate::from_der(shown).or_outside(failed)?;
    let validity = &certificate.tbs_certificate.validity;
    let moment = |time: &x509_cert::time::Time| {
        let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok();
        let moment = seconds.and_then(Moment::from_seconds);
        moment.ok_or_else(|| Failure::outside(failed()).reason("its dates make no sense"))
    };
    Ok((moment(&validity.not_before)?, moment(&validity.not_after)?))
}

fn session(host: &str) -> Result<ClientConnection> {
    let failed = || format!("failed to set up TLS for `{host}`");
    let provider = Arc::new(default_provider());
    let verifier = verifier(&Check::Nothing, &provider)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .or_outside(failed)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).or_outside(failed)?;
    ClientConnection::new(Arc::new(config), name).or_outside(failed)
}

fn connect(host: &str, port: u16) -> Result<TcpStream> {
    let failed = || format!("failed to reach `{host}:{port}`");
    let mut addresses = (host, port).to_socket_addrs().or_outside(failed)?;
    let address = addresses.next().ok_or_else(|| Failure::outside(failed()))?;
    let stream = TcpStream::connect_timeout(&address, LIMIT).or_outside(failed)?;
    stream.set_read_timeout(Some(LIMIT)).or_outside(failed)?;
    stream.set_write_timeout(Some(LIMIT)).or_outside(failed)?;
    Ok(stream)
}
