//! Pages whose commands are run: what a reader types is typed here, in order, against doubles, and
//! what the page says of it is what came out. `XTASK_TESTS_PAGES=write` writes the outputs anew.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod block;
mod shown;

pub(crate) use block::{Block, Does, Ends, Stream, blocks};

use crate::coolify_target::paged::{self, Stage};
use crate::world::World;
use shown::shown;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

/// Every page of which each block of shell says whether it is run. `images.md` has a world without
/// a server.
const PAGES: [&str; 5] = [
    "docs/images.md",
    "docs/deployment/README.md",
    "docs/deployment/RUNBOOK.md",
    "docs/deployment/SECRETS.md",
    "docs/deployment/SETUP.md",
];

fn path(page: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page)
}

fn read(page: &str) -> String {
    std::fs::read_to_string(path(page)).unwrap()
}

/// Where blocks are run, and what the page's words are there.
pub(crate) trait Place {
    fn world(&self) -> &World;
    /// What the page says, and what it is here; the first fits first.
    fn says(&self) -> Vec<(String, String)>;
}

/// What the block before has printed and said.
#[derive(Default)]
struct Said {
    out: String,
    error: String,
}

/// A page that is run: what was found, and its text with the outputs of today.
pub(crate) struct Reading {
    page: &'static str,
    lines: Vec<String>,
    findings: Vec<String>,
    /// Whether outputs are written anew.
    writes: bool,
}

impl Reading {
    pub(crate) fn of(page: &'static str) -> Self {
        let lines = read(page).lines().map(ToOwned::to_owned).collect();
        Self { page, lines, findings: Vec::new(), writes: is_written() }
    }

    /// Its blocks, in groups that begin where a new world does.
    pub(crate) fn acts(&self) -> Vec<(Option<String>, Vec<Block>)> {
        let mut acts: Vec<(Option<String>, Vec<Block>)> = vec![(None, Vec::new())];
        for block in blocks(&read(self.page)).unwrap() {
            if let Does::Run { on: Some(on), .. } = &block.does {
                acts.push((Some(on.clone()), Vec::new()));
            }
            acts.last_mut().unwrap().1.push(block);
        }
        acts
    }

    /// Runs what is to be run of `act`, and holds what came out against the page.
    pub(crate) fn play(&mut self, act: &[Block], place: &dyn Place) {
        let mut said = Said::default();
        for block in act {
            match &block.does {
                Does::Run { ends, .. } => said = self.run(block, ends, place),
                Does::File { path, appends } => write(place, path, &block.text, *appends),
                Does::Output(stream) => self.compare(block, *stream, &said, place),
                Does::Parsed | Does::Undecided | Does::Nothing => {}
            }
        }
    }

    fn run(&mut self, block: &Block, ends: &[Ends], place: &dyn Place) -> Said {
        let mut said = Said::default();
        let lines = block.text.lines().filter(|it| !it.trim().is_empty() && !it.starts_with('#'));
        for (at, line) in lines.enumerate() {
            let Ends::With(code) = ends[at.min(ends.len() - 1)] else { continue };
            let output = shell(place.world(), &here(line, place));
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (out, error) = (text(&output.stdout), text(&output.stderr));
            if output.status.code() != Some(code) {
                let (page, number) = (self.page, block.line + at);
                let ended = output.status;
                self.findings.push(format!(
                    "{page}:{number}: `{line}`: wanted {code}, {ended}\n{out}{error}"
                ));
            }
            said.out.push_str(&out);
            said.error.push_str(&error);
        }
        said
    }

