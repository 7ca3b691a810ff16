//! How the process of an image is started: read from the definition, and judged as far as that
//! can be done without the image's files.

use crate::reader::Table;
use serde::Serialize;
use std::collections::BTreeSet;

/// How the process of an image is started, and how it is asked for its health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Config {
    /// `uid:gid`; never root.
    pub user: String,
    /// The program itself, so that signals arrive.
    pub entrypoint: Vec<String>,
    /// Where it is started.
    pub working_directory: String,
    /// Variables in the order of the file.
    pub env: Vec<(String, String)>,
    /// The ports it listens on.
    pub ports: Vec<u16>,
    /// Labels; they are part of the image's digest.
    pub labels: Vec<(String, String)>,
    /// What the engine runs inside the container to judge it.
    pub health: Option<HealthCommand>,
}

/// What the engine runs inside a container to judge its health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HealthCommand {
    /// The program and its arguments; 0 is healthy.
    pub command: Vec<String>,
    /// Seconds between two runs.
    pub interval_seconds: u64,
    /// Seconds that one run may take.
    pub timeout_seconds: u64,
    /// Seconds after the start in which a failure does not count.
    pub start_seconds: u64,
    /// Failures in a row that make it unhealthy.
    pub retries: u64,
}

pub(super) fn read(table: &Table<'_>) -> Option<Config> {
    let user = read_user(table);
    let entrypoint = read_command(table, "entrypoint");
    let working_directory = read_working_directory(table);
    let env = table.optional_table("env").map(|env| read_env(&env)).unwrap_or_default();
    let ports = read_ports(table);
    let labels = table.optional_table("labels").map(|it| read_labels(&it)).unwrap_or_default();
    let health = table.optional_table("health").map(|table| read_health(&table));
    table.refuse_unknown();
    Some(Config {
        user: user?,
        entrypoint,
        working_directory: working_directory?,
        env,
        ports,
        labels,
        health: health.map_or(Some(None), |read| read.map(Some))?,
    })
}

fn read_user(table: &Table<'_>) -> Option<String> {
    let user = table.text("user")?;
    let ids: Vec<Option<u32>> = user.split(':').map(|id| id.parse().ok()).collect();
    match ids.as_slice() {
        [Some(uid), Some(_)] if *uid > 0 => Some(user),
        _ => {
            table.refuse("user", format!("`{user}` is not `uid:gid` with a uid above 0"));
            None
        }
    }
}

/// A program and its arguments.
fn read_command(table: &Table<'_>, key: &str) -> Vec<String> {
    let command = table.texts(key);
    match command.first() {
        None => table.refuse(key, "missing; it is required: a program and its arguments"),
        Some(program) if program.trim() != program || program.is_empty() => {
            let message = format!("`{program}` is not the name of a program");
            table.refuse(key, message + "; write program and arguments as texts of their own");
        }
        Some(_) => {}
    }
    if command.iter().any(|word| word.contains('\0')) {
        table.refuse(key, "holds a NUL, which no program can be given");
    }
    command
}

fn read_working_directory(table: &Table<'_>) -> Option<String> {
    let path = table.text("working_directory")?;
    let Some(why) = absolute_flaw(&path) else { return Some(path) };
    table.refuse("working_directory", format!("`{path}` {why}"));
    None
}

/// What is wrong with a path that should be absolute and plain.
fn absolute_flaw(path: &str) -> Option<&'static str> {
    let Some(rest) = path.strip_prefix('/') else {
        return Some("is relative; wanted a path from the root of the image, such as `/app`");
    };
    let odd = |part: &str| matches!(part, "" | "." | "..") || part.contains('\0');
    let is_plain = rest.is_empty() || !rest.split('/').any(odd);
    (!is_plain).then_some("is not plain; wanted no `.`, `..`, double or last `/` in it")
}

fn read_env(table: &Table<'_>) -> Vec<(String, String)> {
    let mut env = Vec::new();
    for name in table.keys() {
        let Some(value) = table.text(&name) else { continue };
        if !is_variable(&name) {
            let wanted = "wanted letters, digits and `_`, not beginning with a digit";
            table.refuse(&name, format!("`{name}` is not the name of a variable; {wanted}"));
        }
        if value.contains('\0') {
            table.refuse(&name, "holds a NUL, which no variable can");
        }
        if name == "PATH" {
            refuse_odd_folders(table, &value);
        }
        env.push((name, value));
    }
    table.refuse_unknown();
    env
}

