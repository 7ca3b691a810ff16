//! What packages need and provide: the program beside apt itself, on the same signed archive.

use super::signed::{Archive, Keys};
use super::world;
use crate::image::definition_of;
use crate::world::World;
use std::collections::BTreeSet;
use std::process::Command;
use xtask_core::digest::Digest;
use xtask_core::image::lock::Lock;
use xtask_core::platform::Platform;
use xtask_fakes::required;

const ARCHIVE: [&str; 32] = [
    "exim 4; Provides: mta (= 2)",
    "postfix 3; Provides: mta",
    "light 4; Provides: default-mta",
    "sole-server 1; Provides: sole",
    "sole-user 1; Depends: sole",
    "many-user 1; Depends: mta",
    "new-user 1; Depends: mta (>= 2)",
    "newer-user 1; Depends: mta (>= 3)",
    "first 1; Depends: default-mta | mta",
    "last 1; Depends: mta | light",
    "real 1; Depends: light | mta",
    "pulls 1; Pre-Depends: postfix",
    "late 1; Depends: pulls, many-user",
    "itself 1; Depends: itself-name\nProvides: itself-name",
    "lib 2.5-1",
    "old 1; Depends: lib (<< 2)",
    "exact 1; Depends: lib (= 2.5-1)",
    "tilde 1; Depends: lib (>= 2.5-1~)",
    "either 1; Depends: lib (>> 3) | light",
    "unbound 1; Depends: sole (>= 1)",
    "python 3; Multi-Arch: allowed",
    "any 1; Depends: python:any (>= 3)",
    "not-any 1; Depends: lib:any",
    "any-name 1; Depends: sole:any",
    "gone 1; Depends: nothing-has-it",
    "breaks 2; Breaks: broken (<< 2)",
    "broken 1",
    "pair 1; Depends: breaks, broken",
    "alone 1; Provides: role\nConflicts: role",
    "other 1; Provides: role\nConflicts: role",
    "roles 1; Depends: alone, other",
    "deep 1; Depends: exact, first, any",
];

fn packages() -> String {
    let stanza = |line: &&str| {
        let (head, rest) = line.split_once("; ").unwrap_or((*line, "Section: misc"));
        let (name, version) = head.split_once(' ').unwrap();
        let digest = Digest::of(name.as_bytes());
        format!(
            "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: nobody\n\
             Description: x\n{rest}\nFilename: pool/{name}.deb\nSize: 7\nSHA256: {}\n\n",
            digest.hex()
        )
    };
    ARCHIVE.iter().map(stanza).collect()
}

/// Locks an image of `names`; what was chosen, or what was said.
fn locked(world: &World, names: &[&str]) -> Result<BTreeSet<String>, String> {
    world.write("images/hello.toml", &definition_of(names));
    let run = world.run(&["image", "lock", "hello", "--update"]);
    if run.code != Some(0) {
        return Err(run.ends(2));
    }
    let text = std::fs::read_to_string(world.path("images/hello.lock")).unwrap();
    let lock = Lock::parse("hello.lock", &text).unwrap();
    Ok(lock.layers["base"][&Platform::Amd64].iter().map(|it| it.name.clone()).collect())
}

/// What apt would install from the index that the program fetched, if it would.
fn simulated(world: &World, names: &[&str]) -> Option<BTreeSet<String>> {
    let folder = world.cache().join("apt/bookworm");
    let mut apt = Command::new("apt-get");
    for (name, part) in [
        ("Dir::Etc::sourcelist", "sources.list"),
        ("Dir::State::lists", "lists"),
        ("Dir::State::status", "status"),
        ("Dir::Cache", "cache"),
    ] {
        apt.arg("-o").arg(format!("{name}={}", folder.join(part).display()));
    }
    for option in ["Dir::Etc::sourceparts=-", "APT::Install-Recommends=false"] {
        apt.args(["-o", option]);
    }
    // The platform that is compared, whatever this machine is.
    apt.args(["-o", "APT::Architecture=amd64", "-o", "APT::Architectures=amd64"]);
    apt.args(["install", "--simulate", "--yes"]).args(names).env("LC_ALL", "C");
    let output = apt.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let installed = printed.lines().filter_map(|line| line.strip_prefix("Inst "));
    let names = installed.map(|line| line.split(' ').next().unwrap().to_owned());
    output.status.success().then(|| names.collect())
}

