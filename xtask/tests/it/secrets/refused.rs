//! What `secrets` refuses, each time before anything is changed.

use super::{set, world};
use crate::canary::{Canary, own};
use crate::world::Run;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

const LIST: [&str; 3] = ["secrets", "list", "production"];

#[test]
fn an_identity_that_cannot_be_used_is_told_with_its_file() {
    let mut canary = Canary::default();
    let (world, person) = world(&mut canary);
    let jwt = canary.plant("jwt");
    world.write("secrets/production.recipients", &person.public);
    set(&canary, &world, "jwt", &jwt).ends(0);
    let with = |path: &str| canary.run_with(&world, &LIST, &[("XTASK_AGE_IDENTITY", path)]);

    let said = with("/nowhere/key").ends(4);
    assert!(said.contains("`/nowhere/key` is not there"), "{said}");
    assert!(said.contains("code: E-age-identity"), "{said}");
    let said = with("").ends(4);
    assert!(said.contains(".config/nutri/age.txt` is not there"), "{said}");
    let open = own(&world, "open", &person.private);
    std::fs::set_permissions(&open, Permissions::from_mode(0o640)).unwrap();
    let said = with(open.to_str().unwrap()).ends(4);
    assert!(said.contains("others may read it: its mode is 640"), "{said}");
    assert!(said.contains("hint: chmod 600"), "{said}");
    for (text, wanted) in [
        (person.public.as_str(), "line 1 is no `AGE-SECRET-KEY-1…`"),
        ("# nothing\n", "it holds no key"),
        (&person.private[..40], "line 1 is no"),
    ] {
        let path = own(&world, "wrong", text);
        let said = with(path.to_str().unwrap()).ends(4);
        assert!(said.contains(wanted), "{said}");
    }
}

#[test]
fn a_damaged_file_is_told_as_such_and_never_as_an_empty_one() {
    let mut canary = Canary::default();
    let (world, person) = world(&mut canary);
    let jwt = canary.plant("jwt");
    world.write("secrets/production.recipients", &person.public);
    set(&canary, &world, "jwt", &jwt).ends(0);
    let path = world.path("secrets/production.age");
    let whole = std::fs::read_to_string(&path).unwrap();
    let half = &whole[..whole.len() / 2];
    let other = whole.replacen("\nY", "\nZ", 1);
    for text in ["", "hello", half, &other] {
        std::fs::write(&path, text).unwrap();
        let said = canary.run(&world, &LIST).ends(4);
        assert!(said.contains("cannot use `secrets/production.age`: it is damaged"), "{said}");
        set(&canary, &world, "jwt", "another-value-that-is-long-enough-1234").ends(4);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "it stays for who mends it");
    }
    std::fs::write(&path, &whole).unwrap();
    world.write("secrets/production.recipients", "age1nonsense\n");
    let said = set(&canary, &world, "jwt", "x").ends(2);
    assert!(said.contains("line 1 is no public key of age"), "{said}");
}

#[test]
fn a_value_that_is_none_or_would_not_arrive_is_refused() {
    let mut canary = Canary::default();
    let (world, person) = world(&mut canary);
    world.write("secrets/production.recipients", &person.public);
    let value = canary.plant("jwt");
    for (value, wanted) in [
        (String::new(), "nothing was given"),
        ("   ".to_owned(), "it is empty"),
        (format!("{value}\0"), "it holds a NUL character"),
        (
            format!("{value}\\"),
            "`JWT_SECRET` of `backend` in `production`: it ends with a backslash",
        ),
        (format!("{value}\r\nmore"), "it holds a carriage"),
        (format!(" {value}"), "it begins or ends with a blank"),
    ] {
        let said = set(&canary, &world, "jwt", &value).ends(4);
        assert!(said.contains(wanted) && said.contains("code: E-secret-unfit"), "{said}");
    }
    assert!(!world.path("secrets/production.age").exists());
    let said = set(&canary, &world, "JWT", &value).ends(2);
    assert!(said.contains("`JWT` is no name of a secret"), "{said}");
    let said = canary.run(&world, &["secrets", "set", "../etc", "jwt"]).ends(2);
    assert!(said.contains("`../etc` is no name of a file"), "{said}");
    let said = canary.run(&world, &["secrets", "list", "elsewhere"]).ends(2);
    assert!(said.contains("unknown environment `elsewhere`"), "{said}");
    // A value on the command line is no word of ours.
    canary.watch("hunter2-7f3c19");
    let typed = ["secrets", "set", "production", "jwt", "hunter2-7f3c19"];
    let said = canary.run(&world, &typed).ends(2);
    assert!(said.contains("cannot take a value as an argument"), "{said}");
    let weak = set(&canary, &world, "jwt", "changeme");
    assert!(weak.stderr.contains("`jwt` is weak: it is a placeholder"), "{weak:?}");
}

#[test]
fn a_value_that_is_no_text_and_a_file_that_nobody_could_read_are_refused_as_what_they_are() {
    let mut canary = Canary::default();
    let (world, person) = world(&mut canary);
    world.write("secrets/production.recipients", &person.public);
    for (bytes, wanted) in
        [(&[0xff, 0xfe][..], "it is no text in UTF-8"), (&[b'a'; 1 << 21], "longer than 1 MiB")]
    {
        let file = own(&world, "value", "");
        std::fs::write(&file, bytes).unwrap();
        let mut command = world.command(&["secrets", "set", "production", "jwt"]);
        let output = command.stdin(std::fs::File::open(&file).unwrap()).output().unwrap();
        let said = Run::of(output).ends(4);
        assert!(said.contains(wanted) && said.contains("E-secret-unfit"), "{said}");
    }
    assert!(!world.path("secrets/production.age").exists());
    let remove = ["secrets", "recipients", "production", "--remove", person.public.trim()];
    let said = canary.run(&world, &remove).ends(4);
    assert!(said.contains("cannot remove the last recipient"), "{said}");
    let list = std::fs::read_to_string(world.path("secrets/production.recipients")).unwrap();
    assert_eq!(list, person.public, "it is as before");
}
