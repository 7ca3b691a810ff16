//! scan: what the scanner says of each image, kept as evidence by the image's digest.

use crate::edge::files;
use crate::edge::trivy::Trivy;
use crate::error::{Context as _, Failure, Result};
use crate::image::Built;
use crate::world::{World, this_platform};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use xtask_core::descriptor::Descriptor;
use xtask_core::release::ScanVerdict;
use xtask_core::scan;

/// Scans every image; a blocking finding ends the road here.
pub fn services(
    world: &World<'_>,
    built: &BTreeMap<String, Built>,
) -> Result<BTreeMap<String, ScanVerdict>> {
    let phase = world.report.phase("scan");
    let platform = this_platform()?;
    let trivy = Trivy::new(&world.shell, &world.places.cache);
    if world.shell.find("trivy").is_none() {
        phase.done("not scanned: Trivy is not on this machine");
        return Ok(built.keys().map(|service| (service.clone(), scan::not_scanned())).collect());
    }
    let scanner = format!("trivy {}", trivy.version()?);
    let mut verdicts = BTreeMap::new();
    for (service, image) in built {
        phase.doing(service);
        let manifest = image.manifest(platform).or_else(|| image.manifests.first().map(|it| &it.1));
        let manifest = manifest.expect("an image has a manifest");
        verdicts.insert(service.clone(), verdict(world, &trivy, &scanner, manifest)?);
    }
    refuse_blocking(&verdicts)?;
    phase.done(&outcome(&verdicts));
    Ok(verdicts)
}

/// The verdict of one image, from the evidence if it was scanned with the same means before.
fn verdict(
    world: &World<'_>,
    trivy: &Trivy<'_>,
    scanner: &str,
    manifest: &Descriptor,
) -> Result<ScanVerdict> {
    let scanners = scan::scanners(trivy.has_database());
    let path = evidence(world, manifest, scanner, &scanners)?;
    let read = |answer: &Value| {
        let judged = scan::judge(scanner, &scanners, answer);
        judged.or_outside(|| "failed to read Trivy's answer".to_owned())
    };
    let kept = files::read_if_there(&path)?;
    let kept = kept.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    if let Some(Ok(verdict)) = kept.as_ref().map(read) {
        return Ok(verdict);
    }
    let answer = trivy.scan(&world.places.layout(), &manifest.digest, &scanners)?;
    let verdict = read(&answer)?;
    files::write(&path, answer.to_string().as_bytes())?;
    Ok(verdict)
}

fn evidence(
    world: &World<'_>,
    manifest: &Descriptor,
    scanner: &str,
    scanners: &[&str],
) -> Result<PathBuf> {
    let folder = world.places.cache.join("scans");
    files::make_folder(&folder)?;
    let means = format!("{}-{}", scanner.replace(' ', "-"), scanners.join("-"));
    Ok(folder.join(format!("{}-{means}.json", manifest.digest.hex())))
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
        .reason(findings.join("\n"))
        .hint("update the package or remove the file it names, then run the same command again"))
}

fn outcome(verdicts: &BTreeMap<String, ScanVerdict>) -> String {
    let not_scanned = verdicts.values().flat_map(|verdict| &verdict.not_scanned);
    let mut missing: Vec<&String> = not_scanned.collect();
    missing.sort_unstable();
    missing.dedup();
    match missing.as_slice() {
        [] => "nothing blocking".to_owned(),
        missing => {
            let missing: Vec<&str> = missing.iter().map(|it| it.as_str()).collect();
            format!("nothing blocking; partial: {}", missing.join("; "))
        }
    }
}
