//! The official clients of `tests/clients`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The clients, installed as their lock says, once for each lock.
pub(crate) fn clients() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients");
    std::fs::create_dir_all(&folder).unwrap();
    let lock = std::fs::File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    let wanted = read(&source.join("package-lock.json"));
    for file in ["package.json", "package-lock.json", ".npmrc", "github.mjs"] {
        std::fs::copy(source.join(file), folder.join(file)).unwrap();
    }
    // Written last, so that half an installation is none.
    let done = folder.join("installed");
    if read(&done) != wanted {
        let words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        let installed = Command::new("npm").args(words).current_dir(&folder).output().unwrap();
        assert!(installed.status.success(), "npm ci: {installed:?}");
        std::fs::write(done, wanted).unwrap();
    }
    folder
}
