//! The files that a person writes, or may edit: locks, definitions, `deploy.toml`.

use super::Target;
use xtask_core::deploy::Deploy;
use xtask_core::finding::Findings;
use xtask_core::image::definition::Definition;
use xtask_core::image::lock::Lock;

const WORDS: &[&str] = &["[[layer]]", "\"\"\"", " = ", "{ ", " }", "[", "]", "\\u0000", "= [["];

pub(super) const LOCK: Target = Target {
    name: "lock",
    run: |bytes| {
        let Some(lock) = read(bytes, |text| Lock::parse("x.lock", text)) else { return };
        assert_eq!(Lock::parse("x.lock", &lock.to_text()).expect("it is ours"), lock);
        for package in lock.layers.values().flat_map(|it| it.values().flatten()) {
            let parts = || package.path.split('/');
            assert!(parts().all(|part| !matches!(part, "" | "." | "..")), "{}", package.path);
        }
    },
    seeds: || {
        let lock = include_str!("../../../../images/backend.lock");
        let wicked = lock.replace("\"bookworm\"", "'book\"worm'").replace("pool/", "pool\\u007f/");
        vec![lock.as_bytes().to_vec(), wicked.into_bytes()]
    },
    words: WORDS,
};

pub(super) const DEFINITION: Target = Target {
    name: "definition",
    run: |bytes| {
        const BASE: &str = include_str!("../../../../images/bases/debian.toml");
        let parse = |text: &str| Definition::parse("x", "x.toml", text);
        if let Some(definition) = read(bytes, parse) {
            drop(definition.clone().on_base("base.toml", BASE));
            drop(definition.on_base("base.toml", &String::from_utf8_lossy(bytes)));
        }
    },
    seeds: || vec![include_bytes!("../../../../images/backend.toml").to_vec()],
    words: WORDS,
};

pub(super) const DEPLOY: Target = Target {
    name: "deploy",
    run: |bytes| {
        if let Some(deploy) = read(bytes, Deploy::parse) {
            assert_eq!(deploy.rollout_order().len(), deploy.services.len());
        }
    },
    seeds: || vec![include_bytes!("../../../../deploy.toml").to_vec()],
    words: WORDS,
};

/// A refusal has at least one finding, and its line is in the file.
fn read<T>(bytes: &[u8], parse: impl FnOnce(&str) -> Result<T, Findings>) -> Option<T> {
    let text = std::str::from_utf8(bytes).ok()?;
    let lines = text.split('\n').count();
    let refused = |findings: &Findings| {
        assert!(
            !findings.0.is_empty() && findings.0.iter().all(|it| (1..=lines).contains(&it.line))
        );
    };
    parse(text).inspect_err(refused).ok()
}
