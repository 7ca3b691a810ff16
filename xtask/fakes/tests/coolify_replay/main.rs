//! Plays the exchanges with a real Coolify against the double, in their order, and compares
//! status, keys, types, texts and every value that is not a matter of time or chance.
//!
//! Set `XTASK_TESTS_RECORDINGS` to play those of another folder as well.

mod client;
mod compare;
mod exceptions;
mod labels;
mod player;
mod stage;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The share of exchanges that must agree, in percent.
const FLOOR: f64 = 95.0;

/// Where recordings are.
fn folders() -> Vec<PathBuf> {
    let own = stage::recordings();
    let other = std::env::var_os("XTASK_TESTS_RECORDINGS").map(PathBuf::from);
    std::iter::once(own).chain(other).collect()
}

#[test]
fn the_double_answers_as_the_recorded_coolify() {
    let mut player = player::Player::new();
    for folder in folders() {
        for file in recordings(&folder) {
            player.play(&file);
        }
    }
    let table = table(&player.tally);
    println!("{table}");
    for disagreement in &player.disagreements {
        println!("{disagreement}");
    }
    let listed = exceptions::all();
    let unlisted: Vec<_> =
        player.disagreements.iter().filter(|own| !listed.iter().any(|it| it.covers(own))).collect();
    let stale: Vec<_> =
        listed.iter().filter(|it| !player.disagreements.iter().any(|own| it.covers(own))).collect();
    let share = share(&player.tally);
    assert!(share >= FLOOR, "{share:.1} % of the exchanges agree, {FLOOR} % must\n{table}");
    assert!(unlisted.is_empty(), "disagreements without a reason: {unlisted:#?}");
    assert!(stale.is_empty(), "exceptions for what agrees by now: {stale:#?}");
}

/// Exchanges that agree, and all of them, by file.
type Tally = BTreeMap<String, (usize, usize)>;

fn recordings(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of recordings");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    let is_recording = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| {
            name.starts_with(|first: char| first.is_ascii_digit()) && name.contains(".jsonl")
        })
    };
    files.retain(is_recording);
    files.sort();
    files
}

fn share(tally: &Tally) -> f64 {
    let (agree, all) = tally.values().fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
    #[expect(clippy::cast_precision_loss, reason = "there are a few thousand exchanges")]
    let share = 100.0 * agree as f64 / (all as f64).max(1.0);
    share
}

fn table(tally: &Tally) -> String {
    let mut table = String::new();
    for (file, (agree, all)) in tally {
        writeln!(table, "{file:<40} {agree:>5} of {all:>5} agree").expect("a string");
    }
    writeln!(table, "{:<40} {:>5.1} %", "share", share(tally)).expect("a string");
    table
}