#[test]
fn what_is_chosen_is_what_apt_would_install_and_what_apt_refuses_is_refused() {
    let keys = required!(Keys::make());
    let archive = Archive::start();
    archive.publish_packages(&keys, &packages());
    let world = world(&archive, &keys);
    // Where several packages provide a name apt takes one by itself; we ask.
    let asked = ["many-user", "last"];
    let alone = ARCHIVE.iter().map(|line| line.split(' ').next().unwrap());
    let alone = alone.filter(|name| !asked.contains(name)).map(|name| vec![name]);
    let together = [
        vec!["many-user", "exim"],
        vec!["many-user", "pulls"],
        vec!["last", "light"],
        vec!["real", "postfix"],
        vec!["alone", "other"],
        vec!["mta"],
        vec!["not-there"],
    ];
    let mut refused = 0;
    for names in alone.chain(together) {
        let (ours, theirs) = (locked(&world, &names), simulated(&world, &names));
        refused += usize::from(theirs.is_none());
        assert_eq!(ours.as_ref().ok(), theirs.as_ref(), "{names:?}: {ours:?}");
    }
    assert!((8..20).contains(&refused), "apt refuses some and not all: {refused}");
}

#[test]
fn a_name_that_several_provide_lists_them_and_says_what_to_type() {
    let keys = required!(Keys::make());
    let archive = Archive::start();
    archive.publish_packages(&keys, &packages());
    let world = world(&archive, &keys);
    let refusal = |names: &[&str]| {
        let message = locked(&world, names).unwrap_err();
        message[message.find("error: ").unwrap()..].to_owned()
    };
    insta::assert_snapshot!(refusal(&["mta"]), @"
    error: cannot lock image `hello`
      caused by: cannot choose the packages of layer `base` for linux/amd64
      caused by: `mta` is not a package but a name that packages provide: `exim` 4, `postfix` 3
      hint: name one of them in `packages` instead
      code: E-usage
    ");
    insta::assert_snapshot!(refusal(&["many-user"]), @"
    error: cannot lock image `hello`
      caused by: cannot choose the packages of layer `base` for linux/amd64
      caused by: several packages provide what package `many-user` needs (`mta`): `exim` 4, `postfix` 3
      hint: name one of them in `packages`, or leave one out with its reason in `without`
      code: E-usage
    ");
    insta::assert_snapshot!(refusal(&["old"]), @"
    error: cannot lock image `hello`
      caused by: cannot choose the packages of layer `base` for linux/amd64
      caused by: nothing meets `lib (<< 2)`, wanted by package `old`; the archive holds `lib` 2.5-1
      hint: try again later: a mirror that is being renewed lacks packages; or leave it out with its reason in `without`
      code: E-usage
    ");
    insta::assert_snapshot!(refusal(&["pair"]), @"
    error: cannot lock image `hello`
      caused by: cannot choose the packages of layer `base` for linux/amd64
      caused by: `breaks` 2 and `broken` 1 cannot be in one image: the first refuses `broken (<< 2)`
      hint: name another provider of either in `packages`, or leave one out in `without`
      code: E-usage
    ");
    insta::assert_snapshot!(refusal(&["not-there"]), @"
    error: cannot lock image `hello`
      caused by: cannot choose the packages of layer `base` for linux/amd64
      caused by: unknown package `not-there`, wanted by the definition
      code: E-usage
    ");
}
