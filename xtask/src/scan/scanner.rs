//! One scan: the scanner's answers, from the evidence if it was asked with the same means before.

use super::sbom::sbom;
use crate::edge::clock;
use crate::edge::files;
use crate::edge::trivy::{Database, Trivy};
use crate::error::{Context as _, Result};
use crate::image::{StoredImage, StoredPlatform};
use crate::report::Phase;
use crate::world::World;
use serde_json::Value;
use std::path::{Path, PathBuf};
use xtask_core::digest::Digest;
use xtask_core::moment::Moment;
use xtask_core::trust::scan::{self, Answers, Judged, Means};

/// How often an environment without a network is asked for a database again.
const SELDOM_SECONDS: u64 = 3600;

/// When a newer database is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Whenever a newer one is to be expected.
    Eagerly,
    /// Then too, but not within an hour of a try that failed.
    Seldom,
}

/// The scanner of this machine, with its database.
pub struct Scanner<'a> {
    world: &'a World<'a>,
    trivy: Trivy<'a>,
    means: Means,
    now: Moment,
}

/// What was found in an image for one platform.
pub struct Scan {
    /// The verdict and the findings behind it.
    pub judged: Judged,
    /// What the scanner answered.
    pub answers: Answers,
    /// Where the answers are kept.
    pub evidence: Vec<PathBuf>,
}

impl<'a> Scanner<'a> {
    /// The scanner of this machine, if there is one, with the newest database that can be had.
    pub fn open(world: &'a World<'a>, fetch: Fetch, phase: &Phase<'_>) -> Result<Option<Self>> {
        if world.shell.find("trivy").is_none() {
            return Ok(None);
        }
        let trivy = Trivy::new(&world.shell, &world.places.cache);
        let now = clock::moment();
        let mut database = trivy.database()?;
        if wants_fetch(&trivy, database.as_ref(), fetch, now)? {
            phase.doing("fetching the database of vulnerabilities");
            if let Err(failure) = trivy.fetch_database() {
                phase.note(&format!("{}; {}", failure.first_line(), kept(database.as_ref())));
            }
            world.cancel.check()?;
            database = trivy.database()?;
        }
        let scanner = format!("trivy {}", trivy.version()?);
        let means = Means { scanner, database: database.map(|it| it.made_at) };
        Ok(Some(Self { world, trivy, means, now }))
    }

    /// How many hours ago the database was made, if there is one.
    pub fn database_hours(&self) -> Option<u64> {
        let made_at: Moment = self.means.database.as_ref()?.parse().ok()?;
        Some(self.now.hours_since(made_at))
    }

    /// What is in `image` on one platform, and in its SBOM.
    pub fn scan(&self, image: &StoredImage, on: &StoredPlatform) -> Result<Scan> {
        let sbom = sbom(self.world, &self.folder()?, image, on)?;
        let (answer, image_evidence) = self.image(&image.name, &on.manifest.digest)?;
        let about = self.means.database.as_ref().and(sbom.document());
        let about = about.map(|document| self.sbom(&image.name, document)).transpose()?;
        let (beyond, sbom_evidence) = about.unzip();
        let beyond = beyond.map(|all| scan::inventory::beyond(&answer, all));
        let evidence = [Some(image_evidence), sbom_evidence].into_iter().flatten().collect();
        let answers = Answers { platform: on.platform, image: answer, sbom, beyond };
        let judged = scan::judge(&self.means, &answers, &self.world.deploy.scan, self.now);
        let judged = judged.or_outside(|| "failed to read Trivy's answer".to_owned())?;
        Ok(Scan { judged, answers, evidence })
    }

    /// `answer`, as far as the policy minds it, as SARIF.
    pub fn sarif(&self, answer: &Value) -> Result<Value> {
        let shown = scan::sarif::shown(answer.clone(), &self.world.deploy.scan, self.now);
        let folder = tempfile::tempdir().or_outside(|| "failed to make a folder".to_owned())?;
        let file = folder.path().join("answer.json");
        files::write(&file, shown.to_string().as_bytes())?;
        self.trivy.sarif(&file)
    }

    fn image(&self, name: &str, manifest: &Digest) -> Result<(Value, PathBuf)> {
        let scanners = scan::scanners(self.means.database.is_some());
        let layout = self.world.places.layout();
        self.kept(manifest, &|_| self.trivy.image(&layout, manifest, name, &scanners))
    }

    fn sbom(&self, name: &str, document: &Value) -> Result<(Value, PathBuf)> {
        let bytes = scan::inventory::for_scanner(document.clone()).to_string();
        let called = format!("{name} SBOM");
        self.kept(&Digest::of(bytes.as_bytes()), &|evidence| {
            let file = evidence.with_extension("cdx.json");
            files::write(&file, bytes.as_bytes())?;
            self.trivy.inventory(&file, &called)
        })
    }

    /// The answer about `subject` that was kept, or a new one, which is kept.
    fn kept(
        &self,
        subject: &Digest,
        ask: &dyn Fn(&Path) -> Result<Value>,
    ) -> Result<(Value, PathBuf)> {
        let path = self.evidence(subject)?;
        let kept = files::read_if_there(&path)?;
        let kept = kept.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        if let Some(answer) = kept.filter(|it| it["SchemaVersion"].is_number()) {
            return Ok((answer, path));
        }
        let answer = ask(&path)?;
        files::write(&path, answer.to_string().as_bytes())?;
        Ok((answer, path))
    }

    /// What was asked with another scanner or another database is no evidence.
    fn evidence(&self, subject: &Digest) -> Result<PathBuf> {
        let database = self.means.database.as_deref().unwrap_or("none");
        let scanners = scan::scanners(self.means.database.is_some()).join("-");
        let means = format!("{}-{database}-{scanners}", self.means.scanner);
        let means = means.replace(|it: char| !it.is_ascii_alphanumeric() && it != '.', "-");
        Ok(self.folder()?.join(format!("{}-{means}.json", subject.hex())))
    }

    /// Where evidence is kept.
    fn folder(&self) -> Result<PathBuf> {
        let folder = self.world.places.cache.join("scans");
        files::make_folder(&folder)?;
        Ok(folder)
    }
}

fn wants_fetch(
    trivy: &Trivy<'_>,
    database: Option<&Database>,
    fetch: Fetch,
    now: Moment,
) -> Result<bool> {
    let due = database.and_then(|it| it.next_at.parse::<Moment>().ok()).is_none_or(|at| at <= now);
    let tried = trivy.failed_at()?.and_then(|at| clock::seconds_since(&at));
    Ok(due && (fetch == Fetch::Eagerly || tried.is_none_or(|ago| ago >= SELDOM_SECONDS)))
}

fn kept(database: Option<&Database>) -> String {
    match database {
        Some(database) => format!("the database of {} is used", database.made_at),
        None => "vulnerabilities are not looked for".to_owned(),
    }
}
