//! Runs every fuzz target for some seconds, or for a number of inputs that are the same each time.
//!
//! It builds the fuzzer with coverage counters in our own crates only, so that dependencies are
//! those of the ordinary build. To put the counters in, this program also stands before rustc.
#![allow(clippy::disallowed_methods, reason = "a tool of tests, which fail where it cannot look")]

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use xtask_fuzz::{TARGET, TARGETS, Target};

/// What cargo calls this program with when it stands before rustc.
const WRAPS: &str = "XTASK_FUZZ_WRAPS";
/// Counters of edges and operands of comparisons, as libFuzzer reads them.
const COUNTERS: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];
const SECONDS: u64 = 5;
const USAGE: &str =
    "usage: cargo run --package xtask-fuzz -- [--seconds N | --runs N] [TARGET ...]";

/// When a target has had enough.
#[derive(Clone, Copy)]
enum Limit {
    /// After so long, with other inputs each time, and those that earlier runs kept.
    Seconds(u64),
    /// After so many inputs, the same each time: for a check that must not fail by chance.
    Runs(u64),
}

struct Wanted {
    limit: Limit,
    targets: Vec<&'static Target>,
}

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    if std::env::var_os(WRAPS).is_some() {
        return compile(&args);
    }
    let Some(wanted) = wanted(&args) else {
        let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        say(&format!("{USAGE}\ntargets: {}", known.join(", ")));
        return ExitCode::from(2);
    };
    match build().and_then(|fuzzer| fuzz_all(&fuzzer, &wanted)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(3),
        Err(error) => {
            say(&format!("error: failed to fuzz: {error}"));
            ExitCode::from(5)
        }
    }
}

fn wanted(args: &[OsString]) -> Option<Wanted> {
    let mut wanted = Wanted { limit: Limit::Seconds(SECONDS), targets: Vec::new() };
    // None at all would mean for ever to libFuzzer.
    let number = |word: Option<&str>| word?.parse().ok().filter(|number| *number > 0);
    let mut words = args.iter().map(|word| word.to_str().unwrap_or_default());
    while let Some(word) = words.next() {
        match word {
            "--seconds" => wanted.limit = Limit::Seconds(number(words.next())?),
            "--runs" => wanted.limit = Limit::Runs(number(words.next())?),
            name => wanted.targets.push(TARGETS.iter().find(|target| target.name == name)?),
        }
    }
    if wanted.targets.is_empty() {
        wanted.targets = TARGETS.iter().collect();
    }
    Some(wanted)
}

/// Stands before rustc: the same command with counters.
fn compile(args: &[OsString]) -> ExitCode {
    let Some((rustc, rest)) = args.split_first() else { return ExitCode::from(2) };
    // Cargo also asks for the version; counters there are nobody's loss.
    let ended = Command::new(rustc).args(rest).args(COUNTERS).status();
    let code = ended.ok().and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(1))
}

/// Builds the fuzzer and says where it is.
fn build() -> std::io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().unwrap_or(Path::new("."));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--package", "xtask-fuzz", "--features", "libfuzzer"])
        .args(["--bin", "fuzzed"])
        .env("RUSTC_WORKSPACE_WRAPPER", &own)
        .env(WRAPS, "1")
        .status()?;
    if !status.success() {
        return Err(std::io::Error::other("the fuzzer does not build"));
    }
    Ok(folder.join("fuzzed"))
}

/// Fuzzes on all processors; says how many targets found something.
fn fuzz_all(fuzzer: &Path, wanted: &Wanted) -> std::io::Result<usize> {
    let place = fuzzer.parent().unwrap_or(Path::new(".")).join("fuzz");
    let next = AtomicUsize::new(0);
    let work = || {
        let take = || wanted.targets.get(next.fetch_add(1, Ordering::Relaxed));
        std::iter::from_fn(take)
            .map(|target| fuzz(fuzzer, &place, target, wanted.limit))
            .collect::<std::io::Result<Vec<bool>>>()
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        started.into_iter().map(|worker| worker.join().expect("no worker panics")).collect()
    });
    let outcomes: Vec<Vec<bool>> = outcomes.into_iter().collect::<std::io::Result<_>>()?;
    Ok(outcomes.concat().iter().filter(|whole| !**whole).count())
}

/// Fuzzes one target from its seeds; says whether it held.
fn fuzz(fuzzer: &Path, place: &Path, target: &Target, limit: Limit) -> std::io::Result<bool> {
    let folder = |kind: &str| {
        let folder = place.join(kind).join(target.name);
        std::fs::create_dir_all(&folder).map(|()| folder)
    };
    let (kept, seeds, found) = (folder("corpus")?, folder("seeds")?, folder("found")?);
    for (number, seed) in (target.seeds)().iter().enumerate() {
        std::fs::write(seeds.join(number.to_string()), seed)?;
    }
    let words = place.join(format!("{}.dict", target.name));
    std::fs::write(&words, dictionary(target))?;
    let output = Command::new(fuzzer)
        .env(TARGET, target.name)
        .args(limits(limit))
        .args(["-rss_limit_mb=256", "-timeout=5", "-max_len=16384", "-use_value_profile=1"])
        .args(["-print_final_stats=1", "-verbosity=1"])
        .arg(format!("-dict={}", words.display()))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .args(matches!(limit, Limit::Seconds(_)).then_some(kept))
        .arg(seeds)
        .stdin(Stdio::null())
        .output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    let whole = output.status.success();
    say(&outcome(target.name, whole, &log));
    Ok(whole)
}

fn limits(limit: Limit) -> Vec<String> {
    match limit {
        Limit::Seconds(seconds) => vec![format!("-max_total_time={seconds}")],
        Limit::Runs(runs) => vec![format!("-runs={runs}"), "-seed=1".to_owned()],
    }
}

fn dictionary(target: &Target) -> String {
    let escaped = |word: &&str| {
        let bytes = word.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
        format!("\"{bytes}\"\n")
    };
    target.words.iter().map(escaped).collect()
}

/// One line where it held; the fuzzer's last lines, with the place of the input, where not.
fn outcome(name: &str, whole: bool, log: &str) -> String {
    if !whole {
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(40)..].join("\n");
        return format!("{last}\nerror: target `{name}` broke a promise; its input is named above");
    }
    let number = |key: &str| {
        let line = log.lines().rev().find_map(|line| line.strip_prefix(key));
        line.map_or("?", str::trim).to_owned()
    };
    let covered = log.lines().rev().find_map(|line| line.split_once("cov: "));
    let covered = covered.and_then(|(_, rest)| rest.split(' ').next()).unwrap_or("?");
    let runs = number("stat::number_of_executed_units:");
    format!("{name:<12} {runs:>9} inputs, {covered:>5} edges, {} MB", number("stat::peak_rss_mb:"))
}

fn say(text: &str) {
    // Nobody is left to tell when standard error is gone.
    writeln!(std::io::stderr(), "{text}").ok();
}
