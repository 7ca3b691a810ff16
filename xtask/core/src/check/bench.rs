//! A benchmark: what was measured, side by side in one run, and how it compares with its goals.

pub mod backup;
pub mod services;

use serde::{Deserialize, Serialize};
use std::fmt;

/// The line before the generated table, in the page that shows it.
pub const BEGIN: &str = "<!-- made by `cargo xtask bench image --record` -->";
/// The line after it.
pub const END: &str = "<!-- end -->";

/// Everything that one run found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurements {
    /// How many cores the machine has.
    pub cores: usize,
    /// What was packed.
    pub input: Input,
    /// What this machine can do, as it was while the run went on.
    pub rates: Rates,
    /// What was measured.
    pub cases: Vec<Case>,
    /// What was left out, and why.
    pub missing: Vec<String>,
}

/// A folder that is packed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// How many files it holds.
    pub files: u64,
    /// The bytes of its tar.
    pub bytes: u64,
    /// The bytes of its layers.
    pub compressed: u64,
}

/// How fast this machine does what nobody can do without, in bytes a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// Compressing, all cores at once.
    pub compress: f64,
    /// SHA-256, one core.
    pub digest: f64,
    /// Writing to disk, synced.
    pub write: f64,
}

impl Rates {
    /// The shortest time in which `input` can become a layer: its slowest part alone.
    pub fn cold(&self, input: &Input) -> f64 {
        let (bytes, compressed) = (input.bytes as f64, input.compressed as f64);
        (bytes / self.compress).max(bytes / self.digest).max(compressed / self.write)
    }

    /// The middle one of each.
    pub fn median(all: &[Self]) -> Self {
        let of = |which: fn(&Self) -> f64| Runs(all.iter().map(which).collect()).median();
        Self {
            compress: of(|it| it.compress),
            digest: of(|it| it.digest),
            write: of(|it| it.write),
        }
    }
}

/// The same thing measured several times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Runs(pub Vec<f64>);

impl Runs {
    pub fn min(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The one in the middle; of an even number, the larger.
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Ours against another's, repetition by repetition: what disturbs the machine for a while
    /// disturbs both.
    pub fn against(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(own, other)| own / other).collect())
    }
}

/// In what something is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Seconds of wall time.
    Seconds,
    /// Megabytes of resident memory.
    Megabytes,
    /// A number of things.
    Count,
}

/// One thing that we do, and how others do it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// What is done.
    pub name: String,
    /// In what it is measured.
    pub unit: Unit,
    /// How we do.
    pub ours: Runs,
    /// The most that we allow ourselves.
    pub most: Option<f64>,
    /// Who does the same, and the most that ours may be of theirs.
    pub peers: Vec<Peer>,
}

/// Somebody or something that ours is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Peer {
    /// What the table calls it, such as `skopeo copy`.
    pub name: String,
    /// How they do.
    pub runs: Runs,
    /// The most that ours may be, as a share of theirs.
    pub most: Option<f64>,
}

impl Case {
    /// A case with a limit of its own and nobody beside it.
    pub fn alone(name: &str, unit: Unit, ours: Runs, most: f64) -> Self {
        Self { name: name.to_owned(), unit, ours, most: Some(most), peers: Vec::new() }
    }

    /// Whether its goals are met.
    pub fn is_met(&self) -> bool {
        let own = self.most.is_none_or(|most| self.ours.median() <= most);
        own && self.peers.iter().all(|peer| peer.is_met(&self.ours))
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let show = |runs: &Runs| match self.unit {
            Unit::Count => format!("{:.0}", runs.median()),
            Unit::Megabytes => format!("{:.0} MB", runs.median()),
            Unit::Seconds => format!("{:.2} / {:.2} s", runs.min(), runs.median()),
        };
        let goal = self.most.map_or_else(String::new, |most| format!("≤ {most} {}", self.unit));
        let verdict = self.most.map(|most| self.ours.median() <= most);
        let first = [self.name.clone(), "ours".into(), show(&self.ours), String::new()];
        let mut rows =
            vec![[&first[..], &[goal.trim_end().to_owned(), yes_or_no(verdict)]].concat()];
        rows.extend(self.peers.iter().map(|peer| {
            let ratio = self.ours.against(&peer.runs);
            let shown = format!("{:.2} / {:.2}", ratio.min(), ratio.median());
            let goal = peer.most.map_or_else(String::new, |most| format!("≤ {most} × it"));
            let verdict = peer.most.map(|_| peer.is_met(&self.ours));
            vec![
                String::new(),
                peer.name.clone(),
                show(&peer.runs),
                shown,
                goal,
                yes_or_no(verdict),
            ]
        }));
        rows
    }
}

impl Peer {
    fn is_met(&self, ours: &Runs) -> bool {
        self.most.is_none_or(|most| ours.against(&self.runs).median() <= most)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Seconds => "s",
            Self::Megabytes => "MB",
            Self::Count => "",
        })
    }
}

