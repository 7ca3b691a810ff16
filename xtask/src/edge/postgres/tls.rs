//! TLS to a database, with as much proof as its address asks for.

use crate::error::{Context as _, Failure, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;
use xtask_core::ship::database::{Check, Roots};

/// What speaks TLS to a server that passes `check`.
pub(super) fn connector(check: &Check) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = verifier(check, &provider)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .or_outside(|| "failed to set up TLS".to_owned())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// What tells whether a certificate passes `check`.
pub(in crate::edge) fn verifier(
    check: &Check,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    let provider = Arc::clone(provider);
    match check {
        Check::Nothing => Ok(Arc::new(AnyName { provider, roots: None })),
        Check::Authority(file) => {
            let roots = Some(read_roots(file)?);
            Ok(Arc::new(AnyName { provider, roots }))
        }
        Check::Name(Roots::File(file)) => {
            let roots = Arc::new(read_roots(file)?);
            let built = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
            Ok(built.or_usage(|| format!("cannot use the authorities in `{file}`"))?)
        }
        Check::Name(Roots::System) => {
            let system = rustls_platform_verifier::Verifier::new(provider);
            Ok(Arc::new(system.or_outside(|| "failed to read this machine's authorities".into())?))
        }
    }
}

/// The authorities in a PEM file.
fn read_roots(file: &str) -> Result<RootCertStore> {
    let cannot = || format!("cannot use the authorities in `{file}` (`sslrootcert`)");
    let text = std::fs::read(file).or_usage(cannot)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        roots.add(certificate.or_usage(cannot)?).or_usage(cannot)?;
    }
    if roots.is_empty() {
        return Err(Failure::usage(cannot()).reason("it holds no certificate in PEM"));
    }
    Ok(roots)
}

/// Takes a certificate of any name: of anybody, or of those for whom these authorities vouch. That
/// the server holds the certificate's key is checked always.
#[derive(Debug)]
struct AnyName {
    provider: Arc<CryptoProvider>,
    roots: Option<RootCertStore>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(certificate)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                roots,
                intermediates,
                now,
                algorithms,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
