//! One commit on a branch of our own, and the pull request for it. Through GitHub's API alone, so
//! that no git ever holds the token.

use crate::error::{Failure, Result};
use crate::runtime;
use std::time::Duration;
use xtask_core::secret::Secret;
use xtask_http::{Client, Settings};
use xtask_providers::github::{Changed, Error, GitHub, NewCommit, NewPull};

const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// What is proposed.
#[derive(Debug)]
pub(super) struct Proposal {
    /// The branch, which is ours alone: what was on it is replaced.
    pub(super) branch: &'static str,
    /// Where it is to go.
    pub(super) base: &'static str,
    /// The commit that it stands on.
    pub(super) commit: String,
    /// Files by path, with their whole text.
    pub(super) files: Vec<(String, String)>,
    /// The title of the request, and the message of the commit.
    pub(super) title: &'static str,
    /// What a person reads.
    pub(super) body: String,
}

/// As GitHub's own machines are told: `GITHUB_REPOSITORY`, `GITHUB_TOKEN`, `GITHUB_API_URL`.
pub(super) fn github_of_environment() -> Result<GitHub> {
    let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let wanted = |name: &str| {
        text(name).ok_or_else(|| {
            Failure::usage(format!("cannot open a pull request: `{name}` is not set"))
                .hint("without `--apply` the difference is only shown")
        })
    };
    let api = text("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned());
    let (repository, token) = (wanted("GITHUB_REPOSITORY")?, wanted("GITHUB_TOKEN")?);
    let client = Client::new(Settings::of_environment().within(ANSWER_LIMIT));
    Ok(GitHub::new(client, &api, &repository, Secret::new(token)))
}

/// Puts `proposal` on its branch and opens a request for it, or renews the one that is open.
/// Gives back its address. Killed anywhere, it may be done again.
pub(super) fn propose(github: &GitHub, proposal: &Proposal) -> Result<String> {
    runtime::wait(async {
        put_on_branch(github, proposal).await?;
        request(github, proposal).await
    })
    .map_err(|error| failed(github, &error))
}

async fn put_on_branch(github: &GitHub, proposal: &Proposal) -> Result<(), Error> {
    let Proposal { branch, commit, title, .. } = proposal;
    let base = github.commit(commit).await?.tree.sha;
    let files = proposal.files.iter().map(|(path, text)| Changed::new(path, text));
    let tree = github.create_tree(&base, &files.collect::<Vec<_>>()).await?;
    let own = NewCommit { message: title, tree: &tree, parents: &[commit] };
    let own = github.create_commit(&own).await?;
    match github.has_branch(branch).await? {
        true => github.move_branch(branch, &own).await,
        false => github.create_branch(branch, &own).await,
    }
}

async fn request(github: &GitHub, proposal: &Proposal) -> Result<String, Error> {
    let Proposal { branch, base, title, body, .. } = proposal;
    let open = github.open_pulls(branch, base).await?;
    let pull = match open.first() {
        Some(open) => github.update_pull(open.number, title, body).await?,
        None => github.create_pull(&NewPull { title, body, head: branch, base }).await?,
    };
    Ok(pull.html_url)
}

fn failed(github: &GitHub, error: &Error) -> Failure {
    let failure =
        Failure::outside(format!("failed to propose to `{}`", github.repository())).because(error);
    match error {
        Error::Refused { status, .. } if matches!(status.as_u16(), 401 | 403 | 404) => failure
            .hint(
                "the token needs `contents: write` and `pull-requests: write`, and the \
                 repository must let workflows open pull requests",
            ),
        _ => failure,
    }
}
