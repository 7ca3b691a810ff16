//! HTTPS with authorities of our own: whom we trust, whom we do not, and in which words.

use super::server::{answering_tls, free_port};
use super::{settings, text, with_causes};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use xtask_http::{Client, Error, Settings};

/// A certificate authority that nobody knows.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        // Two of one name would be the same one with a wrong signature.
        let name = format!("authority {:02x?}", &key.public_key_raw()[..8]);
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A server that `name` belongs to.
    pub(crate) fn server(&self, name: &str) -> ServerConfig {
        self.server_with(name, |_| {})
    }

    fn server_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap()
    }

    /// A client that trusts it.
    fn client(&self) -> Client {
        Client::new(Settings { ca_file: Some(self.file()), ..settings() })
    }
}

#[tokio::test]
async fn an_authority_of_the_setting_is_trusted() {
    let authority = Authority::new();
    for name in ["127.0.0.1", "localhost"] {
        let server = answering_tls(authority.server(name), "fine").await;
        let url = format!("https://{name}:{}/", server.port);
        assert_eq!(text(&authority.client(), &url).await.unwrap(), (200, "fine".to_owned()));
    }
}

/// How a server's certificate is refused: why, and what to do.
async fn refused(client: &Client, config: ServerConfig) -> String {
    let server = answering_tls(config, "never").await;
    let url = format!("https://127.0.0.1:{}/?hunter2", server.port);
    let error = text(client, &url).await.unwrap_err();
    assert!(matches!(error, Error::Certificate { .. }) && !error.may_pass(), "{error:?}");
    assert!(server.whole().is_empty(), "nothing was asked");
    let text = with_causes(&error);
    let wanted = format!("cannot trust `127.0.0.1:{}`: ", server.port);
    assert!(text.starts_with(&wanted) && !text.contains("hunter2"), "{text}");
    format!("{}\n  hint: {}", &text[wanted.len()..], error.hint().unwrap())
}

#[tokio::test]
async fn whom_nobody_vouches_for_is_asked_nothing() {
    let (ours, other) = (Authority::new(), Authority::new());
    let why = refused(&other.client(), ours.server("127.0.0.1")).await;
    assert!(why.starts_with("this machine trusts no authority that vouches for its"), "{why}");
    assert!(why.contains("UnknownIssuer") && why.contains("(PEM) in `XTASK_CA_FILE`"), "{why}");
}

#[tokio::test]
async fn an_expired_certificate_and_one_for_another_name_say_so() {
    let authority = Authority::new();
    let expired = authority.server_with("127.0.0.1", |params| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    let why = refused(&authority.client(), expired).await;
    assert!(why.starts_with("its certificate has expired\n") && why.contains("clock"), "{why}");
    let early = authority.server_with("127.0.0.1", |params| {
        params.not_before = date_time_ymd(3019, 1, 1);
        params.not_after = date_time_ymd(3020, 1, 1);
    });
    let why = refused(&authority.client(), early).await;
    assert!(why.starts_with("its certificate is not valid yet\n"), "{why}");
    let why = refused(&authority.client(), authority.server("other.example")).await;
    assert!(why.starts_with("its certificate is for another name\n"), "{why}");
    assert!(why.contains("by a name that its certificate has"), "{why}");
}

#[tokio::test]
async fn a_file_without_authorities_is_an_error_and_not_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing\n").unwrap();
    for file in [empty, folder.path().join("absent.pem")] {
        let client = Client::new(Settings { ca_file: Some(file.clone()), ..settings() });
        let url = format!("https://127.0.0.1:{}/", free_port());
        let error = text(&client, &url).await.unwrap_err();
        let wanted = format!("cannot use the certificate authorities in `{}`: ", file.display());
        assert!(error.to_string().starts_with(&wanted), "{error}");
        assert!(!error.may_pass());
    }
}

#[tokio::test]
async fn who_speaks_no_tls_is_said_to_be_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let plain = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        // Held until the client has judged what it heard.
        std::future::pending::<()>().await;
    };
    let authority = Authority::new();
    let client = authority.client();
    let error = tokio::select! {
        outcome = text(&client, &url) => outcome.unwrap_err(),
        () = plain => unreachable!("it never ends"),
    };
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}
