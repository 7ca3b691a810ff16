use super::*;
use crate::platform::Platform;

/// A package of a table: `name version; Field: value; …`.
fn stanza(line: &str) -> String {
    let mut parts = line.split("; ");
    let (name, version) = parts.next().unwrap().split_once(' ').unwrap();
    let hex = "00".repeat(32);
    let rest: Vec<&str> = parts.collect();
    let architecture = if line.contains("Architecture:") { "" } else { "Architecture: all\n" };
    format!(
        "Package: {name}\nVersion: {version}\n{architecture}Filename: p/{name}.deb\nSize: 1\n\
         SHA256: {hex}\n{}\n\n",
        rest.join("\n")
    )
}

fn index(lines: &[&str]) -> Index {
    let mut index = Index::new(Platform::Amd64);
    index.read("debian", &lines.iter().map(|line| stanza(line)).collect::<String>()).unwrap();
    index
}

/// The names of the closure, or why there is none.
fn closed(index: &Index, wanted: &str, without: &str, below: &str) -> String {
    let names = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let below = names(below).into_iter().collect();
    match close(index, &names(wanted), &names(without), &below) {
        Ok(closed) => {
            let names: Vec<&str> = closed.iter().map(|it| it.package.file.name.as_str()).collect();
            names.join(" ")
        }
        Err(error) => error.to_string(),
    }
}

fn holds(lines: &[&str], table: &[(&str, &str)]) {
    let index = index(lines);
    let reversed = self::index(&lines.iter().rev().copied().collect::<Vec<_>>());
    for (wanted, expected) in table {
        assert_eq!(closed(&index, wanted, "", ""), *expected, "{wanted}");
        assert_eq!(closed(&reversed, wanted, "", ""), *expected, "{wanted}: order decides nothing");
    }
}

#[test]
fn the_newest_of_every_archive_is_taken_with_all_that_it_needs() {
    let mut index = index(&[
        "app 1; Depends: libc (>= 2), conf; Pre-Depends: gcc",
        "libc 2.36-9+deb12u9; Provides: old-name",
        "gcc 12",
        "conf 1",
    ]);
    index.read("debian-security", &stanza("libc 2.36-9+deb12u14; Depends: gcc")).unwrap();
    let closed = close(&index, &["app".to_owned()], &[], &BTreeSet::new()).unwrap();
    let versions: Vec<&str> = closed.iter().map(|it| it.package.file.version.as_str()).collect();
    assert_eq!(versions, ["1", "1", "12", "2.36-9+deb12u14"]);
    assert_eq!(index.providers("old-name").count(), 0, "what an older version provided is gone");
}

#[test]
fn a_name_that_packages_provide_asks_a_person_which_one() {
    let lines =
        ["exim 4; Provides: mta (= 2)", "postfix 3; Provides: mta", "one 1; Provides: sole"];
    let message = "is not a package but a name that packages provide";
    holds(
        &lines,
        &[
            ("mta", &format!("`mta` {message}: `exim` 4, `postfix` 3")),
            ("exim mta", &format!("`mta` {message}: `exim` 4, `postfix` 3")),
            ("sole", &format!("`sole` {message}: `one` 1")),
            ("gone", "unknown package `gone`, wanted by the definition"),
        ],
    );
}

#[test]
fn a_need_is_met_by_what_is_chosen_else_by_the_only_provider_else_a_person_is_asked() {
    let lines = [
        "exim 4; Provides: mta (= 2)",
        "postfix 3; Provides: mta",
        "light 4; Provides: default-mta",
        "any 1; Depends: mta",
        "new 1; Depends: mta (>= 2)",
        "newer 1; Depends: mta (>= 3)",
        "first 1; Depends: default-mta | mta",
        "last 1; Depends: mta | light",
        "real 1; Depends: light | mta",
        "pulls 1; Depends: postfix",
        "late 1; Depends: any, pulls",
        "itself 1; Provides: mta; Depends: mta",
    ];
    let several = "several packages provide what package `any` needs (`mta`): `exim` 4, \
                   `itself` 1, `postfix` 3";
    let last = "several packages provide what package `last` needs (`mta | light`): `exim` 4, \
                `itself` 1, `postfix` 3";
    holds(
        &lines,
        &[
            ("any", several),
            ("last", last),
            ("any exim", "any exim"),
            ("late", "any late postfix pulls"),
            ("new", "exim new"),
            (
                "newer",
                "nothing meets `mta (>= 3)`, wanted by package `newer`; the archive holds \
                       `exim` 4, `itself` 1, `postfix` 3",
            ),
            ("first", "first light"),
            ("real", "light real"),
            ("real postfix", "postfix real"),
            ("last light", "last light"),
            ("last pulls", "last postfix pulls"),
            ("itself", "itself"),
        ],
    );
}

