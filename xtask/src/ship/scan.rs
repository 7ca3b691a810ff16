//! scan: what the scanner says of each image, kept as evidence by the image's digest.

use super::site::Site;
use crate::edge::clock;
use crate::error::{Context as _, Failure, Result, code};
use crate::image::{Built, stored_image};
use crate::scan::{Fetch, Scanner};
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};
use xtask_core::moment::Moment;
use xtask_core::ship::ledger::Action;
use xtask_core::ship::release::{Release, ScanVerdict};
use xtask_core::trust::scan;

/// Scans every image that was built; a blocking finding ends the pipeline here.
pub fn services(
    world: &World<'_>,
    built: &BTreeMap<String, Built>,
) -> Result<BTreeMap<String, ScanVerdict>> {
    let phase = world.report.phase("scan");
    let Some(scanner) = Scanner::open(world, Fetch::Seldom, &phase)? else {
        phase.done("not scanned: Trivy is not on this machine");
        return Ok(built.keys().map(|service| (service.clone(), scan::not_scanned())).collect());
    };
    let mut verdicts = BTreeMap::new();
    for (service, image) in built {
        phase.doing(service);
        let image = stored_image(world, &image.name)?;
        let scans = image.platforms.iter().map(|on| scanner.scan(&image, on));
        let scans = scans.map(|scan| scan.map(|it| it.judged.verdict)).collect::<Result<_>>()?;
        let verdict = scan::together(scans).expect("an image has a platform");
        verdicts.insert(service.clone(), verdict);
    }
    refuse_blocking(&verdicts)?;
    phase.done(&outcome(&verdicts, scanner.database_hours()));
    let warnings = verdicts.values().flat_map(|verdict| &verdict.warnings);
    warnings.collect::<BTreeSet<_>>().iter().for_each(|line| world.report.warning(line));
    Ok(verdicts)
}

/// Refuses a release that may not enter the environment. A rollback is warned of only: going back
/// must not wait for a scanner.
pub fn may_enter(site: &Site<'_>, release: &Release, action: Action) -> Result<()> {
    let policy = &site.world.deploy.scan;
    let entered = scan::may_enter(release, policy, site.environment.target, now());
    match (entered, action) {
        (Err(refusal), Action::Rollback) => {
            site.world.report.warning(&format!("release `{}`: {refusal}", release.version));
            Ok(())
        }
        (entered, _) => entered
            .or_refused(|| {
                format!("cannot roll out release `{}` to `{}`", release.version, site.name)
            })
            .map_err(|failure| failure.hint("`cargo xtask image scan` says what it finds now")),
    }
}

/// Now, as the core takes it.
pub fn now() -> Moment {
    clock::moment()
}

fn refuse_blocking(verdicts: &BTreeMap<String, ScanVerdict>) -> Result<()> {
    let findings = verdicts.iter().flat_map(|(service, verdict)| {
        verdict.blocking.iter().map(move |finding| format!("{service}: {finding}"))
    });
    let findings: Vec<String> = findings.collect();
    if findings.is_empty() {
        return Ok(());
    }
    Err(Failure::refused("cannot release: the scanner found what must not be shipped")
        .code(&code::SCAN_BLOCKS)
        .reason(findings.join("\n"))
        .hint("update the package or remove the file it names, then run the same command again"))
}

fn outcome(verdicts: &BTreeMap<String, ScanVerdict>, database_hours: Option<u64>) -> String {
    let missing: BTreeSet<&str> =
        verdicts.values().flat_map(|it| &it.not_scanned).map(String::as_str).collect();
    let allowed: usize = verdicts.values().map(|it| it.allowed.len()).sum();
    let mut parts = vec!["nothing blocking".to_owned()];
    if allowed > 0 {
        parts.push(format!("{allowed} allowed"));
    }
    if let Some(hours) = database_hours {
        parts.push(format!("database {hours} h old"));
    }
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.into_iter().collect();
        parts.push(format!("partial: {}", missing.join("; ")));
    }
    parts.join("; ")
}