    fn compare(&mut self, block: &Block, stream: Stream, said: &Said, place: &dyn Place) {
        let said = if stream == Stream::Out { &said.out } else { &said.error };
        let now = shown(said, &place.says());
        if now == block.text {
            return;
        }
        let first = block.line - 1;
        let old = block.text.lines().count();
        if self.writes {
            // Lines are marked and not removed, so that the numbers of later ones stay true.
            let marked = now.lines().map(ToOwned::to_owned).collect::<Vec<_>>().join("\n");
            for line in &mut self.lines[first..first + old] {
                *line = GONE.to_owned();
            }
            let fence = &mut self.lines[first - 1];
            write!(fence, "\n{marked}").unwrap();
            return;
        }
        let (page, line) = (self.page, block.line);
        self.findings.push(format!("{page}:{line}: wanted\n{}found\n{now}", block.text));
    }

    /// Ends it: nothing was found, or the page is written anew.
    pub(crate) fn end(self) {
        if self.writes {
            let kept = self.lines.iter().filter(|it| *it != GONE);
            let text: String = kept.map(|it| format!("{it}\n")).collect();
            std::fs::write(path(self.page), text).unwrap();
        }
        let hint = "XTASK_TESTS_PAGES=write writes outputs anew";
        assert!(self.findings.is_empty(), "{}\n  hint: {hint}", self.findings.join("\n"));
    }
}

/// A line that another one stands for.
const GONE: &str = "\u{0}";

fn is_written() -> bool {
    std::env::var("XTASK_TESTS_PAGES").is_ok_and(|it| it == "write")
}

/// What a reader types, with what the page leaves to them filled in.
fn here(text: &str, place: &dyn Place) -> String {
    place.says().iter().fold(text.to_owned(), |text, (page, test)| text.replace(page, test))
}

fn write(place: &dyn Place, path: &str, text: &str, appends: bool) {
    let text = here(text, place);
    let file = place.world().path(path);
    let before =
        if appends { std::fs::read_to_string(&file).unwrap() + "\n" } else { String::new() };
    place.world().write(path, &(before + &text));
}

