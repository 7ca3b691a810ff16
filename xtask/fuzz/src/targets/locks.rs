//! The locks of npm and Python, which people and other programs write.

use super::Target;
use std::convert::Infallible;
use xtask_core::finding::Findings;
use xtask_core::image::npm::{NpmLock, Package, Source, Wanted, agree};
use xtask_core::image::requirements::{Environment, Opened, Requirements, list, read};
use xtask_core::platform::Platform;

pub(super) const NPM: Target = Target {
    name: "npm-lock",
    run: npm,
    seeds: || SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect(),
    words: &[
        "\"node_modules/",
        "/node_modules/",
        "\"integrity\": \"sha512-",
        "\"resolved\": \"",
        "\"link\": true",
        "\"inBundle\": true",
        "\"bundleDependencies\": [",
        "\"name\": \"npm:",
        "\"lockfileVersion\": 3",
        "../",
    ],
};

const SEEDS: [&str; 3] = [
    include_str!("../../../../images/node/package-lock.json"),
    r#"{ "lockfileVersion": 3, "packages": { "": { "workspaces": ["own"], "dependencies": { "a": "1" } },
    "node_modules/a": { "name": "b", "version": "1.0.0", "bundleDependencies": ["c"], "optional": true,
      "integrity": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "os": "!win32" },
    "node_modules/a/node_modules/c": { "version": "1.0.0", "inBundle": true, "dependencies": { "d": "1" } },
    "node_modules/a/node_modules/d": { "version": "1.0.0", "inBundle": true, "dependencies": { "c": "1" } },
    "node_modules/own": { "resolved": "own", "link": true }, "own": { "dependencies": { "own": "1" } } } }"#,
    r#"{ "lockfileVersion": 2, "packages": { "": {}, "node_modules/a": { "version": "npm:b@1.0.0",
    "resolved": "git+ssh://u:p@host/a#b", "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" } } }"#,
];

/// What is read is the registry's by a strong hash, its own or its bundle's, and stays inside.
fn npm(bytes: &[u8]) {
    let Some(lock) = checked(NpmLock::parse("x.json", bytes), bytes) else { return };
    for package in &lock.packages {
        let covered = |path: &str| {
            let holder = lock.packages.iter().find(|it| it.path == path);
            path.len() < package.path.len() && holder.is_some_and(|it| it.integrity().is_some())
        };
        match &package.source {
            Source::Registry(integrity) => assert!(!integrity.hashes().is_empty()),
            Source::Bundled(by) => assert!(covered(by), "{by}"),
        }
        assert!(stays_inside(&package.path) && !package.name.contains(':'), "{package:?}");
    }
    assert!(lock.links.iter().all(|it| stays_inside(&it.path) && stays_inside(&it.folder)));
    for platform in Platform::ALL {
        let fitting = |dev, optional| {
            let wanted = Wanted { target: platform.into(), dev, optional };
            let path = |it: &&Package| it.path.clone();
            lock.fitting(&wanted).iter().map(path).collect::<Vec<_>>()
        };
        let (least, most) = (fitting(false, false), fitting(true, true));
        assert!(least.iter().all(|path| most.contains(path)));
    }
    drop(agree("package.json", bytes, &lock));
}

fn stays_inside(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

pub(super) const REQUIREMENTS: Target = Target {
    name: "requirements",
    run: requirements,
    seeds: || {
        let ours = include_str!("../../../../services/ml-service/requirements-data.txt");
        [ours, LIST, REFUSED].map(|seed| seed.as_bytes().to_vec()).to_vec()
    },
    words: &[
        "==",
        "===",
        " --hash=sha256:",
        " \\\n",
        "\r\n",
        " ; ",
        "python_full_version",
        " and ",
        " or ",
        " not in ",
        "(",
        "'",
        "-r ",
        "--index-url ",
        " @ ",
        "${",
        "[",
        " #",
        "../",
    ],
};

const LIST: &str = "\u{feff}# head\r\n--require-hashes\r\n-r more/other.txt\nA_b[x,y]==1.0 ; \
    (python_full_version < '3.12' and sys_platform == 'linux') or 'x' == os_name \\\n    \
    --hash=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n    # via c\n\
    d===odd_1 ; platform_machine not in 'x86_64 aarch64' \
    --hash sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";

const REFUSED: &str =
    "e @ https://user:pass@host/e-1.whl\n--extra-index-url=https://user:pass@host\n";

/// What is read has a hash, and what is handed to an installer reads as the same.
fn requirements(bytes: &[u8]) {
    let Some(read) = checked(read_list(bytes), bytes) else { return };
    for platform in Platform::ALL {
        let python = "3.11.2".parse().expect("a version");
        let Ok(fitting) = read.fitting(&Environment { platform, python }) else { continue };
        assert!(fitting.iter().all(|it| !it.digests.is_empty()));
        let text = list(&fitting);
        let again = read_list(text.as_bytes()).expect("it is ours");
        assert_eq!(again.entries.len(), fitting.len(), "{text}");
        for (one, two) in fitting.iter().zip(&again.entries) {
            assert_eq!((&one.name, &one.extras), (&two.name, &two.extras));
            assert_eq!((&one.version, &one.digests), (&two.version, &two.digests));
        }
    }
}

/// Every list that is included is empty.
fn read_list(bytes: &[u8]) -> Result<Requirements, Findings> {
    let open = |path: &str| {
        assert!(stays_inside(path), "{path}");
        let bytes = if path == "list.txt" { bytes } else { b"" };
        Ok::<_, Infallible>(Opened::Bytes(bytes.to_vec()))
    };
    let Ok(read) = read("list.txt", open);
    read
}

/// A refusal says what is wrong, in lines that there are.
fn checked<T>(read: Result<T, Findings>, bytes: &[u8]) -> Option<T> {
    let lines = 1 + bytes.iter().filter(|byte| **byte == b'\n').count();
    let refused = |findings: &Findings| {
        assert!(!findings.0.is_empty());
        let wrong = findings.0.iter().find(|it| it.line == 0 || it.line > lines);
        assert!(wrong.is_none(), "{wrong:?}");
    };
    read.inspect_err(refused).ok()
}
