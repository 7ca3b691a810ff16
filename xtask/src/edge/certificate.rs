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
    let addresses = (host, port).to_socket_addrs().or_outside(failed)?;
    let mut last = std::io::Error::other("the name has no address");
    let stream = addresses.into_iter().find_map(|address| {
        TcpStream::connect_timeout(&address, LIMIT).map_err(|error| last = error).ok()
    });
    let stream = stream.ok_or(last).or_outside(failed)?;
    stream.set_read_timeout(Some(LIMIT)).or_outside(failed)?;
    stream.set_write_timeout(Some(LIMIT)).or_outside(failed)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection};
    use std::net::TcpListener;

    /// Serves one greeting with a certificate that nobody vouches for and that has ended.
    fn serve() -> (u16, std::thread::JoinHandle<()>) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 3, 31);
        let certificate = params.self_signed(&key).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut session = ServerConnection::new(Arc::new(config)).unwrap();
            while session.is_handshaking() {
                session.complete_io(&mut stream).unwrap();
            }
        });
        (port, served)
    }

    #[test]
    fn the_dates_of_a_certificate_are_read_though_it_has_ended() {
        let (port, served) = serve();
        let (begins, ends) = validity("127.0.0.1", port).unwrap();
        served.join().unwrap();
        assert_eq!(begins.to_string(), "2020-01-01T00:00:00Z");
        assert_eq!(ends.to_string(), "2020-03-31T00:00:00Z");
    }

    #[test]
    fn a_server_without_tls_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = std::thread::spawn(move || drop(listener.accept()));
        let said = validity("127.0.0.1", port).unwrap_err().to_string();
        served.join().unwrap();
        assert!(said.contains("failed to read the certificate of `127.0.0.1`"), "{said}");
    }
}
