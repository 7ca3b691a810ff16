//! `image scan`: what the scanner finds in built images, judged by `[scan]` of `deploy.toml`.

use super::looked_at;
use crate::edge::files;
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::ImageScan;
use crate::image::{StoredImage, StoredPlatform};
use crate::report::table;
use crate::scan::{Fetch, Scan, Scanner};
use crate::world::{World, definition_name};
use serde_json::{Value, json};
use xtask_core::plan::Count;
use xtask_core::platform::Platform;
use xtask_core::trust::scan::{Fate, ScanFinding, sarif};

/// An image on one platform, scanned.
struct Scanned {
    image: String,
    on: StoredPlatform,
    scan: Scan,
}

pub(super) fn run(flags: &ImageScan, world: &World<'_>) -> Result<Exit> {
    let phase = world.report.phase("scan");
    let scanner = Scanner::open(world, Fetch::Eagerly, &phase)?.ok_or_else(|| {
        Failure::outside("cannot scan: Trivy is not on this machine")
            .hint("`./x doctor` lists every tool and how to get it")
    })?;
    let mut scanned = Vec::new();
    for (image, on) in wanted(flags, world)? {
        phase.doing(&format!("{} for {}", image.name, on.platform));
        let scan = scanner.scan(&image, &on)?;
        scanned.push(Scanned { image: image.name, on, scan });
    }
    phase.done(&outcome(&scanned, &scanner));
    if let Some(file) = &flags.sarif {
        files::write(file, format!("{:#}\n", sarif(&scanner, &scanned)?).as_bytes())?;
    }
    warn(world, &scanned);
    let values: Vec<Value> = scanned.iter().map(Scanned::value).collect();
    world.report.data(&json!({ "images": values }), &text(&scanned));
    let blocked = scanned.iter().any(|it| !it.scan.judged.verdict.blocking.is_empty());
    Ok(if blocked { Exit::Refused } else { Exit::Done })
}

/// The images and platforms that are asked for, as they were built last.
fn wanted(flags: &ImageScan, world: &World<'_>) -> Result<Vec<(StoredImage, StoredPlatform)>> {
    let services = world.deploy.services.iter().map(|it| definition_name(&it.image).to_owned());
    let names = if flags.images.is_empty() { services.collect() } else { flags.images.clone() };
    let mut wanted = Vec::new();
    for name in names {
        let image = looked_at(world, &name)?;
        let there: Vec<Platform> = image.platforms.iter().map(|on| on.platform).collect();
        if let Some(absent) = flags.platform.iter().find(|it| !there.contains(it)) {
            return Err(Failure::usage(format!(
                "cannot scan image `{name}` for {absent}: it was not built for it"
            ))
            .hint(format!("cargo xtask image build {name}")));
        }
        let asked = |on: &StoredPlatform| {
            flags.platform.is_empty() || flags.platform.contains(&on.platform)
        };
        let platforms: Vec<StoredPlatform> =
            image.platforms.iter().filter(|on| asked(on)).cloned().collect();
        wanted.extend(platforms.into_iter().map(|on| (image.clone(), on)));
    }
    Ok(wanted)
}

fn outcome(scanned: &[Scanned], scanner: &Scanner<'_>) -> String {
    let blocking: usize = scanned.iter().map(|it| it.scan.judged.verdict.blocking.len()).sum();
    let found = match blocking {
        0 => "nothing blocking".to_owned(),
        some => format!("{} blocking", Count(some, "finding")),
    };
    match scanner.database_hours() {
        Some(hours) => format!("{found}; database {hours} h old"),
        None => format!("{found}; without a database of vulnerabilities"),
    }
}

fn warn(world: &World<'_>, scanned: &[Scanned]) {
    let verdicts = || scanned.iter().map(|it| &it.scan.judged.verdict);
    let partial = verdicts().flat_map(|it| &it.not_scanned);
    let mut lines: Vec<String> =
        partial.map(|what| format!("partial: not scanned: {what}")).collect();
    lines.extend(verdicts().flat_map(|it| it.warnings.clone()));
    lines.sort_unstable();
    lines.dedup();
    lines.iter().for_each(|line| world.report.warning(line));
}

/// A run of SARIF for each answer, under a category of its own.
fn sarif(scanner: &Scanner<'_>, scanned: &[Scanned]) -> Result<Value> {
    let mut documents = Vec::new();
    for Scanned { image, on, scan } in scanned {
        let category = format!("scan/{image}/{}", on.platform.architecture());
        documents.push((category.clone(), scanner.sarif(&scan.answers.image)?));
        if let Some(beyond) = &scan.answers.beyond {
            documents.push((format!("{category}/sbom"), scanner.sarif(beyond)?));
        }
    }
    Ok(sarif::together(documents))
}

fn text(scanned: &[Scanned]) -> String {
    let heads = ["IMAGE", "PLATFORM", "SEVERITY", "FOUND", "IN", "FIXED", "LAYER", "FATE"];
    let mut rows = vec![heads.map(ToOwned::to_owned).to_vec()];
    rows.extend(scanned.iter().flat_map(Scanned::rows));
    let found = if rows.len() > 1 { format!("{}\n", table(&rows)) } else { String::new() };
    let lines: Vec<String> = scanned.iter().map(Scanned::summary).collect();
    format!("{found}{}", lines.join("\n"))
}

impl Scanned {
    fn summary(&self) -> String {
        let verdict = &self.scan.judged.verdict;
        let word = if verdict.blocking.is_empty() { "clean" } else { "refused" };
        let partial = if verdict.not_scanned.is_empty() { "" } else { ", partial" };
        format!("{} {}@{}: {word}{partial}", self.image, self.on.platform, self.on.manifest.digest)
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |(finding, fate): &(ScanFinding, Fate)| {
            vec![
                self.image.clone(),
                self.on.platform.to_string(),
                finding.severity.to_string(),
                finding.id.clone(),
                format!("{} {}", finding.package, finding.installed).trim_end().to_owned(),
                finding.fixed.clone().unwrap_or_else(|| "-".to_owned()),
                self.layer(finding).unwrap_or_else(|| "-".to_owned()),
                fate.to_string(),
            ]
        };
        self.scan.judged.findings.iter().map(row).collect()
    }

    /// What the definition calls the layer that holds it.
    fn layer(&self, finding: &ScanFinding) -> Option<String> {
        let diff_id = finding.layer?;
        let layer = self.on.layers.iter().find(|layer| layer.diff_id == diff_id)?;
        Some(layer.name.clone())
    }

    fn value(&self) -> Value {
        let finding = |(finding, fate): &(ScanFinding, Fate)| {
            let mut value = json!(finding);
            value["layerName"] = json!(self.layer(finding));
            value["fate"] = json!(fate);
            value
        };
        let findings: Vec<Value> = self.scan.judged.findings.iter().map(finding).collect();
        json!({
            "image": self.image, "platform": self.on.platform, "manifest": self.on.manifest.digest,
            "verdict": self.scan.judged.verdict, "findings": findings,
            "evidence": self.scan.evidence,
        })
    }
}
