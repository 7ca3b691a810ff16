//! What GitHub runs for us, as data: when, in which jobs, with which rights, in which words.
//!
//! `table` holds every workflow. To add one, add a row there and run `cargo xtask workflows`;
//! nobody writes the YAML by hand.

pub mod action;
pub mod area;
pub mod dependabot;
pub mod drift;
pub mod newest;
mod render;
pub mod table;
mod yaml;

pub use action::Action;
pub use render::{HEAD, files};

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
    /// What becomes of a run when a newer one of the same group starts.
    pub overtaken: Overtaken,
    /// What it does.
    pub jobs: Vec<Job>,
}

/// What starts a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A pull request to `main`, and the queue in front of it.
    PullRequest,
    /// A push to `main`.
    Push,
    /// A time, in cron's five fields, UTC.
    Time(&'static str),
    /// A person.
    Person,
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
    pub id: &'static str,
    /// What people read.
    pub name: &'static str,
    /// The jobs before it.
    pub needs: Vec<&'static str>,
    /// When it runs; if all that it needs succeeded, unless said.
    pub condition: Option<&'static str>,
    /// What its token may do.
    pub permissions: Vec<Permission>,
    /// The environment whose secrets it may read.
    pub environment: Option<&'static str>,
    /// When it is ended.
    pub minutes: u64,
    /// What later jobs may read of it: a name, and an expression.
    pub outputs: Vec<(&'static str, String)>,
    /// Variables of all its steps.
    pub env: Vec<(&'static str, String)>,
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
    pub id: Option<&'static str>,
    /// When it runs.
    pub condition: Option<&'static str>,
    /// What it does.
    pub does: Does,
    /// Its variables.
    pub env: Vec<(&'static str, String)>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Does {
    /// Somebody else's action, with its inputs.
    Uses(Action, Vec<(&'static str, String)>),
    /// Our own program: the words behind `./x`.
    Runs(String),
    /// It fails. The one line that is no verb of ours: a gate has no checkout.
    Fails,
}

impl Job {
    /// A job that is ended after `minutes`.
    pub fn new(id: &'static str, name: &'static str, minutes: u64) -> Self {
        Self { id, name, minutes, ..Self::default() }
    }

    /// Waits for the job called `id`.
    #[must_use]
    pub fn after(mut self, id: &'static str) -> Self {
        self.needs.push(id);
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
    pub fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// Lets later jobs read an output of the step called `step`.
    #[must_use]
    pub fn output(mut self, name: &'static str, step: &str) -> Self {
        self.outputs.push((name, format!("${{{{ steps.{step}.outputs.{name} }}}}")));
        self
    }

    /// Adds steps.
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

    /// Fails.
    pub fn fails(name: &str) -> Self {
        Self::new(name, Does::Fails)
    }

    fn new(name: impl Into<String>, does: Does) -> Self {
        Self { name: name.into(), id: None, condition: None, does, env: Vec::new() }
    }

    /// What expressions call it.
    #[must_use]
    pub fn id(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        self
    }

    /// Says when it runs.
    #[must_use]
    pub fn when(mut self, condition: &'static str) -> Self {
        self.condition = Some(condition);
        self
    }

    /// Sets a variable for it.
    #[must_use]
    pub fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }
}
