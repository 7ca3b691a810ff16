//! The first files of an image and of its service: a definition, sources that answer what a service
//! is asked, and what `deploy.toml` is to say of it.

use crate::deploy::Deploy;
use crate::finding::Findings;
use crate::image::definition::name_flaw;
use crate::platform::Platform;
use std::fmt;
use std::str::FromStr;

/// Where the ports of new services begin.
const FIRST_PORT: u16 = 8100;

/// What a service runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    Node,
    Python,
    /// Nothing: its program needs no library.
    Static,
}

/// The text is none of the runtimes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown runtime `{0}`; known: `node`, `python`, `static`")]
pub struct UnknownRuntime(String);

/// What is to be begun.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    pub runtime: Runtime,
    /// The name of the image and of its service.
    pub name: &'a str,
    /// The platform of this machine, which has a compiler for itself.
    pub platform: Platform,
    /// The ports that definitions of images name, also of services that `deploy.toml` does not.
    pub taken: &'a [u16],
}

/// What is written, and what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starter {
    /// Files by path, from the root of the repository, each with its text.
    pub files: Vec<(String, String)>,
    /// What `deploy.toml` is to say.
    pub stanza: String,
}

/// Why a service cannot be begun.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unfit {
    #[error("`{name}` {flaw}")]
    Name { name: String, flaw: String },
    #[error("`deploy.toml` has a service `{0}` already")]
    Taken(String),
    #[error("with it `deploy.toml` would have mistakes")]
    Deploy(#[source] Findings),
}

/// The images of Postgres, Redis and the other backing services are called so.
const BACKING: &str = "backing-";

/// What the service that is wished for begins with; `deploy` is what `text` says.
pub fn plan(wish: &Wish<'_>, deploy: &Deploy, text: &str) -> Result<Starter, Unfit> {
    let name = wish.name.to_owned();
    if let Some(flaw) = name_flaw(wish.name) {
        return Err(Unfit::Name { name, flaw });
    }
    if wish.name.starts_with(BACKING) {
        let flaw = format!("begins with `{BACKING}`, as the images do that services lean on");
        return Err(Unfit::Name { name, flaw });
    }
    if deploy.service(wish.name).is_some() {
        return Err(Unfit::Taken(name));
    }
    let fill = Fill::of(wish, deploy);
    let stanza = fill.text(include_str!("starter/stanza.toml"));
    Deploy::parse(&with(text, &stanza)).map_err(Unfit::Deploy)?;
    let files = wish.runtime.files().iter();
    let files = files.map(|(path, text)| (fill.text(path), fill.text(text))).collect();
    Ok(Starter { files, stanza })
}

/// `text` with the stanza at its end.
pub fn with(text: &str, stanza: &str) -> String {
    format!("{}\n{stanza}", text.trim_end_matches('\n'))
}

impl Runtime {
    /// Path and text of each file; the definition comes last, because what it names must be there.
    fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Node => &[
                ("services/@NAME@/main.js", include_str!("starter/node/main.js")),
                ("services/@NAME@/.npmrc", include_str!("starter/node/npmrc")),
                ("services/@NAME@/package.json", include_str!("starter/node/package.json")),
                (
                    "services/@NAME@/package-lock.json",
                    include_str!("starter/node/package-lock.json"),
                ),
                ("images/@NAME@.toml", include_str!("starter/node/definition.toml")),
            ],
            Self::Python => &[
                ("services/@NAME@/main.py", include_str!("starter/python/main.py")),
                (
                    "services/@NAME@/requirements.txt",
                    include_str!("starter/python/requirements.txt"),
                ),
                ("images/@NAME@.toml", include_str!("starter/python/definition.toml")),
            ],
            Self::Static => &[
                ("services/@NAME@/main.c", include_str!("starter/static/main.c")),
                ("images/@NAME@.toml", include_str!("starter/static/definition.toml")),
            ],
        }
    }
}

/// What the words of the files between two `@` are for one service.
struct Fill {
    name: String,
    platform: Platform,
    port: u16,
}

impl Fill {
    fn of(wish: &Wish<'_>, deploy: &Deploy) -> Self {
        let is_free = |port: &u16| {
            !wish.taken.contains(port) && deploy.services.iter().all(|it| it.port != *port)
        };
        let port = (FIRST_PORT..).find(is_free).expect("there are more ports than services");
        Self { name: wish.name.to_owned(), platform: wish.platform, port }
    }

