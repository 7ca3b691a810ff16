//! `secrets edit`: an editor, and what it may leave.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::{Person, set, world};
use crate::canary::Canary;
use crate::world::{Run, World};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

struct Desk {
    canary: Canary,
    world: World,
    jwt: String,
    _person: Person,
}

impl Desk {
    fn new() -> Self {
        let mut canary = Canary::default();
        let (world, person) = world(&mut canary);
        let jwt = canary.plant("jwt");
        let memory = world.path("../memory");
        std::fs::create_dir_all(&memory).unwrap();
        let world = world.with("XDG_RUNTIME_DIR", memory.display().to_string());
        world.write("secrets/production.recipients", &person.public);
        set(&canary, &world, "jwt", &jwt).ends(0);
        Self { canary, world, jwt, _person: person }
    }

    /// Edits with this script; nothing of it may stay.
    fn edit(&self, script: &str) -> Run {
        let editor = self.world.path("../editor");
        std::fs::write(&editor, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&editor, Permissions::from_mode(0o755)).unwrap();
        let variables = [("EDITOR", editor.to_str().unwrap()), ("VISUAL", "")];
        let args = ["secrets", "edit", "production"];
        let run = self.canary.run_with(&self.world, &args, &variables);
        let left: Vec<_> = std::fs::read_dir(self.world.path("../memory")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        run
    }

    fn file(&self) -> Vec<u8> {
        std::fs::read(self.world.path("secrets/production.age")).unwrap()
    }
}

#[test]
fn what_is_edited_is_kept_and_what_is_not_changed_is_not_written() {
    let mut desk = Desk::new();
    let before = desk.file();
    let run = desk.edit("cp \"$1\" \"$1.swp\"; stat -c '%a %n' \"$1\" \"$(dirname \"$1\")\" >&2");
    assert!(run.stderr.contains("600 ") && run.stderr.contains("700 "), "{run:?}");
    assert!(run.stdout.contains("nothing was changed"), "{run:?}");
    assert_eq!(desk.file(), before);

    let redis = desk.canary.plant("redis");
    let input = crate::canary::own(&desk.world, "redis", &redis);
    let script = format!("printf 'redis_url = \"%s\"\\n' \"$(cat {})\" >> \"$1\"", input.display());
    let run = desk.edit(&script);
    assert!(run.stdout.contains("1 secret changed"), "{run:?}");
    let listed = desk.canary.run(&desk.world, &["secrets", "list", "production"]);
    let row = |name: &str| listed.stdout.lines().find(|it| it.starts_with(name)).unwrap();
    assert!(row("redis.url ").contains(" there"), "{listed:?}");
    assert!(row("secrets.jwt ").contains(" there"), "{listed:?}");

    let run = desk.edit("sed -i '/^redis_url/d' \"$1\"");
    assert!(run.stdout.contains("1 secret changed"), "{run:?}");
    let listed = desk.canary.run(&desk.world, &["secrets", "list", "production"]);
    assert!(listed.stdout.contains("not there"), "{listed:?}");
}

#[test]
fn an_editor_that_fails_changes_nothing_and_leaves_nothing() {
    let desk = Desk::new();
    let before = desk.file();
    for (script, wanted) in [
        ("echo 'jwt = \"other-other-other\"' > \"$1\"; exit 3", "ended with 3"),
        ("kill -9 $$", "ended with 137"),
        ("echo 'jwt = other' > \"$1\"", "line 1 is no TOML"),
        ("echo 'JWT = \"x\"' > \"$1\"", "secret 1 has no legal name"),
        ("echo 'jwt = \"\"' > \"$1\"", "`jwt`: it is empty"),
        ("printf 'jwt = \"a\\\\\\\\\"' > \"$1\"", "it ends with a backslash"),
    ] {
        let said = desk.edit(script).ends(4);
        assert!(said.contains(wanted), "{script}: {said}");
        assert_eq!(desk.file(), before, "{script}");
    }
    let variables = [("EDITOR", "no-such-editor"), ("VISUAL", "")];
    let run = desk.canary.run_with(&desk.world, &["secrets", "edit", "production"], &variables);
    assert!(run.ends(4).contains("editor `no-such-editor` was not found"));
    assert!(!desk.jwt.is_empty());
}

/// What was left by a run that nobody could end in order goes when the next one begins.
#[test]
fn what_a_killed_run_left_is_removed() {
    let desk = Desk::new();
    let left = desk.world.path("../memory/nutri-secrets.4294967.x");
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("production.toml"), "jwt = \"old\"").unwrap();
    desk.edit("true").ends(0);
}

#[test]
fn somebody_else_who_wrote_meanwhile_is_not_overwritten() {
    let desk = Desk::new();
    let file = desk.world.path("secrets/production.age").display().to_string();
    let script = format!("echo 'more = \"1\"' >> \"$1\"; echo >> {file}");
    let said = desk.edit(&script).ends(4);
    assert!(said.contains("it changed meanwhile"), "{said}");
}
