//! LLVM's two programs that read what counting Rust tests wrote: the compiler's own, or another
//! LLVM's, as old as 19, which reads what newer compilers write.

use crate::edge::files;
use crate::edge::shell::{Shell, command};
use crate::error::{Failure, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;
use xtask_core::check::tools;
use xtask_core::command::Command;

/// Counts of every test of the workspace are read at once.
const READ_LIMIT: Duration = Duration::from_secs(900);

/// Both programs, of one version.
#[derive(Clone, Debug)]
pub struct Llvm {
    profdata: PathBuf,
    cov: PathBuf,
}

/// The programs that tests were run with, and their folder of counts.
#[derive(Debug)]
pub struct Counted<'a> {
    /// Every program that may have written counts.
    pub programs: &'a [PathBuf],
    /// The folder of the counts.
    pub counts: &'a Path,
    /// Source files that are not looked at, as a regular expression.
    pub without: &'a str,
}

impl Llvm {
    /// Finds both: beside the compiler, where `rustup component add llvm-tools` puts them, or on
    /// the `PATH`, in a version that is new enough.
    pub fn find(shell: &Shell) -> Result<Option<Self>> {
        let sysroot = shell.run(&command!("rustc --print sysroot"))?.text();
        let triples = Path::new(&sysroot).join("lib/rustlib");
        let folders = std::fs::read_dir(triples).into_iter().flatten().flatten();
        let beside = folders.map(|folder| folder.path().join("bin/llvm-profdata"));
        let tool = tools::named("llvm-profdata").expect("the table of tools has it");
        let named = tool.names.iter().filter_map(|name| shell.find(name));
        let good = |path: &PathBuf| {
            let question = tool.question(&path.display().to_string());
            let answer = shell.observe(&question).ok().map(|output| output.text());
            tool.judge(answer.as_deref()).is_good()
        };
        let pair = |profdata: PathBuf| {
            let name = profdata.file_name()?.to_string_lossy().replace("profdata", "cov");
            let cov = profdata.with_file_name(name);
            files::is_seen(&cov).then_some(Self { profdata, cov })
        };
        Ok(beside.filter(|path| files::is_seen(path)).chain(named).filter(good).find_map(pair))
    }

    /// What was covered, as LCOV.
    pub fn lcov(&self, shell: &Shell, counted: &Counted<'_>) -> Result<String> {
        let counts = files::names(counted.counts)?.into_iter();
        let raw = counts.map(|name| counted.counts.join(name).display().to_string());
        let raw = raw.filter(|path| path.ends_with(".profraw"));
        let merged = counted.counts.join("merged.profdata").display().to_string();
        // A program that was killed while it wrote leaves counts that cannot be read: the rest can.
        let merge = ["merge", "-sparse", "-failure-mode=all", "-o", &merged];
        shell.run(&llvm(&self.profdata).args(merge).args(raw))?;
        let mut programs = counted.programs.iter().map(|it| it.display().to_string());
        let first = programs.next().ok_or_else(|| Failure::outside("no program was counted"))?;
        let export = llvm(&self.cov)
            .args(["export", "--format=lcov", "--instr-profile", &merged])
            .args(["--ignore-filename-regex", counted.without])
            .arg(first)
            .args(programs.flat_map(|program| ["--object".to_owned(), program]));
        Ok(shell.run(&export)?.text())
    }
}

fn llvm(program: &Path) -> Command {
    Command::new(&program.display().to_string()).limit(READ_LIMIT)
}