/// An empty or a relative folder of `PATH` is one of wherever the process happens to be.
fn refuse_odd_folders(table: &Table<'_>, path: &str) {
    let mut seen = BTreeSet::new();
    for folder in path.split(':') {
        if let Some(why) = absolute_flaw(folder) {
            table.refuse("PATH", format!("`{folder}` {why}"));
        } else if !seen.insert(folder) {
            table.refuse("PATH", format!("`{folder}` is in it twice"));
        }
    }
}

fn is_variable(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(legal) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

fn read_labels(table: &Table<'_>) -> Vec<(String, String)> {
    let odd = |character: char| character.is_whitespace() || character.is_control();
    let mut labels = Vec::new();
    for name in table.keys() {
        let Some(value) = table.text(&name) else { continue };
        if name.is_empty() || name.contains(odd) || name.contains(['=', '"']) {
            let wanted = "wanted one word, such as `org.opencontainers.image.title`";
            table.refuse(&name, format!("`{name}` is not the name of a label; {wanted}"));
        }
        labels.push((name, value));
    }
    table.refuse_unknown();
    labels
}

fn read_ports(table: &Table<'_>) -> Vec<u16> {
    let mut ports = Vec::new();
    for text in table.texts("ports") {
        let written_plainly = |port: &u16| *port > 0 && port.to_string() == text;
        match text.parse().ok().filter(written_plainly) {
            Some(port) if ports.contains(&port) => {
                table.refuse("ports", format!("`{text}` is named twice"));
            }
            Some(port) => ports.push(port),
            None => {
                table
                    .refuse("ports", format!("`{text}` is not a port; wanted one from 1 to 65535"));
            }
        }
    }
    ports
}

fn read_health(table: &Table<'_>) -> Option<HealthCommand> {
    let command = read_command(table, "command");
    let interval_seconds = table.number("interval_seconds", 1..=3600);
    let timeout_seconds = table.number("timeout_seconds", 1..=600);
    let start_seconds = table.number("start_seconds", 0..=3600);
    let retries = table.number("retries", 1..=100);
    table.refuse_unknown();
    Some(HealthCommand {
        command,
        interval_seconds: interval_seconds?,
        timeout_seconds: timeout_seconds?,
        start_seconds: start_seconds?,
        retries: retries?,
    })
}

#[cfg(test)]
mod tests {
    use crate::image::definition::Definition;

    const LAYER: &str = "[[layer]]\nname = \"a\"\nkind = \"debian\"\npackages = [\"dash\"]\n";

    fn mistakes(config: &str) -> String {
        let text = format!("{LAYER}[budget]\nunpacked_mb = 1\n[config]\n{config}");
        match Definition::parse("x", "x.toml", &text) {
            Ok(_) => String::new(),
            Err(findings) => findings.to_string(),
        }
    }

    #[test]
    fn a_process_that_can_never_start_so_is_refused_with_every_line() {
        let found = mistakes(
            r#"user = "nutri"
entrypoint = [""]
working_directory = "app"
ports = ["80", "080", "80", "0", "80/udp"]
[config.env]
"A-B" = "x"
"1" = "x"
PATH = "/bin::bin:/bin:/usr/bin/"
[config.labels]
"a b" = "x"
[config.health]
command = []
interval_seconds = 0
timeout_seconds = 1
start_seconds = 1
retries = 1
"#,
        );
        insta::assert_snapshot!(found);
    }

    #[test]
    fn a_process_that_can_start_is_not_refused() {
        let found = mistakes(
            r#"user = "1:0"
entrypoint = ["node", ""]
working_directory = "/a/b.c"
ports = ["80", "8080"]
[config.env]
_a1 = ""
PATH = "/usr/bin:/bin"
[config.labels]
"org.example.a-b" = ""
"#,
        );
        assert_eq!(found, "");
    }
}
