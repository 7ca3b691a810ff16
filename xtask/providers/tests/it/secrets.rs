//! Secrets of an environment: sealed for the server's own key, listed, never read again.

use super::github::github;
use crypto_box::SecretKey;
use xtask_core::secret::Secret;
use xtask_fakes::github::{FakeGitHub, TOKEN};
use xtask_providers::github::Error;

const PRODUCTION: &str = "production";

#[tokio::test]
async fn what_is_put_is_opened_by_the_server_and_by_nobody_on_the_way() {
    let fake = FakeGitHub::start("c0").with_environment(PRODUCTION);
    let github = github(&fake, TOKEN);
    let key = github.sealing_key(PRODUCTION).await.unwrap();
    let value = Secret::new("a secret\nover lines, with ümlauts");
    for time in ["2026-11-27T00:00:01Z", "2026-11-27T00:00:02Z"] {
        github.put_secret(PRODUCTION, "JWT_SECRET", &value, &key).await.unwrap();
        let listed = github.secrets(PRODUCTION).await.unwrap();
        assert_eq!((listed[0].name.as_str(), listed[0].updated_at.as_str()), ("JWT_SECRET", time));
    }
    assert_eq!(fake.state().environments[PRODUCTION].secrets["JWT_SECRET"].value, value.expose());
    let twice = [key.seal(&value).unwrap(), key.seal(&value).unwrap()];
    assert!(twice[0] != twice[1] && !twice[0].contains("secret"));
}

#[tokio::test]
async fn what_github_refuses_is_told_without_the_value() {
    let fake = FakeGitHub::start("c0").with_environment(PRODUCTION);
    let github = github(&fake, TOKEN);
    let key = github.sealing_key(PRODUCTION).await.unwrap();
    let value = Secret::new("hunter2-7f3c19");
    let put = async |name: &str| github.put_secret(PRODUCTION, name, &value, &key).await;
    fake.change(|state| state.environments.get_mut(PRODUCTION).unwrap().change_key());
    let stale = put("JWT").await.unwrap_err();
    let error = github.secrets("elsewhere").await.unwrap_err();
    assert!(matches!(&error, Error::Refused { status, .. } if status.as_u16() == 404), "{error:?}");
    assert!(matches!(&stale, Error::Refused { status, .. } if status.as_u16() == 422), "{stale:?}");
    assert!(!format!("{stale:?}").contains("hunter2"), "{stale:?}");
    let none = xtask_providers::github::SealingKey { key_id: "1".into(), key: "AAAA".into() };
    assert!(matches!(none.seal(&value), Err(Error::Key)));
}

#[tokio::test]
async fn a_hundred_secrets_and_variables_are_all_there() {
    let fake = FakeGitHub::start("c0").with_environment(PRODUCTION);
    let github = github(&fake, TOKEN);
    fake.change(|state| {
        let environment = state.environments.get_mut(PRODUCTION).unwrap();
        for at in 0..250 {
            assert!(environment.write(&format!("S{at}"), "x"));
        }
    });
    assert_eq!(github.secrets(PRODUCTION).await.unwrap().len(), 250);
    assert_eq!(github.variable(PRODUCTION, "V").await.unwrap(), None);
    github.set_variable(PRODUCTION, "V", "1", true).await.unwrap();
    github.set_variable(PRODUCTION, "V", "2", false).await.unwrap();
    assert_eq!(github.variable(PRODUCTION, "V").await.unwrap().as_deref(), Some("2"));
}

/// A box that libsodium 1.0.20 sealed (PyNaCl 1.6.2) for the key of the bytes 0 to 31.
#[test]
fn a_box_of_libsodium_opens() {
    use base64::Engine as _;
    let decode = |text| base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let key = SecretKey::from(key);
    let public = decode("j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8=");
    assert_eq!(key.public_key().as_bytes().as_slice(), public);
    let sealed = decode(
        "FSnEW355wjTq21HQc2nH5xutLvKLOdUyk2M9KchXN1diVdYivNTrtBWPaD1kdDCEchbm5z1xk3BH79BNmlEReyLfsOiu",
    );
    assert_eq!(key.unseal(&sealed).unwrap(), b"a secret of libsodium");
}
