//! A pull request, step by step, and what GitHub refuses.

use xtask_core::secret::Secret;
use xtask_fakes::github::{FakeGitHub, TOKEN};
use xtask_http::{Client, Settings};
use xtask_providers::github::{Changed, Error, GitHub, NewCommit, NewPull};

pub(crate) fn github(fake: &FakeGitHub, token: &str) -> GitHub {
    let client = Client::new(Settings::of(|_| None));
    GitHub::new(client, &fake.url(), "acme/nutri", Secret::new(token))
}

async fn commit(github: &GitHub, tree: &str) -> Result<String, Error> {
    let commit = NewCommit { message: "renew", tree, parents: &["c0"] };
    github.create_commit(&commit).await
}

#[tokio::test]
async fn a_commit_gets_onto_a_branch_and_into_one_request() {
    let fake = FakeGitHub::start("c0");
    let github = github(&fake, TOKEN);
    let base = github.commit("c0").await.unwrap().tree.sha;
    assert_eq!(base, "tree-of-main");
    let tree = github.create_tree(&base, &[Changed::new("a/b", "text\n")]).await.unwrap();
    let first = commit(&github, &tree).await.unwrap();
    assert!(!github.has_branch("renew").await.unwrap());
    github.create_branch("renew", &first).await.unwrap();
    assert!(github.has_branch("renew").await.unwrap());
    let second = commit(&github, &tree).await.unwrap();
    github.move_branch("renew", &second).await.unwrap();
    assert_eq!(fake.state().branches["renew"], second);

    assert_eq!(github.open_pulls("renew", "main").await.unwrap(), []);
    let pull = NewPull { title: "t", body: "b", head: "renew", base: "main" };
    let opened = github.create_pull(&pull).await.unwrap();
    assert_eq!(github.open_pulls("renew", "main").await.unwrap(), std::slice::from_ref(&opened));
    assert_eq!(github.update_pull(opened.number, "t2", "b2").await.unwrap(), opened);
    assert_eq!(fake.state().pulls[0]["title"], "t2");
    let file = &fake.state().trees[&tree]["tree"][0];
    let wanted = serde_json::json!({
        "path": "a/b", "mode": "100644", "type": "blob", "content": "text\n",
    });
    assert_eq!(file, &wanted);
}

#[tokio::test]
async fn a_refusal_has_githubs_words_and_not_the_token() {
    let fake = FakeGitHub::start("c0");
    let github = github(&fake, "hunter2");
    let error = github.open_pulls("renew", "main").await.unwrap_err();
    assert_eq!(error.to_string(), "GET pulls answered 401 Unauthorized");
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(cause.to_string(), "GitHub said: Bad credentials");
    assert!(!format!("{error:?} {github:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn what_github_knows_nothing_of_is_a_refusal_and_not_nothing() {
    let fake = FakeGitHub::start("c0");
    let github = github(&fake, TOKEN);
    let error = github.commit("c9").await.unwrap_err();
    assert!(matches!(&error, Error::Refused { status, .. } if status.as_u16() == 404), "{error:?}");
    let error = github.create_branch("renew", "c9").await.unwrap_err();
    assert!(matches!(&error, Error::Refused { status, .. } if status.as_u16() == 422), "{error:?}");
}