/// A line in the shell of the reader, for whom `./x` and `cargo xtask` are the program under test.
fn shell(world: &World, line: &str) -> std::process::Output {
    let bin = world.path("../typed");
    let program = env!("CARGO_BIN_EXE_xtask");
    for (file, text) in [
        (bin.join("cargo"), format!("#!/bin/sh\nshift\nexec '{program}' \"$@\"\n")),
        (bin.join("x"), format!("#!/bin/sh\nexec '{program}' \"$@\"\n")),
    ] {
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(&file, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&file, mode).unwrap();
    }
    let line = line.replace("./x ", &format!("{}/x ", bin.display()));
    let like = world.command(&[]);
    let mut command = Command::new("bash");
    command.args(["-eu", "-o", "pipefail", "-c", &line]).current_dir(world.path("")).env_clear();
    command.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let path = like.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap();
    command.env("PATH", format!("{}:{}", bin.display(), path.to_str().unwrap()));
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

/// Runs a page of deployment, act by act, each on a stage of its own.
fn plays(page: &'static str) {
    let mut reading = Reading::of(page);
    let mut played = 0;
    for (on, act) in reading.acts() {
        let Some(on) = on else { continue };
        paged::on(&on, |stage: &Stage<'_>| reading.play(&act, stage));
        played += 1;
    }
    assert!(played > 0, "{page} runs nothing");
    reading.end();
}

#[test]
fn the_runbook_does_what_it_says() {
    plays("docs/deployment/RUNBOOK.md");
}

#[test]
fn the_page_of_secrets_does_what_it_says() {
    plays("docs/deployment/SECRETS.md");
}

#[test]
fn setting_up_does_what_the_page_says() {
    plays("docs/deployment/SETUP.md");
}

#[test]
fn the_page_of_images_does_what_it_says() {
    let (busybox, compiler) =
        required!(required_program("busybox").and(|| required_program("x86_64-linux-gnu-gcc")));
    assert!(busybox.is_file() && compiler.is_file());
    let (mut reading, workshop) = (Reading::of("docs/images.md"), Workshop::new());
    let acts = reading.acts();
    let mut played = 0;
    for (on, act) in &acts {
        match on.as_deref() {
            // `xtask/tests/e2e` plays it: it needs an engine, Debian's archive and npm's registry.
            Some("local") => {}
            None | Some("workshop") => {
                reading.play(act, &workshop);
                played += act.len();
            }
            Some(other) => panic!("nobody plays what is on `{other}`"),
        }
    }
    assert!(played > 0 && acts.iter().any(|(on, _)| on.as_deref() == Some("local")));
    reading.end();
}

/// The keys that a reader of the page can use are those that the program knows, table by table: it
/// names them where it does not know one.
#[test]
fn every_key_of_a_definition_is_on_the_page_of_images() {
    let page = read("docs/images.md");
    let workshop = Workshop::new();
    let mut keys = std::collections::BTreeSet::new();
    for kind in ["debian", "npm", "wheels", "build", "files"] {
        let text = format!(
            "odd = 1\n[[layer]]\nname = \"a\"\nkind = \"{kind}\"\nodd = 1\n[config]\nodd = 1\n\
             [config.health]\nodd = 1\n[budget]\nodd = 1\n"
        );
        workshop.0.write("images/odd.toml", &text);
        let said = workshop.0.run(&["image", "build", "odd"]).ends(2);
        let known = said.lines().filter_map(|line| line.split_once("unknown key; known here: "));
        let known: Vec<&str> = known.map(|(_, known)| known).collect();
        assert_eq!(known.len(), 5, "{said}");
        keys.extend(known.join(", ").split(", ").map(|key| key.trim_matches('`').to_owned()));
    }
    assert!(keys.len() > 30, "{keys:?}");
    let is_told = |key: &String| {
        let forms =
            [format!("`{key}`"), format!("`{key} = "), format!("[{key}]`"), format!("[{key}]]`")];
        forms.iter().any(|form| page.contains(form))
    };
    let untold: Vec<&String> = keys.iter().filter(|key| !is_told(key)).collect();
    assert!(untold.is_empty(), "docs/images.md does not tell of {untold:?}");
}

/// A repository with one image of ours to be, and no engine.
struct Workshop(World);

impl Workshop {
    fn new() -> Self {
        let world = World::new().without_engine();
        world.write(".gitignore", "/target\n");
        let base = include_str!("../../../images/bases/debian.toml");
        world.write("images/bases/debian.toml", base);
        world.init();
        Self(world)
    }
}

impl Place for Workshop {
    fn world(&self) -> &World {
        &self.0
    }

    fn says(&self) -> Vec<(String, String)> {
        // What `image init` begins is for the machine that begins it.
        let here = xtask::world::this_platform().unwrap();
        vec![
            ("ENCODER".to_owned(), xtask_image::gzip_v1::ENCODER_ID.to_owned()),
            ("platforms = [\"linux/amd64\"]".to_owned(), format!("platforms = [\"{here}\"]")),
        ]
    }
}

#[test]
fn every_block_of_shell_says_whether_it_is_run() {
    for page in PAGES {
        let undecided = blocks(&read(page)).unwrap_or_else(|why| panic!("{page}: {why}"));
        let undecided = undecided.iter().filter(|it| it.does == Does::Undecided);
        let lines: Vec<usize> = undecided.map(|it| it.line).collect();
        assert!(lines.is_empty(), "{page}: neither `run` nor `parsed`: lines {lines:?}");
    }
}

#[test]
fn a_page_that_is_not_true_is_found() {
    let place = Workshop::new();
    let (lines, findings) = (Vec::new(), Vec::new());
    let mut reading = Reading { page: "docs/none.md", lines, findings, writes: false };
    let page = "```text file=a.txt\nhello\n```\n```sh run\ncat a.txt\n```\n```text output\nhullo\n```\n\
                ```sh run\nfalse\n```\n";
    reading.play(&blocks(page).unwrap(), &place);
    let found: Vec<&str> = reading.findings.iter().map(|it| it.lines().next().unwrap()).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("docs/none.md:8: wanted"), "{found:?}");
    assert!(found[1].starts_with("docs/none.md:11: `false`: wanted 0"), "{found:?}");
}
