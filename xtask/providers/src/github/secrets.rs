//! Secrets and variables of an environment of a repository, which its jobs are given. A secret is
//! sealed for GitHub's key before it is sent, and nobody reads it there again.

use super::client::GitHub;
use super::error::Error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::aead::OsRng;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};
use xtask_core::secret::Secret;
use xtask_http::{Method, StatusCode};

/// As many as GitHub gives at once.
const PAGE: usize = 100;

/// The key that secrets of one environment are sealed for; others have others.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SealingKey {
    /// Its name, which is sent with what was sealed for it.
    pub key_id: String,
    /// The key, in base64.
    pub key: String,
}

/// A secret as GitHub lists it: never its value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ListedSecret {
    pub name: String,
    /// When it was written.
    pub updated_at: String,
}

#[derive(Deserialize)]
struct Listed {
    total_count: usize,
    secrets: Vec<ListedSecret>,
}

#[derive(Deserialize)]
struct Variable {
    value: String,
}

impl SealingKey {
    /// `value` as only the owner of the key opens it: a sealed box of libsodium, in base64.
    pub fn seal(&self, value: &Secret) -> Result<String, Error> {
        let key = STANDARD.decode(&self.key).ok();
        let key = key.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).ok_or(Error::Key)?;
        let sealed = crypto_box::PublicKey::from(key).seal(&mut OsRng, value.expose().as_bytes());
        sealed.map(|sealed| STANDARD.encode(sealed)).map_err(|_| Error::Key)
    }
}

impl GitHub {
    /// The key of an environment.
    pub async fn sealing_key(&self, environment: &str) -> Result<SealingKey, Error> {
        self.ask(Method::GET, &of(environment, "secrets/public-key"), None).await
    }

    /// Every secret of an environment.
    pub async fn secrets(&self, environment: &str) -> Result<Vec<ListedSecret>, Error> {
        let mut all = Vec::new();
        for page in 1.. {
            let path = of(environment, &format!("secrets?per_page={PAGE}&page={page}"));
            let listed: Listed = self.ask(Method::GET, &path, None).await?;
            let is_last = listed.secrets.is_empty();
            all.extend(listed.secrets);
            if is_last || all.len() >= listed.total_count {
                break;
            }
        }
        Ok(all)
    }

    /// Writes a secret, whatever was there.
    pub async fn put_secret(
        &self,
        environment: &str,
        name: &str,
        value: &Secret,
        key: &SealingKey,
    ) -> Result<(), Error> {
        let body = json!({ "encrypted_value": key.seal(value)?, "key_id": key.key_id });
        self.tell(Method::PUT, &of(environment, &format!("secrets/{name}")), body).await
    }

    /// A variable of an environment, if it is there.
    pub async fn variable(&self, environment: &str, name: &str) -> Result<Option<String>, Error> {
        let path = of(environment, &format!("variables/{name}"));
        match self.ask::<Variable>(Method::GET, &path, None).await {
            Ok(variable) => Ok(Some(variable.value)),
            Err(Error::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a variable; `is_new` says that it was not there.
    pub async fn set_variable(
        &self,
        environment: &str,
        name: &str,
        value: &str,
        is_new: bool,
    ) -> Result<(), Error> {
        let body: Value = json!({ "name": name, "value": value });
        match is_new {
            true => self.tell(Method::POST, &of(environment, "variables"), body).await,
            false => {
                let path = of(environment, &format!("variables/{name}"));
                self.tell(Method::PATCH, &path, body).await
            }
        }
    }
}

fn of(environment: &str, rest: &str) -> String {
    let environment = utf8_percent_encode(environment, NON_ALPHANUMERIC);
    format!("environments/{environment}/{rest}")
}
