use super::*;
use crate::digest::Digest;
use crate::image::debian::{Index, resolve};
use crate::image::definition::Definition;

const DEFINITION: &str = r#"
[[layer]]
name = "base"
kind = "debian"
packages = ["libc"]

[[layer]]
name = "web"
kind = "debian"
packages = ["app"]
[layer.without]
perl = "not at run time"

[config]
user = "65532:65532"
entrypoint = ["/bin/app"]
working_directory = "/"

[budget]
unpacked_mb = 10
"#;

fn stanza(name: &str, version: &str, rest: &str) -> String {
    let hex = Digest::of(format!("{name} {version}").as_bytes()).hex().to_owned();
    format!(
        "Package: {name}\nVersion: {version}\nArchitecture: all\nFilename: p/{name}.deb\nSize: 1\nSHA256: {hex}\n{rest}\n\n"
    )
}

/// The definition, resolved against an archive that holds `main` and `security` on both
/// platforms, and `arm64` on that one only.
fn resolved(main: &[String], security: &[String], arm64: &[String]) -> Resolved {
    let definition = Definition::parse("x", "x.toml", DEFINITION).unwrap();
    let index = |platform: Platform| {
        let mut index = Index::new(platform);
        index.read("debian", &main.concat()).unwrap();
        index.read("debian-security", &security.concat()).unwrap();
        if platform.architecture() == "arm64" {
            index.read("debian", &arm64.concat()).unwrap();
        }
        (platform, index)
    };
    resolve(&definition, &Platform::ALL.map(index).into()).unwrap()
}

fn lock(resolved: &Resolved) -> Lock {
    Lock {
        encoder: "x".into(),
        suite: "bookworm".into(),
        archive_time: 1,
        wanted: BTreeMap::new(),
        layers: resolved.layers.clone(),
    }
}

fn shown(before: &Lock, after: &Resolved) -> String {
    let mut text = String::new();
    for (layer, changes) in changes(before, after) {
        text.push_str(&format!("{layer}\n"));
        changes.iter().for_each(|change| text.push_str(&format!("  {change}\n")));
    }
    text
}

#[test]
fn each_change_says_why_and_both_platforms_are_one() {
    let before = resolved(
        &[
            stanza("libc", "2.36-9", ""),
            stanza("app", "1", "Depends: libc, libold, libmoves, perl"),
            stanza("libold", "1", ""),
            stanza("libmoves", "1", ""),
            stanza("perl", "5", ""),
        ],
        &[],
        &[],
    );
    let after = resolved(
        &[
            stanza("libc", "2.36-9", "Depends: libmoves"),
            stanza("app", "1.1", "Depends: libc, libnew, perl"),
            stanza("libnew", "3", "Depends: libdeep"),
            stanza("libdeep", "1", ""),
            stanza("libmoves", "1", ""),
            stanza("perl", "5", ""),
        ],
        &[stanza("libc", "2.36-9+deb12u1", "Depends: libmoves")],
        &[stanza("app", "1.2", "Depends: libc, libnew, libarm, perl"), stanza("libarm", "1", "")],
    );
    insta::assert_snapshot!(shown(&lock(&before), &after), @"
    base
      libc: 2.36-9 -> 2.36-9+deb12u1, newer in `debian-security`
      libmoves: absent -> 1, newly needed by package `libc`
    web
      app: 1 -> 1.1, newer in `debian` (linux/amd64 only)
      app: 1 -> 1.2, newer in `debian` (linux/arm64 only)
      libarm: absent -> 1, newly needed by package `app` (linux/arm64 only)
      libdeep: absent -> 1, newly needed by package `libnew`
      libmoves: 1 -> absent, now in layer `base`
      libnew: absent -> 3, newly needed by package `app`
      libold: 1 -> absent, nothing asks for it any more
    ");
    assert_eq!(shown(&lock(&after), &after), "", "nothing differs from itself");
}

#[test]
fn what_is_left_out_or_dropped_by_the_archive_is_told_apart() {
    let all = [
        stanza("libc", "2.36-9", ""),
        stanza("app", "1", "Depends: perl, libmoves"),
        stanza("perl", "5", ""),
        stanza("libmoves", "1", ""),
    ];
    let after = resolved(&all, &[], &[]);
    let mut before = lock(&after);
    let web = before.layers.get_mut("web").unwrap();
    for files in web.values_mut() {
        let mut perl = files[0].clone();
        perl.name = "perl".into();
        files.push(perl);
        files[0].version = "2".into();
        files[1].digest = Digest::of(b"another");
    }
    before.layers.get_mut("base").unwrap().values_mut().for_each(|files| {
        files[0].archive = "debian-security".into();
    });
    insta::assert_snapshot!(shown(&before, &after), @"
    base
      libc: 2.36-9, the same version, now from `debian`
    web
      app: 2 -> 1, `debian` no longer holds the newer one
      libmoves: 1, the same version with other bytes: distrust the mirror
      perl: 1 -> absent, left out by the definition
    ");
}

#[test]
fn a_package_of_another_platform_than_the_images_is_not_asked_for() {
    let text = format!("platforms = [\"linux/arm64\"]\n{DEFINITION}");
    let definition = Definition::parse("x", "x.toml", &text).unwrap();
    let indexes = Platform::ALL.map(|platform| {
        let mut index = Index::new(platform);
        if platform == Platform::Arm64 {
            let all = [stanza("libc", "1", ""), stanza("app", "1", "Depends: perl")];
            index.read("debian", &all.concat()).unwrap();
        }
        (platform, index)
    });
    let resolved = resolve(&definition, &indexes.clone().into()).unwrap();
    for platforms in resolved.layers.values() {
        assert_eq!(platforms.keys().collect::<Vec<_>>(), [&Platform::Arm64]);
    }
    let both = Definition::parse("x", "x.toml", DEFINITION).unwrap();
    resolve(&both, &indexes.into()).unwrap_err();
}
