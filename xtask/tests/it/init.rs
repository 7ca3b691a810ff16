//! `image init`: what is written, what is said, and what is never written over.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::World;
use serde_json::Value;

fn world() -> World {
    let world = World::new();
    let base = include_str!("../../../images/bases/debian.toml");
    world.write("images/bases/debian.toml", base);
    world
}

fn read(world: &World, file: &str) -> String {
    std::fs::read_to_string(world.path(file)).unwrap()
}

#[test]
fn what_is_begun_is_known_and_said_with_what_comes_next() {
    let world = world();
    let run = world.run(&["image", "init", "python", "hello"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.starts_with("wrote services/hello/main.py\n"), "{run:?}");
    assert!(
        run.stdout
            .contains("to be added to deploy.toml; `--deploy` does it:\n\n[services.hello]\n"),
        "{run:?}"
    );
    let next = "next:\n  cargo xtask image lock hello\n  cargo xtask image build hello\n  \
                cargo xtask workflows\n  cargo xtask up\n";
    assert!(run.stdout.ends_with(next), "{run:?}");
    let listed = world.run(&["image", "list"]);
    assert!(listed.stdout.contains("hello"), "{listed:?}");
    assert!(!read(&world, "deploy.toml").contains("hello"), "it was to be printed only");
}

#[test]
fn every_runtime_is_added_to_what_is_shipped_where_that_is_asked_for() {
    let world = world();
    let before = read(&world, "deploy.toml");
    for (at, runtime) in ["node", "python", "static"].into_iter().enumerate() {
        let args = ["image", "init", runtime, &format!("a-{runtime}"), "--deploy", "--json"];
        let run = world.run(&args);
        let answer: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
        let stanza = answer["stanza"].as_str().unwrap();
        assert!(stanza.contains(&format!("port = {}", 8100 + at)), "{answer}");
        for file in answer["files"].as_array().unwrap() {
            assert!(world.path(file.as_str().unwrap()).is_file(), "{file}");
        }
        assert!(read(&world, "deploy.toml").ends_with(stanza), "{answer}");
    }
    assert!(read(&world, "deploy.toml").starts_with(&before), "nothing else of it is changed");
    let again = world.run(&["image", "init", "node", "a-node"]).ends(2);
    assert!(again.contains("`deploy.toml` has a service `a-node` already"), "{again}");
}

#[test]
fn the_same_again_changes_nothing_and_what_differs_is_never_written_over() {
    let world = world();
    let begin = ["image", "init", "static", "hello"];
    let first = world.run(&begin);
    assert_eq!(first.code, Some(0), "{first:?}");
    let second = world.run(&begin);
    assert_eq!((second.code, &second.stdout), (Some(0), &first.stdout));
    world.write("services/hello/main.c", "int main(void);\n");
    world.write("images/hello.lock", "mine");
    let refused = world.run(&begin).ends(4);
    for file in ["services/hello/main.c", "images/hello.lock"] {
        let wanted = format!("`{file}` is there already, and nothing is written over");
        assert!(refused.contains(&wanted), "{refused}");
    }
    assert!(refused.contains("E-image-begun"), "{refused}");
    assert_eq!(read(&world, "services/hello/main.c"), "int main(void);\n");
}

#[test]
fn a_bad_name_and_an_unknown_runtime_are_refused_before_anything_is_written() {
    let world = world();
    for (args, wanted) in [
        (["go", "hello"], "unknown runtime `go`; known: `node`, `python`, `static`"),
        (["node", "Hello"], "`Hello` is not the name of an image"),
        (["node", "../hello"], "`../hello` is not the name of an image"),
        (["node", "postgres"], "the name `postgres` is reserved"),
    ] {
        let output = world.run(&["image", "init", args[0], args[1]]).ends(2);
        assert!(output.contains(wanted), "{output}");
    }
    assert!(!world.path("services").exists());
}
