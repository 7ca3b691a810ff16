//! A rollout on a Coolify: variables, tag and description of one application, its deployment, and
//! who comes to serve; then the next one.

use super::super::{Rollout, Wanted};
use super::deployment::{self, Ended};
use super::planned::{self, Planned};
use super::{CoolifyTarget, back, fetch, write};
use crate::edge::tested;
use crate::error::{Failure, Result, code};
use crate::report::Phase;
use xtask_core::coolify::desired::Marked;
use xtask_core::coolify::watch::Proof;
use xtask_core::plan::Count;
use xtask_core::ship::ledger::Versions;
use xtask_core::ship::machine::Move;

/// A rollout that is planned, and as far as it has come.
pub(super) struct CoolifyRollout<'t> {
    target: &'t CoolifyTarget<'t>,
    all: Vec<Planned>,
    touched: Vec<Touched>,
}

/// An application that this rollout has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Touched {
    /// Its place in the plan.
    pub(super) index: usize,
    /// Whether something else than before may run.
    pub(super) may_run: bool,
}

/// Looks at everything and plans; nothing is changed.
pub(super) fn plan<'t>(
    target: &'t CoolifyTarget<'_>,
    wanted: Vec<Wanted>,
) -> Result<CoolifyRollout<'t>> {
    let all = planned::all(target, wanted)?;
    for line in all.iter().flat_map(|it| &it.drift) {
        target.world.report.warning(line);
    }
    Ok(CoolifyRollout { target, all, touched: Vec::new() })
}

impl Rollout for CoolifyRollout<'_> {
    fn is_idle(&self) -> bool {
        self.all.iter().all(|it| it.reasons.is_empty())
    }

    fn moves(&self) -> Vec<Move> {
        let moved = self.all.iter().filter(|it| !it.reasons.is_empty());
        let one =
            |it: &Planned| Move { service: it.service.name.clone(), why: it.reasons.join("; ") };
        moved.map(one).collect()
    }

    fn steps(&self) -> Vec<String> {
        let drift = self.all.iter().flat_map(|it| it.drift.iter().map(|it| format!("found: {it}")));
        let changes = self.all.iter().filter(|it| !it.reasons.is_empty()).flat_map(|it| {
            let (name, image) = (&it.service.name, &it.image);
            let deploy = format!("deploy `{name}` as {image} ({})", it.reasons.join("; "));
            it.lines.iter().cloned().chain([deploy])
        });
        drift.chain(changes).collect()
    }

    fn before(&self) -> Versions {
        let one = |it: &Planned| Some((it.service.name.clone(), it.before.release.clone()?));
        self.all.iter().filter_map(one).collect()
    }

    fn versions(&self) -> Versions {
        self.all.iter().map(|it| (it.service.name.clone(), it.version.clone())).collect()
    }

    fn fetch(&mut self) -> Result<()> {
        let wanted: Vec<_> = self.all.iter().filter(|it| !it.reasons.is_empty()).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let phase = self.target.world.report.phase("images");
        for it in &wanted {
            phase.doing(&it.service.name);
            fetch::check(&it.image)?;
        }
        phase.done(&format!("{} in the registry", Count(wanted.len(), "image")));
        Ok(())
    }

    /// A person who wants it to end is heard between two steps and while it is watched; then what
    /// served before is brought back.
    fn deploy(&mut self, service: &str, phase: &Phase<'_>) -> Result<Vec<String>> {
        let found = self.all.iter().position(|it| it.service.name == service);
        let Some(index) = found.filter(|index| !self.all[*index].reasons.is_empty()) else {
            return Ok(Vec::new());
        };
        self.target.world.cancel.check()?;
        deployment::wait_until_free(self.target, &self.all[index], phase)?;
        self.touched.push(Touched { index, may_run: false });
        self.configure(index)?;
        self.target.world.cancel.check()?;
        self.run(index, phase)
    }

    /// Coolify has ended them before it said `finished`.
    fn retire(&mut self) -> Result<()> {
        if !self.touched.is_empty() {
            let phase = self.target.world.report.phase("drain");
            phase.done("Coolify ended the old containers itself");
        }
        Ok(())
    }

    fn go_back(&mut self) -> Result<()> {
        let touched: Vec<Touched> = self.touched.iter().rev().copied().collect();
        let phase = (!touched.is_empty()).then(|| self.target.world.report.phase("go back"));
        let back = |it: &Touched| back::go(self.target, &self.all[it.index], it.may_run);
        let failed: Vec<Failure> = touched.iter().filter_map(|it| back(it).err()).collect();
        if let Some(phase) = phase.filter(|_| failed.is_empty()) {
            phase.done(&format!("{} as before", Count(touched.len(), "application")));
        }
        if failed.is_empty() {
            return Ok(());
        }
        Err(not_back(&failed))
    }
}

