//! What an image is made of: `images/<name>.toml`, read whole, with every mistake.

mod layer;

pub use layer::{Addition, Copy, Debian, Layer, NATIVE_SUFFIX, Ownership, Stuff};

use crate::finding::Findings;
use crate::reader::{Source, Table};
use crate::release::RELEASES_REPOSITORY;

/// One image, for every platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its name: the file's name without `.toml`.
    pub name: String,
    /// The base it stands on: the name of a file in `images/bases`, whose layers come first.
    pub base: Option<String>,
    /// Layers from the one that changes least to the one that changes most.
    pub layers: Vec<Layer>,
    /// How its process is started.
    pub config: Config,
    /// The most it may weigh unpacked, in MB (millions of bytes).
    pub budget_mb: u64,
}

/// How the process of an image is started, and how it is asked for its health.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl Definition {
    /// Reads the definition called `name` from `text`; `file` is how messages call it.
    pub fn parse(name: &str, file: &str, text: &str) -> Result<Self, Findings> {
        Source::new(file, text).read(|root| read(name, root))
    }

    /// The same image on the layers of its base, which is in `file` and says `text`.
    pub fn on_base(mut self, file: &str, text: &str) -> Result<Self, Findings> {
        let read = |root: &Table<'_>| Some(root.tables("layer", layer::read));
        let mut layers = Source::new(file, text).read(read)?;
        layers.append(&mut self.layers);
        Ok(Self { layers, ..self })
    }

    /// The layer that a blob called `name` holds, whole or half.
    pub fn layer_called(&self, name: &str) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.is_called(name))
    }

    /// The layers that are made of Debian packages, in order.
    pub fn debian_layers(&self) -> impl Iterator<Item = (&Layer, &Debian)> {
        self.layers.iter().filter_map(|layer| match &layer.stuff {
            Stuff::Debian(debian) => Some((layer, debian)),
            _ => None,
        })
    }
}

fn read(name: &str, root: &Table<'_>) -> Option<Definition> {
    if name == RELEASES_REPOSITORY {
        let said = "is the repository of releases, beside those of images; choose another name";
        root.refuse("(name)", format!("`{name}` {said}"));
    }
    let base = root.optional_text("base");
    let layers = root.tables("layer", layer::read);
    if layers.is_empty() {
        root.refuse("layer", "missing; an image has at least one `[[layer]]`");
    }
    let config = root.table("config").map(|table| read_config(&table));
    let budget = root.table("budget").map(|table| {
        let unpacked = table.number("unpacked_mb", 1..=100_000);
        table.refuse_unknown();
        unpacked
    });
    Some(Definition { name: name.to_owned(), base, layers, config: config??, budget_mb: budget?? })
}

fn read_config(table: &Table<'_>) -> Option<Config> {
    let user = read_user(table);
    let entrypoint = table.texts("entrypoint");
    if entrypoint.is_empty() {
        table.refuse("entrypoint", "missing; it is required");
    }
    let working_directory = table.text("working_directory");
    let env = table.text_table("env");
    let ports = read_ports(table);
    let labels = table.text_table("labels");
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

fn read_ports(table: &Table<'_>) -> Vec<u16> {
    let texts = table.texts("ports").into_iter();
    let read = texts.filter_map(|text| {
        let port = text.parse().ok().filter(|port| *port > 0);
        if port.is_none() {
            table.refuse("ports", format!("`{text}` is not a port"));
        }
        port
    });
    read.collect()
}

fn read_health(table: &Table<'_>) -> Option<HealthCommand> {
    let command = table.texts("command");
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
    use super::*;

    const GOOD: &str = r#"
[[layer]]
name = "base"
kind = "debian"
packages = ["libc6"]
without = { debconf = "asked by scripts only" }
directories = { tmp = "1777", data = "0700 70:70" }
links = { "bin/sh" = "dash" }
files = { "etc/passwd" = "root:x:0:0::/:\n" }

[[layer]]
name = "app"
kind = "build"
path = "services/backend"
run = ["node", "build.js"]
copy = { dist = "app/dist" }
drop = ["**/*.map"]

[config]
user = "65532:65532"
entrypoint = ["/bin/true"]
working_directory = "/"
ports = ["3000"]

[budget]
unpacked_mb = 200
"#;

    #[test]
    fn a_definition_reads_its_layers_in_order() {
        let definition = Definition::parse("x", "images/x.toml", GOOD).unwrap();
        let names: Vec<&str> = definition.layers.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["base", "app"]);
        assert_eq!(definition.layers[0].additions.len(), 4);
    }

    #[test]
    fn a_build_that_does_not_say_what_runs_is_refused() {
        let silent = GOOD.replace("run = [\"node\", \"build.js\"]\n", "");
        let error = Definition::parse("x", "images/x.toml", &silent).unwrap_err();
        assert!(error.to_string().contains(".run`: missing; it is the program"), "{error}");
    }

    #[test]
    fn the_layers_of_a_base_come_first() {
        let above = format!("base = \"debian\"\n{GOOD}");
        let definition = Definition::parse("x", "images/x.toml", &above).unwrap();
        let below = "[[layer]]\nname = \"below\"\nkind = \"debian\"\npackages = [\"dash\"]\n";
        let whole = definition.on_base("images/bases/debian.toml", below).unwrap();
        let names: Vec<&str> = whole.layers.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["below", "base", "app"]);
    }

    #[test]
    fn files_are_native_by_name_only_where_layers_are_split_by_file() {
        let bad = GOOD.replace("drop = [", "native = [\"app/x\"]\ndrop = [");
        let error = Definition::parse("x", "images/x.toml", &bad).unwrap_err().to_string();
        assert!(error.contains("only layers of kind `npm` and `wheels` are split"), "{error}");
        let good = bad.replace("kind = \"build\"", "kind = \"npm\"");
        let good = good.lines().filter(|line| !line.starts_with("run =")).collect::<Vec<_>>();
        let good = good.join("\n");
        let definition = Definition::parse("x", "images/x.toml", &good).unwrap();
        assert_eq!(definition.layers[1].native, ["app/x"]);
    }

    #[test]
    fn paths_that_escape_and_users_that_are_root_are_refused() {
        let bad = GOOD
            .replace("\"bin/sh\"", "\"../sh\"")
            .replace("= \"app/dist\"", "= \"/app/dist\"")
            .replace("65532:65532", "0:0")
            .replace("\"1777\"", "\"17x7\"")
            .replace("kind = \"build\"", "kind = \"zip\"");
        let error = Definition::parse("x", "images/x.toml", &bad).unwrap_err();
        insta::assert_snapshot!(error.to_string());
    }
}
