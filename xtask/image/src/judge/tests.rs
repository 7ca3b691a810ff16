use super::*;
use crate::start::tests::elf;
use crate::tree::{Node, Owner, Tree};

const ACCOUNTS: &str = "root:x:0:0::/:\nme:x:7:8::/:\n";

/// A definition of the layers `base` (Debian) and `app` (files), with more lines for either.
fn definition(base: &str, app: &str, config: &str) -> Definition {
    let text = format!(
        "[[layer]]\nname = \"base\"\nkind = \"debian\"\npackages = [\"dash\"]\n{base}\n\
         [[layer]]\nname = \"app\"\nkind = \"files\"\npath = \"app\"\ncopy = {{ \".\" = \"app\" }}\n{app}\n\
         [budget]\nunpacked_mb = 1\n[config]\nuser = \"7:8\"\n{config}"
    );
    Definition::parse("x", "x.toml", &text).unwrap_or_else(|error| panic!("{error}"))
}

fn plain(entrypoint: &str) -> Definition {
    definition("", "", &format!("entrypoint = [\"{entrypoint}\"]\nworking_directory = \"/app\"\n"))
}

/// A base with a shell, accounts, a link and a script that lead nowhere.
fn base() -> Vec<(&'static str, Node)> {
    vec![
        ("etc/passwd", Node::file(0o644, ACCOUNTS)),
        ("etc/group", Node::file(0o644, "me:x:8:\n")),
        ("lib64/ld.so", Node::file(0o755, elf("")[..80].to_vec())),
        ("usr/bin/sh", Node::file(0o755, elf("/lib64/ld.so"))),
        ("usr/bin/odd", Node::file(0o755, "#!/usr/bin/perl\n")),
        ("bin", Node::symlink("usr/bin")),
        ("usr/lib/odd", Node::symlink("/usr/share/nowhere")),
    ]
}