#[test]
fn versions_and_architectures_are_held() {
    let lines = [
        "lib 2.5-1",
        "plain 1; Provides: lib2",
        "python 3; Multi-Arch: allowed; Architecture: amd64",
        "perl 5",
        "arm 1; Architecture: arm64",
        "old 1; Depends: lib (<< 2)",
        "exact 1; Depends: lib (= 2.5-1)",
        "either 1; Depends: lib (>> 3) | perl",
        "bound 1; Depends: lib2 (>= 1)",
        "any 1; Depends: python:any (>= 3)",
        "none 1; Depends: perl:any",
        "own 1; Depends: lib:amd64, lib2:amd64",
        "other 1; Depends: lib:arm64",
        "foreign 1; Depends: arm",
    ];
    let unmet = |need: &str, by: &str, candidates: &str| {
        format!("nothing meets `{need}`, wanted by package `{by}`{candidates}")
    };
    holds(
        &lines,
        &[
            ("old", &unmet("lib (<< 2)", "old", "; the archive holds `lib` 2.5-1")),
            ("exact", "exact lib"),
            ("either", "either perl"),
            ("bound", &unmet("lib2 (>= 1)", "bound", "; the archive holds `plain` 1")),
            ("any", "any python"),
            ("none", &unmet("perl:any", "none", "; the archive holds `perl` 5")),
            ("own", "lib own plain"),
            ("other", &unmet("lib:arm64", "other", "; the archive holds `lib` 2.5-1")),
            ("foreign", &unmet("arm", "foreign", "")),
        ],
    );
}

#[test]
fn what_does_not_go_together_is_refused_with_both_names() {
    let lines = [
        "new 2; Breaks: old (<< 2)",
        "old 1",
        "old-2 2; Provides: old (= 2)",
        "exim 4; Provides: mta; Conflicts: mta",
        "postfix 3; Provides: mta; Conflicts: mta",
        "app 1; Depends: new, old",
    ];
    let pair = |first: &str, second: &str, refused: &str| {
        format!("{first} and {second} cannot be in one image: the first refuses `{refused}`")
    };
    holds(
        &lines,
        &[
            ("app", &pair("`new` 2", "`old` 1", "old (<< 2)")),
            ("new old-2", "new old-2"),
            ("exim", "exim"),
            ("exim postfix", &pair("`exim` 4", "`postfix` 3", "mta")),
        ],
    );
    let index = index(&lines);
    assert_eq!(closed(&index, "new", "", "old"), pair("`new` 2", "`old` 1", "old (<< 2)"));
    assert_eq!(closed(&index, "app", "old", ""), "app new", "what is left out is not there");
}

#[test]
fn what_is_left_out_or_below_meets_needs_and_is_not_taken() {
    let lines = [
        "app 1; Depends: libc (>= 2), conf | conf-2.0, mta",
        "libc 2; Depends: gcc",
        "gcc 1",
        "conf 1; Provides: conf-2.0",
        "cconf 1; Provides: conf-2.0",
        "exim 4; Provides: mta",
        "postfix 3; Provides: mta",
    ];
    let index = index(&lines);
    let table = [
        ("conf", "libc exim", "app"),
        ("cconf", "libc exim", "app"),
        ("exim", "conf", "app gcc libc"),
        ("mta", "conf", "app gcc libc"),
        ("conf perl", "libc exim", "nothing asks for `perl`; remove it from `without`"),
    ];
    for (without, below, expected) in table {
        assert_eq!(closed(&index, "app", without, below), expected, "{without} / {below}");
    }
}

#[test]
fn everyone_who_asked_is_known() {
    let lines =
        ["app 1; Depends: libc, mta", "libc 2; Depends: gcc", "gcc 1", "exim 4; Provides: mta"];
    let index = index(&lines);
    let wanted = ["app".to_owned(), "gcc".to_owned()];
    let closed = close(&index, &wanted, &[], &BTreeSet::new()).unwrap();
    let asked = |name: &str| {
        let chosen = closed.iter().find(|it| it.package.file.name == name).unwrap();
        chosen.wanted_by.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(asked("gcc"), "the definition, package `libc`");
    assert_eq!(asked("exim"), "package `app`", "by a name that it provides");
}

#[test]
fn an_index_is_read_in_full_or_not_at_all() {
    let mut index = index(&["a 1", "b 1"]);
    let folded = stanza("app 1").replace("SHA256", "depends:\n a,\n\tb\nSHA256");
    index.read("debian", &folded).unwrap();
    assert_eq!(closed(&index, "app", "", ""), "a app b");
    for (field, line) in [
        ("Depends", "bad 1; Depends: a (1)"),
        ("Depends", "bad 1; Depends: a [amd64]"),
        ("Pre-Depends", "bad 1; Pre-Depends: a <!nocheck>"),
        ("Provides", "bad 1; Provides: a b"),
        ("Breaks", "bad 1; Breaks: |"),
        ("Conflicts", "bad 1; Conflicts: (= 1)"),
        ("Architecture", "bad 1; Architecture:"),
    ] {
        let message = index.read("debian", &stanza(line)).unwrap_err().to_string();
        assert!(message.ends_with(&format!("package `bad` has no valid `{field}`")), "{message}");
    }
}