fn yes_or_no(verdict: Option<bool>) -> String {
    verdict.map_or("", |met| if met { "yes" } else { "no" }).to_owned()
}

/// Cases as rows of cells, a heading first.
pub fn rows(cases: &[Case]) -> Vec<Vec<String>> {
    let heading = ["case", "who", "min / median", "ratio, min / median", "goal", "met"];
    let heading = heading.map(ToOwned::to_owned).to_vec();
    [heading].into_iter().chain(cases.iter().flat_map(Case::rows)).collect()
}

impl Measurements {
    /// Whether every goal is met.
    pub fn is_met(&self) -> bool {
        self.cases.iter().all(Case::is_met)
    }

    /// Every case as rows of cells, a heading first.
    pub fn rows(&self) -> Vec<Vec<String>> {
        rows(&self.cases)
    }

    /// What the run was made with, in a sentence.
    pub fn setting(&self) -> String {
        let megabytes = |bytes: f64| bytes / 1e6;
        format!(
            "Input: {} files, {:.0} MB as a tar, {:.0} MB as layers. Machine: {} cores; \
             compressing {:.0} MB/s on all of them, SHA-256 {:.0} MB/s, synced writes {:.0} MB/s.",
            self.input.files,
            megabytes(self.input.bytes as f64),
            megabytes(self.input.compressed as f64),
            self.cores,
            megabytes(self.rates.compress),
            megabytes(self.rates.digest),
            megabytes(self.rates.write),
        )
    }

    /// The page that holds the generated part, with this record in its place; `None` if it has
    /// no such place.
    pub fn in_page(&self, page: &str) -> Option<String> {
        let missing = self.missing.iter().map(|it| format!("\nNot measured: {it}.\n"));
        let missing: String = missing.collect();
        placed(page, BEGIN, &format!("{}\n\n{}{missing}", self.setting(), markdown(self.rows())))
    }
}

/// The page with `made` between the line `begin` and the next end; `None` if it has no such place.
fn placed(page: &str, begin: &str, made: &str) -> Option<String> {
    let (before, rest) = page.split_once(begin)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{begin}\n\n{made}\n{END}{after}"))
}

/// Rows of cells, a heading first, as a table of Markdown.
fn markdown(rows: Vec<Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut rows = rows.into_iter();
    let heading = rows.next().unwrap_or_default();
    let ruler = vec!["---".to_owned(); heading.len()];
    [heading, ruler].into_iter().chain(rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(ours: &[f64], peer: &[f64]) -> Measurements {
        let rates = Rates { compress: 1e8, digest: 1e9, write: 1e8 };
        let input = Input { files: 2, bytes: 200_000_000, compressed: 60_000_000 };
        let peers = vec![Peer { name: "other".into(), runs: Runs(peer.into()), most: Some(0.5) }];
        let case = |ours: &[f64]| Case {
            name: "cold".into(),
            unit: Unit::Seconds,
            ours: Runs(ours.into()),
            most: None,
            peers,
        };
        Measurements {
            cores: 2,
            input,
            rates,
            cases: vec![case(ours)],
            missing: vec!["x: absent".into()],
        }
    }

    #[test]
    fn the_model_is_the_slowest_part_alone() {
        let Measurements { input, rates, .. } = record(&[], &[]);
        assert_eq!(rates.cold(&input), 2.0);
        assert_eq!(Rates { write: 1e7, ..rates }.cold(&input), 6.0);
        assert_eq!(Rates { digest: 1e7, ..rates }.cold(&input), 20.0);
    }

    #[test]
    fn a_ratio_is_of_the_same_repetition() {
        // A machine that was busy for a while is busy for both.
        assert!(record(&[1.0, 5.0, 1.0], &[2.0, 10.0, 2.0]).is_met());
        assert!(!record(&[1.0, 5.0, 5.0], &[2.0, 2.0, 2.0]).is_met());
    }

    #[test]
    fn the_table_says_what_was_missed_and_stands_where_the_page_has_room() {
        let record = record(&[3.0, 3.5, 4.0], &[4.0, 4.0, 4.0]);
        let page = format!("# Title\n{BEGIN}\nold\n{END}\nrest\n");
        insta::assert_snapshot!(record.in_page(&page).unwrap(), @"
        # Title
        <!-- made by `cargo xtask bench image --record` -->

        Input: 2 files, 200 MB as a tar, 60 MB as layers. Machine: 2 cores; compressing 100 MB/s on all of them, SHA-256 1000 MB/s, synced writes 100 MB/s.

        | case | who | min / median | ratio, min / median | goal | met |
        | --- | --- | --- | --- | --- | --- |
        | cold | ours | 3.00 / 3.50 s |  |  |  |
        |  | other | 4.00 / 4.00 s | 0.75 / 0.88 | ≤ 0.5 × it | no |

        Not measured: x: absent.

        <!-- end -->
        rest
        ");
        assert_eq!(record.in_page("# No room\n"), None);
    }
}