    fn text(&self, text: &str) -> String {
        text.replace("@NAME@", &self.name)
            .replace("@PLATFORM@", &self.platform.to_string())
            .replace("@PORT@", &self.port.to_string())
    }
}

impl FromStr for Runtime {
    type Err = UnknownRuntime;

    fn from_str(text: &str) -> Result<Self, UnknownRuntime> {
        match text {
            "node" => Ok(Self::Node),
            "python" => Ok(Self::Python),
            "static" => Ok(Self::Static),
            other => Err(UnknownRuntime(other.to_owned())),
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Node => "node",
            Self::Python => "python",
            Self::Static => "static",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::{Access, drain};
    use crate::image::definition::Definition;

    const DEPLOY: &str = include_str!("../../../../deploy.toml");
    const BASE: &str = include_str!("../../../../images/bases/debian.toml");
    const ALL: [Runtime; 3] = [Runtime::Node, Runtime::Python, Runtime::Static];

    fn begun(runtime: Runtime, name: &str, text: &str) -> Result<Starter, Unfit> {
        let wish = Wish { runtime, name, platform: Platform::Arm64, taken: &[8102] };
        plan(&wish, &Deploy::parse(text).unwrap(), text)
    }

    #[test]
    fn what_is_begun_is_a_definition_that_fits_its_service() {
        for runtime in ALL {
            let starter = begun(runtime, "hello", DEPLOY).unwrap();
            let (file, text) = starter.files.last().unwrap();
            assert_eq!(file, "images/hello.toml");
            assert!(!text.contains('@') && !starter.stanza.contains('@'), "{text}");
            let definition = Definition::parse("hello", file, text).unwrap();
            let deploy = Deploy::parse(&with(DEPLOY, &starter.stanza)).unwrap();
            let service = deploy.service("hello").unwrap();
            assert_eq!(drain::check(service, &definition), Ok(()));
            assert_eq!(definition.config.ports, [service.port]);
            assert_eq!((service.port, service.access), (8100, Access::Internal));
            if let Some(base) = definition.base.clone() {
                definition.on_base(&base, BASE).unwrap();
            }
        }
    }

    #[test]
    fn a_program_is_built_for_the_machine_that_begins_it() {
        let starter = begun(Runtime::Static, "hello", DEPLOY).unwrap();
        let (file, text) = starter.files.last().unwrap();
        let definition = Definition::parse("hello", file, text).unwrap();
        assert_eq!(definition.platforms, [Platform::Arm64]);
        assert!(definition.layers.iter().all(crate::image::definition::Layer::differs));
    }

    #[test]
    fn the_next_service_gets_the_next_port() {
        let first = begun(Runtime::Node, "one", DEPLOY).unwrap();
        let more = with(DEPLOY, &first.stanza);
        let second = begun(Runtime::Python, "two", &more).unwrap();
        assert!(second.stanza.contains("port = 8101"), "{}", second.stanza);
        let more = with(&more, &second.stanza);
        Deploy::parse(&more).unwrap();
        // The definition of another names the one after it.
        let third = begun(Runtime::Static, "three", &more).unwrap();
        assert!(third.stanza.contains("port = 8103"), "{}", third.stanza);
    }

    #[test]
    fn names_that_cannot_be_or_are_taken_are_refused() {
        for (name, wanted) in [
            ("Hello", "`Hello` is not the name of an image: "),
            ("releases", "`releases` is the repository of releases"),
            ("hello-arm64", "`hello-arm64` ends in `-arm64`"),
            ("../x", "`../x` is not the name of an image: "),
            ("backend", "`deploy.toml` has a service `backend` already"),
            ("postgres", "with it `deploy.toml` would have mistakes"),
            ("a_b", "with it `deploy.toml` would have mistakes"),
        ] {
            let said = begun(Runtime::Node, name, DEPLOY).unwrap_err().to_string();
            assert!(said.starts_with(wanted), "{name}: {said}");
        }
    }

    #[test]
    fn runtimes_are_called_as_they_are_shown() {
        for runtime in ALL {
            assert_eq!(runtime.to_string().parse(), Ok(runtime));
        }
        let said = "go".parse::<Runtime>().unwrap_err().to_string();
        assert_eq!(said, "unknown runtime `go`; known: `node`, `python`, `static`");
    }
}
