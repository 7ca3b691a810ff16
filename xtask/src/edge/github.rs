//! GitHub, as far as a pull request needs it: one commit on a branch of our own, and the request
//! itself. Through its API alone, so that no git ever holds the token.

use crate::error::{Context as _, Failure, Result};
use serde_json::{Value, json};
use std::time::Duration;
use ureq::tls::{RootCerts, TlsConfig};
use xtask_core::secret::Secret;

/// A repository on GitHub, and who we are there.
pub struct GitHub {
    api: String,
    repository: String,
    token: Secret,
}

/// What is proposed.
#[derive(Debug)]
pub struct Proposal {
    /// The branch, which is ours alone: what was on it is replaced.
    pub branch: String,
    /// Where it is to go.
    pub base: String,
    /// The commit that it stands on.
    pub commit: String,
    /// Files by path, with their whole text.
    pub files: Vec<(String, String)>,
    /// The title of the request, and the message of the commit.
    pub title: String,
    /// What a person reads.
    pub body: String,
}

impl GitHub {
    /// As GitHub's own machines are told: `GITHUB_REPOSITORY`, `GITHUB_TOKEN`, `GITHUB_API_URL`.
    pub fn of_environment() -> Result<Self> {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let wanted = |name: &str| {
            text(name).ok_or_else(|| {
                Failure::usage(format!("cannot open a pull request: `{name}` is not set"))
                    .hint("without `--apply` the difference is only shown")
            })
        };
        let api = text("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned());
        let (repository, token) = (wanted("GITHUB_REPOSITORY")?, wanted("GITHUB_TOKEN")?);
        Ok(Self { api, repository, token: Secret::new(token) })
    }

    /// Puts `proposal` on its branch and opens a request for it, or renews the one that is open.
    /// Gives back its address. Killed anywhere, it may be done again.
    pub fn propose(&self, proposal: &Proposal) -> Result<String> {
        let base = self.wanted("GET", &format!("git/commits/{}", proposal.commit), None)?;
        let files = proposal.files.iter().map(|(path, text)| {
            json!({ "path": path, "mode": "100644", "type": "blob", "content": text })
        });
        let tree = json!({
            "base_tree": base["tree"]["sha"], "tree": files.collect::<Vec<_>>(),
        });
        let tree = self.wanted("POST", "git/trees", Some(&tree))?;
        let commit = json!({
            "message": proposal.title, "tree": tree["sha"], "parents": [proposal.commit],
        });
        let commit = self.wanted("POST", "git/commits", Some(&commit))?;
        self.point(&proposal.branch, &commit["sha"])?;
        self.request(proposal)
    }

    fn point(&self, branch: &str, commit: &Value) -> Result<()> {
        let (status, _) = self.ask("GET", &format!("git/ref/heads/{branch}"), None)?;
        if status == 404 {
            let made = json!({ "ref": format!("refs/heads/{branch}"), "sha": commit });
            return self.wanted("POST", "git/refs", Some(&made)).map(drop);
        }
        let moved = json!({ "sha": commit, "force": true });
        self.wanted("PATCH", &format!("git/refs/heads/{branch}"), Some(&moved)).map(drop)
    }

    fn request(&self, proposal: &Proposal) -> Result<String> {
        let Proposal { branch, base, title, body, .. } = proposal;
        let owner = self.repository.split('/').next().unwrap_or_default();
        let open = format!("pulls?state=open&head={owner}:{branch}&base={base}");
        let open = self.wanted("GET", &open, None)?;
        let said = json!({ "title": title, "body": body, "head": branch, "base": base });
        let request = match open[0]["number"].as_u64() {
            Some(number) => {
                let said = json!({ "title": title, "body": body });
                self.wanted("PATCH", &format!("pulls/{number}"), Some(&said))?
            }
            None => self.wanted("POST", "pulls", Some(&said))?,
        };
        Ok(request["html_url"].as_str().unwrap_or_default().to_owned())
    }

    /// The answer, if it is a good one.
    fn wanted(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let (status, answer) = self.ask(method, path, body)?;
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let said = answer["message"].as_str().unwrap_or("nothing");
        let failure = Failure::outside(format!("failed to propose to `{}`", self.repository))
            .reason(format!("{method} {path} answered {status}"))
            .reason(format!("GitHub said: {said}"));
        Err(match status {
            401 | 403 | 404 => failure.hint(
                "the token needs `contents: write` and `pull-requests: write`, and the \
                 repository must let workflows open pull requests",
            ),
            _ => failure,
        })
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        let failed = || format!("failed to ask GitHub for `{path}`");
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}/repos/{}/{path}", self.api, self.repository))
            .header("Authorization", format!("Bearer {}", self.token.expose()))
            .header("Accept", "application/vnd.github+json")
            .header("X-GitHub-Api-Version", "2022-11-28")
            .header("User-Agent", "xtask")
            .body(body.map(Value::to_string).unwrap_or_default())
            .or_usage(failed)?;
        let mut answer = agent().run(request).or_outside(failed)?;
        let text = answer.body_mut().with_config().limit(8 << 20).read_to_string();
        let value = serde_json::from_str(&text.or_outside(failed)?).unwrap_or_default();
        Ok((answer.status().as_u16(), value))
    }
}

/// No redirect is followed: the token is for one host.
fn agent() -> ureq::Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(std::sync::Arc::new(
            rustls::crypto::ring::default_provider(),
        ))
        .build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(Duration::from_secs(60)))
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .max_redirects(0);
    config.build().into()
}
