//! GitHub, as far as a pull request goes: commits, trees, branches and requests; and deployments
//! with their statuses. In memory, for whoever has the token. It refuses what the real one refuses.

mod deployments;
mod environments;

pub use deployments::{Deployments, Exchange};
pub use environments::{Environment, Kept};

use crate::double::{Answers, Double};
use crate::http::{Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The token that it knows.
pub const TOKEN: &str = "fake-github-token";

/// A running GitHub with one repository, `acme/nutri`.
pub type FakeGitHub = Double<GitHub>;

/// What the repository holds.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Trees by name: paths and texts that were put upon the base.
    pub trees: BTreeMap<String, Value>,
    /// Commits by name: what they were made with.
    pub commits: BTreeMap<String, Value>,
    /// Branches, and the commit of each.
    pub branches: BTreeMap<String, String>,
    /// Requests, in order.
    pub pulls: Vec<Value>,
    /// Deployments, and what was said of each.
    pub deployments: Deployments,
    /// Environments by name.
    pub environments: BTreeMap<String, Environment>,
    /// What was asked and answered about environments.
    pub exchanges: Vec<Exchange>,
}

/// What it has.
#[derive(Debug, Default)]
pub struct GitHub {
    state: Mutex<State>,
}

impl FakeGitHub {
    /// Starts one whose `main` is at `commit`.
    pub fn start(commit: &str) -> Self {
        let own = GitHub::default();
        let root = json!({ "tree": { "sha": "tree-of-main" } });
        own.lock().commits.insert(commit.to_owned(), root);
        Self::of(own)
    }

    /// A check of `commit` that has not passed.
    pub fn set_check_pending(&self, commit: &str) {
        self.own().lock().deployments.unchecked.push(commit.to_owned());
    }

    /// With an environment that has nothing in it.
    #[must_use]
    pub fn with_environment(self, name: &str) -> Self {
        self.own().lock().environments.insert(name.to_owned(), Environment::default());
        self
    }

    /// Somebody changes what the repository holds.
    pub fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.own().lock());
    }

    /// What the repository holds now.
    pub fn state(&self) -> State {
        self.own().lock().clone()
    }
}

impl GitHub {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answers for GitHub {
    const FAULTS: &'static str = "application/json";

    fn answer(&self, request: &Request) -> Response {
        // GitHub takes both words; its own client sends the second.
        let known = ["Bearer", "token"].map(|word| format!("{word} {TOKEN}"));
        let given = request.header("authorization").unwrap_or_default();
        if !known.iter().any(|it| it == given) {
            return answer(401, &json!({ "message": "Bad credentials" }));
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let path = request.path.strip_prefix("/repos/acme/nutri/").unwrap_or_default();
        let deployment = path.strip_prefix("deployments");
        if let Some(below) = deployment.filter(|it| it.is_empty() || it.starts_with('/')) {
            let (status, value) = self.lock().deploy(below, request, &body);
            return answer(status, &value);
        }
        let found = self.lock().serve(&request.method, path, request, &body);
        let (status, value) = found.unwrap_or((404, json!({ "message": "Not Found" })));
        answer(status, &value)
    }
}

fn answer(status: u16, value: &Value) -> Response {
    let answer = Response::new(status).with("Content-Type", "application/json; charset=utf-8");
    match status {
        204 => answer,
        _ => answer.body(value.to_string()),
    }
}

impl State {
    fn serve(
        &mut self,
        method: &str,
        path: &str,
        request: &Request,
        body: &Value,
    ) -> Option<(u16, Value)> {
        if let Some((environment, rest)) =
            path.strip_prefix("environments/").and_then(|path| path.split_once('/'))
        {
            let number = |name: &str, or: usize| {
                request.parameter(name).and_then(|it| it.parse().ok()).unwrap_or(or)
            };
            let page = (number("per_page", 10).clamp(1, 100), number("page", 1).max(1));
            let served = self.environments.get_mut(environment)?.serve(method, rest, page, body);
            if let Some((status, answer)) = &served {
                self.exchanges.push(Exchange::about(method, rest, body, *status, answer));
            }
            return served;
        }
        if let Some(name) = path.strip_prefix("git/commits/").filter(|_| method == "GET") {
            return self.commits.get(name).map(|commit| (200, commit.clone()));
        }
        if let Some(branch) = path.strip_prefix("git/ref/heads/").filter(|_| method == "GET") {
            return self.branches.get(branch).map(|commit| (200, json!({ "sha": commit })));
        }
        if let Some(branch) = path.strip_prefix("git/refs/heads/").filter(|_| method == "PATCH") {
            self.branches.get(branch)?;
            return Some(self.point(branch, body, 200));
        }
        if let Some(number) = path.strip_prefix("pulls/").filter(|_| method == "PATCH") {
            let pull = self.pulls.get_mut(number.parse::<usize>().ok()?.checked_sub(1)?)?;
            pull["title"] = body["title"].clone();
            pull["body"] = body["body"].clone();
            return Some((200, pull.clone()));
        }
        match (method, path) {
            ("POST", "git/trees") => {
                let name = format!("tree-{}", self.trees.len());
                self.trees.insert(name.clone(), body.clone());
                Some((201, json!({ "sha": name })))
            }
            ("POST", "git/commits") => self.commit(body),
            ("POST", "git/refs") => {
                let branch = body["ref"].as_str()?.strip_prefix("refs/heads/")?.to_owned();
                Some(self.point(&branch, body, 201))
            }
            ("GET", "pulls") => {
                let head = request.parameter("head")?.strip_prefix("acme:")?;
                let is_from = |pull: &&Value| pull["head"] == head;
                Some((200, self.pulls.iter().filter(is_from).cloned().collect()))
            }
            ("POST", "pulls") => Some(self.open(body)),
            _ => None,
        }
    }

    fn commit(&mut self, body: &Value) -> Option<(u16, Value)> {
        self.trees.get(body["tree"].as_str()?)?;
        self.commits.get(body["parents"][0].as_str()?)?;
        let name = format!("commit-{}", self.commits.len());
        self.commits.insert(name.clone(), body.clone());
        Some((201, json!({ "sha": name })))
    }

    fn point(&mut self, branch: &str, body: &Value, status: u16) -> (u16, Value) {
        let commit = body["sha"].as_str().unwrap_or_default();
        if !self.commits.contains_key(commit) {
            return (422, json!({ "message": "Object does not exist" }));
        }
        self.branches.insert(branch.to_owned(), commit.to_owned());
        (status, json!({ "sha": commit }))
    }

    fn open(&mut self, body: &Value) -> (u16, Value) {
        let head = body["head"].as_str().unwrap_or_default();
        if !self.branches.contains_key(head) || self.pulls.iter().any(|it| it["head"] == head) {
            return (422, json!({ "message": "Validation Failed" }));
        }
        let number = self.pulls.len() + 1;
        let mut pull = body.clone();
        pull["number"] = json!(number);
        pull["html_url"] = json!(format!("https://github.com/acme/nutri/pull/{number}"));
        self.pulls.push(pull.clone());
        (201, pull)
    }
}