/// All that went wrong on the way back, each with its cause.
fn not_back(failed: &[Failure]) -> Failure {
    let line = |it: &Failure| match it.first_line() == it.innermost_line() {
        true => it.first_line().to_owned(),
        false => format!("{}: {}", it.first_line(), it.innermost_line()),
    };
    Failure::outside(failed.iter().map(line).collect::<Vec<_>>().join("; ")).code(&code::DEPLOYMENT)
}

impl CoolifyRollout<'_> {
    /// Writes what is to run; nothing runs of it yet. That it was begun is written first: a run that
    /// is killed in between leaves no application that looks as if its container knew all of it.
    fn configure(&self, index: usize) -> Result<()> {
        let it = &self.all[index];
        let name = &it.service.name;
        let description = Marked::Begun(it.release.clone()).description(&self.target.mark());
        if !it.writes.is_empty() {
            write::description(self.target, name, &it.uuid, &description)?;
            write::variables(self.target, name, &it.uuid, &it.writes)?;
        }
        tested::kill_at(&format!("in-configure-{name}"));
        self.target.world.cancel.check()?;
        write::image(self.target, name, &it.uuid, &it.tag, &description)
    }

    fn run(&mut self, index: usize, phase: &Phase<'_>) -> Result<Vec<String>> {
        let (target, it) = (self.target, &self.all[index]);
        let name = &it.service.name;
        self.touched.last_mut().expect("it was just put there").may_run = true;
        let before = it.before.release.as_deref();
        let ended = deployment::run(target, it, &it.release, before, it.before.is_told, phase)?;
        let proof = match ended {
            Ended::Serves(proof) => proof,
            Ended::Back(failure) => {
                self.touched.last_mut().expect("it was put there").may_run = false;
                return Err(failure);
            }
            Ended::Repair(failure) => return Err(failure),
        };
        say(target, name, &it.release, proof);
        let description = Marked::Served(it.release.clone()).description(&target.mark());
        write::image(target, name, &it.uuid, &it.tag, &description)?;
        Ok(vec![format!("`{name}` serves")])
    }
}

/// What only Coolify says, or what it says otherwise, is told.
fn say(target: &CoolifyTarget<'_>, name: &str, release: &str, proof: Proof) {
    match proof {
        Proof::Answered => {}
        Proof::AnsweredDespiteFailure => target.world.report.warning(&format!(
            "Coolify calls the deployment of `{name}` failed, and release `{release}` answers"
        )),
        Proof::RowOnly => target.world.report.warning(&format!(
            "only Coolify says that `{name}` serves `{release}`: nobody could ask it"
        )),
    }
}

pub(super) fn not_deployed(
    target: &CoolifyTarget<'_>,
    name: &str,
    why: &str,
    look: Option<&str>,
) -> Failure {
    let environment = &target.name;
    let failure =
        Failure::outside(format!("failed to deploy `{name}`")).code(&code::DEPLOYMENT).reason(why);
    match look {
        Some(url) => {
            failure.hint(format!("its log is at {url}; `cargo xtask logs {name} {environment}`"))
        }
        None => failure.hint("look at its deployments in the panel, then run the same again"),
    }
}
