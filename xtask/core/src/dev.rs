//! The stack that Compose runs on this machine: how it is called, and how far it is.

use crate::command::Command;
use std::time::Duration;

/// Images are built from nothing, and packages are fetched.
const BUILD_LIMIT: Duration = Duration::from_secs(3600);
/// Where Compose says which project and which folder a container is of.
pub const LABEL_PROJECT: &str = "com.docker.compose.project";
const LABEL_FOLDER: &str = "com.docker.compose.project.working_dir";
const LABEL_SERVICE: &str = "com.docker.compose.service";

/// Which of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sources are mounted, and edits are taken over.
    Development,
    /// As it is shipped, with limits, and nothing internal published.
    Production,
}

/// A stack: one Compose file under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    pub kind: Kind,
    /// What its containers, networks and volumes start with.
    pub name: String,
}

impl Stack {
    /// The stack of that kind of the project of `deploy.toml`.
    pub fn new(project: &str, kind: Kind) -> Self {
        let kind_word = match kind {
            Kind::Development => "dev",
            Kind::Production => "prod",
        };
        Self { kind, name: format!("{project}-{kind_word}") }
    }

    /// Its file, from the root of the repository.
    pub fn file(&self) -> &'static str {
        match self.kind {
            Kind::Development => "docker-compose.yml",
            Kind::Production => "docker-compose.prod.yml",
        }
    }

    /// A stack as in production that is there for a measurement only.
    pub fn measured(project: &str) -> Self {
        Self { kind: Kind::Production, name: format!("{project}-bench") }
    }

    /// Starts what does not run as the file says; with `build`, of images that are built now.
    pub fn up(&self, compose: Command, build: bool) -> Command {
        let images = if build { "--build" } else { "--no-build" };
        compose.args(["up", "--detach", images, "--remove-orphans"]).limit(BUILD_LIMIT)
    }

    /// The variables that name the images of the services, and what Compose builds is called.
    pub fn built(&self) -> [(&'static str, String); 2] {
        let image = |service: &str| format!("{}/{service}:compose", self.name);
        [("BACKEND_IMAGE", image("backend")), ("ML_SERVICE_IMAGE", image("ml-service"))]
    }

    /// Ends it; with `volumes`, its data goes too.
    pub fn down(&self, compose: Command, volumes: bool) -> Command {
        let down = compose.args(["down", "--remove-orphans"]).finishes();
        if volumes { down.arg("--volumes") } else { down }
    }

    /// What lists its containers, one a line, as [`members`] reads them.
    pub fn list(&self) -> Command {
        let format = format!(
            "{{{{.ID}}}}|{{{{.Label \"{LABEL_SERVICE}\"}}}}|{{{{.Status}}}}|{{{{.Label \"{LABEL_FOLDER}\"}}}}"
        );
        let mine = format!("label={LABEL_PROJECT}={}", self.name);
        Command::new("docker").args(["ps", "--all", "--filter", &mine, "--format", &format])
    }
}

/// A container of a stack, as the engine lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: String,
    pub service: String,
    pub state: State,
    /// The folder that Compose was run from.
    pub folder: String,
}

/// How a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its own check passes.
    Healthy,
    /// It runs, and its check does not pass, or not yet.
    Starting,
    /// It does not run.
    Ended,
}

/// Reads the list of a stack; a line that is none is a mistake of ours and not an empty stack.
pub fn members(listed: &str) -> Option<Vec<Member>> {
    listed.lines().filter(|line| !line.is_empty()).map(member).collect()
}

fn member(line: &str) -> Option<Member> {
    let mut parts = line.splitn(4, '|').map(ToOwned::to_owned);
    let (id, service, status) = (parts.next()?, parts.next()?, parts.next()?);
    let state = match status.as_str() {
        status if status.ends_with("(healthy)") => State::Healthy,
        status if status.starts_with("Up") => State::Starting,
        _ => State::Ended,
    };
    Some(Member { id, service, state, folder: parts.next()? })
}

/// How far a stack is on its way up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// All of it is healthy.
    Up,
    /// These are not healthy yet.
    Waiting(Vec<String>),
    /// This one does not run any more.
    Ended(String),
}

/// How far `members` are; `wanted` are the names of the services.
pub fn progress(members: &[Member], wanted: &[&str]) -> Progress {
    let of = |name: &&str| members.iter().find(|it| it.service == **name);
    if let Some(ended) = members.iter().find(|it| it.state == State::Ended) {
        return Progress::Ended(ended.service.clone());
    }
    let waiting: Vec<String> = wanted
        .iter()
        .filter(|name| of(name).is_none_or(|it| it.state != State::Healthy))
        .map(ToString::to_string)
        .collect();
    if waiting.is_empty() { Progress::Up } else { Progress::Waiting(waiting) }
}

/// The variables of a stack, as a file for Compose: what we chose, and after it, so that it wins,
/// what a person wrote into `.env`.
pub fn variables(chosen: &[(&str, &str)], own: &str) -> String {
    let lines = chosen.iter().map(|(name, value)| format!("{name}={value}\n"));
    lines.chain([own.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &str = "a1|postgres|Up 2 seconds (healthy)|/tree\n\
                          b2|backend|Up 1 second (health: starting)|/tree\n";

    #[test]
    fn a_stack_is_up_when_every_service_is_healthy() {
        let mut found = members(LISTED).unwrap();
        let wanted = ["postgres", "backend"];
        assert_eq!(progress(&found, &wanted), Progress::Waiting(vec!["backend".into()]));
        found[1].state = State::Healthy;
        assert_eq!(progress(&found, &wanted), Progress::Up);
        assert_eq!(progress(&[], &wanted), Progress::Waiting(wanted.map(String::from).to_vec()));
    }

    #[test]
    fn one_that_ended_is_named_and_a_line_that_cannot_be_read_is_no_empty_stack() {
        let ended = members("a1|backend|Exited (2) 3 seconds ago|/tree\n").unwrap();
        assert_eq!(progress(&ended, &["backend"]), Progress::Ended("backend".into()));
        let unhealthy = members("a1|backend|Up 9 seconds (unhealthy)|/tree").unwrap();
        assert_eq!(unhealthy[0].state, State::Starting);
        assert_eq!(members("what is this"), None);
        assert_eq!(members(""), Some(Vec::new()));
    }

    #[test]
    fn what_a_person_wrote_wins() {
        let text = variables(&[("A", "1"), ("B", "2")], "B=3\n");
        assert_eq!(text, "A=1\nB=2\nB=3\n");
    }

    #[test]
    fn data_goes_only_where_it_is_said() {
        let stack = Stack::new("nutri", Kind::Production);
        let compose = || Command::new("docker-compose");
        assert!(!stack.down(compose(), false).line().contains("volumes"));
        assert!(stack.down(compose(), true).line().ends_with("--volumes"));
        assert_eq!((stack.name.as_str(), stack.file()), ("nutri-prod", "docker-compose.prod.yml"));
    }
}