fn judged(definition: &Definition, base: &[(&str, Node)], app: &[(&str, Node)]) -> String {
    let shape = |entries: &[(&str, Node)]| {
        let mut tree = Tree::new();
        entries.iter().for_each(|(path, node)| tree.insert(path, node.clone()).unwrap());
        Shape::of_tree(&tree).unwrap()
    };
    let found = judge(definition, &[("base", shape(base)), ("app", shape(app))]);
    found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn script(first: &str) -> Node {
    Node::file(0o755, format!("{first}\necho hello\n"))
}

/// What is said of the entrypoint where the image has these files beside the base.
fn of_entrypoint(entrypoint: &str, app: &[(&str, Node)]) -> String {
    let message =
        judged(&plain(entrypoint), &base(), &[app, &[("app/x", Node::file(0o644, ""))]].concat());
    message.replace("; name a program that a layer holds, or add the layer that brings it", "; …")
}

#[test]
fn an_image_that_can_start_passes() {
    let app = [
        ("app/run", script("#!/bin/sh -e")),
        ("app/link", Node::symlink("../app/run")),
        ("app/plain", Node::file(0o644, "#!/nowhere\n")),
    ];
    for entrypoint in ["/app/run", "/app/link", "./run", "sh", "/bin/sh", "/run/mounted"] {
        assert_eq!(judged(&plain(entrypoint), &base(), &app), "", "{entrypoint}");
    }
}

#[test]
fn a_program_that_cannot_be_started_is_refused_with_the_reason() {
    let one = |entrypoint: &str, node: Node| of_entrypoint(entrypoint, &[("app/run", node)]);
    let all = [
        of_entrypoint("/app/run", &[]),
        of_entrypoint("node", &[]),
        of_entrypoint("./run", &[]),
        of_entrypoint("/app", &[]),
        of_entrypoint("/", &[]),
        one("/app/run", Node::file(0o644, "#!/bin/sh\n")),
        one("/app/run", Node::file(0o754, "#!/bin/sh\n")),
        one("/app/run", Node::file(0o755, "echo hello\n")),
        one("/app/run", script("#!/usr/bin/env node")),
        one("/app/run", script("#!/bin/sh\r")),
        one("/app/run", script("#!/app/run")),
        one("/app/run", Node::file(0o755, elf("/lib64/ld-musl.so.1"))),
        of_entrypoint("/app/l", &[("app/l", Node::symlink("l"))]),
    ];
    let first = |message: &String| message.lines().next().unwrap_or("nothing is said").to_owned();
    insta::assert_snapshot!(all.iter().map(first).collect::<Vec<_>>().join("\n"));
}

#[test]
fn env_is_asked_for_what_the_image_has() {
    let env = ("usr/bin/env", Node::file(0o755, elf("/lib64/ld.so")));
    let with = |line: &str| of_entrypoint("/app/run", &[("app/run", script(line)), env.clone()]);
    assert!(with("#!/usr/bin/env -S node --x").contains("`env` looks for `node`, which is in no"));
    assert_eq!(with("#!/usr/bin/env sh"), "");
}

#[test]
fn a_program_behind_a_closed_folder_is_out_of_reach() {
    let closed = Node::Directory { mode: 0o750, owner: Owner { uid: 0, gid: 9 } };
    let message =
        of_entrypoint("/deep/run", &[("deep", closed), ("deep/run", script("#!/bin/sh"))]);
    assert!(
        message.contains("`/deep/run` is out of reach of `7:8`, who may not enter `/deep`"),
        "{message}"
    );
}

#[test]
fn everything_that_the_files_do_not_hold_is_named_at_once_with_its_line() {
    let definition = definition(
        "links = { \"var/run\" = \"/run\", \"etc/lost\" = \"nowhere\" }",
        "directories = { data = \"0700 7:9\", own = \"0750 7:8\", gone = \"0755\" }",
        r#"entrypoint = ["/usr/bin/nod"]
working_directory = "/srv"
[config.env]
PATH = "/opt/x/bin:/usr/local/bin:/bin"
PYTHONPATH = "/app/src:zipped.zip"
[config.health]
command = ["curl", "-f"]
interval_seconds = 1
timeout_seconds = 1
start_seconds = 1
retries = 1
"#,
    );
    let mut below = base();
    below.retain(|(path, _)| *path != "etc/group");
    below.push(("var/run", Node::symlink("/run")));
    below.push(("etc/lost", Node::symlink("nowhere")));
    let app = [
        ("app/dangling", Node::symlink("../../packages/shared")),
        ("app/tool", script("#!/home/me/venv/bin/python")),
        ("app/env", script("#!/usr/bin/env node")),
    ];
    insta::assert_snapshot!(judged(&definition, &below, &app));
}

#[test]
fn a_working_directory_must_be_a_folder_that_the_user_may_enter() {
    let in_folder = |folder: &str, entries: &[(&str, Node)]| {
        let config = format!("entrypoint = [\"/bin/sh\"]\nworking_directory = \"{folder}\"\n");
        judged(&definition("", "", &config), &base(), entries)
    };
    let app = ("app/x", Node::file(0o644, ""));
    let closed = ("data", Node::directory(0o700));
    assert!(in_folder("/app/x", std::slice::from_ref(&app)).contains("`/app/x` is no folder"));
    assert!(in_folder("/data", &[app.clone(), closed]).contains("`7:8` may not enter `/data`"));
    assert_eq!(in_folder("/bin", std::slice::from_ref(&app)), "", "it is found through a link");
    assert_eq!(in_folder("/", &[app]), "");
}

#[test]
fn a_user_that_the_image_does_not_know_is_refused() {
    let mut below = base();
    below.retain(|(path, _)| !path.starts_with("etc/"));
    let app = [("app/x", Node::file(0o644, ""))];
    let none = judged(&plain("/bin/sh"), &below, &app);
    assert!(
        none.contains("user 7 has no account: there is no `/etc/passwd` in the image"),
        "{none}"
    );
    below.push(("etc/passwd", Node::file(0o644, "other:x:1:1::/:\n")));
    below.push(("etc/group", Node::file(0o644, "eight:x:8:\n")));
    let other = judged(&plain("/bin/sh"), &below, &app);
    let wanted =
        "x.toml:15: `config.user`: user 7 is not in the image's `/etc/passwd`; add its line there";
    assert_eq!(other, wanted);
}

#[test]
fn a_layer_that_adds_nothing_is_refused_and_many_mistakes_alike_are_cut() {
    let same = judged(
        &plain("/bin/sh"),
        &[base(), vec![("app", Node::directory(0o755))]].concat(),
        &[("app", Node::directory(0o755))],
    );
    assert!(
        same.contains("x.toml:6: `layer[1]`: layer `app` adds nothing to what is below"),
        "{same}"
    );
    let names: Vec<String> = (0..12).map(|number| format!("app/{number:02}")).collect();
    let links: Vec<(&str, Node)> =
        names.iter().map(|name| (name.as_str(), Node::symlink("nowhere"))).collect();
    let many = judged(&plain("/bin/sh"), &base(), &links);
    assert_eq!(many.lines().count(), 10);
    assert!(many.ends_with("; and 2 more of this kind"), "{many}");
}
