//! What GitHub runs for us, as data: when, in which jobs, with which rights, in which words.
//!
//! `table` holds every workflow. To add one, add a row there and run `cargo xtask workflows`;
//! nobody writes the YAML by hand.

pub mod action;
pub mod area;
mod backup;
pub mod dependabot;
mod deploy;
pub mod drift;
pub mod newest;
mod render;
pub mod table;
mod yaml;

pub use action::Action;
pub use deploy::Place;
pub use render::{HEAD, files};

use std::borrow::Cow;

/// A word that we chose, or one that `deploy.toml` did.
pub type Name = Cow<'static, str>;

/// One file in `.github/workflows`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflow {
    /// The file without `.yml`.
    pub file: &'static str,
    /// What GitHub's pages call it.
    pub name: &'static str,
    /// What it is for, in a sentence; it opens the file.
    pub purpose: &'static str,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// Which runs wait for each other; those of a branch, unless said.
    pub group: Option<&'static str>,
    /// What becomes of a run when a newer one of the same group starts.
    pub overtaken: Overtaken,
    /// What it does.
    pub jobs: Vec<Job>,
}

/// What starts a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A pull request to `main`, and the queue in front of it.
    PullRequest,
    /// A push to `main`.
    Push,
    /// A time, in cron's five fields, UTC.
    Time(&'static str),
    Person,
    /// A person who says what is wanted.
    Asked(Vec<Input>),
}

/// Something that a person says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// What expressions call it.
    pub name: &'static str,
    /// What people read.
    pub description: &'static str,
    /// What it may be, the default first; anything at all if there is none.
    pub options: Vec<String>,
}

/// What becomes of a run when a newer one of the same group starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overtaken {
    /// It is cancelled: nobody will read what it found.
    IsCancelled,
    /// It finishes, and the newer one waits: what it does must not be cut in half.
    Finishes,
}

/// Some steps on one machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// What other jobs call it.
    pub id: Name,
    /// What people read.
    pub name: Name,
    /// The jobs before it.
    pub needs: Vec<Name>,
    /// When it runs; if all that it needs succeeded, unless said.
    pub condition: Option<Name>,
    /// What its token may do.
    pub permissions: Vec<Permission>,
    /// Which jobs it waits for, in whatever run; those of its workflow, unless said.
    pub group: Option<String>,
    /// The environment whose secrets it may read.
    pub environment: Option<Name>,
    /// Where what it deploys is reached.
    pub url: Option<String>,
    /// When it is ended.
    pub minutes: u64,
    /// What later jobs may read of it: a name, and an expression.
    pub outputs: Vec<(&'static str, String)>,
    /// Variables of all its steps.
    pub env: Vec<(Name, String)>,
    /// What it does, in order.
    pub steps: Vec<Step>,
}

/// Something that a job's token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// GitHub's name of what it is about: `contents`, `packages`, …
    pub scope: &'static str,
    /// `read` or `write`.
    pub access: &'static str,
    /// Why the job needs it; written beside it as a comment.
    pub reason: &'static str,
}

/// One step of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What people read.
    pub name: String,
    /// What expressions call it.
    pub id: Option<Name>,
    /// When it runs.
    pub condition: Option<Name>,
    /// What it does.
    pub does: Does,
    pub env: Vec<(Name, String)>,
    /// Whether the job goes on where it fails.
    pub is_tolerated: bool,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Does {
    /// Somebody else's action, with its inputs.
    Uses(Action, Vec<(&'static str, String)>),
    /// Our own program: the words behind `./x`.
    Runs(String),
    /// It fails. No verb of ours, because a gate has no checkout.
    Fails,
    /// Nothing: its name is what it tells, and its condition says whether that is shown.
    Tells,
}

impl Job {
    /// A job that is ended after `minutes`.
    pub fn new(id: impl Into<Name>, name: impl Into<Name>, minutes: u64) -> Self {
        Self { id: id.into(), name: name.into(), minutes, ..Self::default() }
    }

    /// Waits for the job called `id`.
    #[must_use]
    pub fn after(mut self, id: impl Into<Name>) -> Self {
        self.needs.push(id.into());
        self
    }

    /// Lets its token do something.
    #[must_use]
    pub fn may(mut self, scope: &'static str, access: &'static str, reason: &'static str) -> Self {
        self.permissions.push(Permission { scope, access, reason });
        self
    }

    /// Sets a variable for all its steps.
    #[must_use]
    pub fn env(mut self, name: impl Into<Name>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Lets later jobs read an output of the step called `step`.
    #[must_use]
    pub fn output(mut self, name: &'static str, step: &str) -> Self {
        self.outputs.push((name, format!("${{{{ steps.{step}.outputs.{name} }}}}")));
        self
    }

    #[must_use]
    pub fn steps(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.steps.extend(steps);
        self
    }

    /// Adds a step that runs our own program.
    #[must_use]
    pub fn runs(self, name: impl Into<String>, words: impl Into<String>) -> Self {
        self.steps([Step::runs(name, words)])
    }
}

impl Step {
    /// Runs `./x` with `words`.
    pub fn runs(name: impl Into<String>, words: impl Into<String>) -> Self {
        Self::new(name, Does::Runs(words.into()))
    }

    /// Uses an action.
    pub fn uses(name: &str, action: Action, with: &[(&'static str, &str)]) -> Self {
        let with = with.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        Self::new(name, Does::Uses(action, with))
    }

    pub fn fails(name: &str) -> Self {
        Self::new(name, Does::Fails)
    }

    /// Shows `name`, where it may hold expressions.
    pub fn tells(name: impl Into<String>) -> Self {
        Self::new(name, Does::Tells)
    }

    fn new(name: impl Into<String>, does: Does) -> Self {
        Self {
            name: name.into(),
            id: None,
            condition: None,
            does,
            env: Vec::new(),
            is_tolerated: false,
        }
    }

    /// What expressions call it.
    #[must_use]
    pub fn id(mut self, id: impl Into<Name>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Says when it runs.
    #[must_use]
    pub fn when(mut self, condition: impl Into<Name>) -> Self {
        self.condition = Some(condition.into());
        self
    }

    /// Lets the job go on where it fails.
    #[must_use]
    pub fn tolerated(mut self) -> Self {
        self.is_tolerated = true;
        self
    }

    /// Sets a variable for it.
    #[must_use]
    pub fn env(mut self, name: impl Into<Name>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }
}
