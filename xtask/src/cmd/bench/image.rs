//! `bench image`: how far building and pushing are from the goals, from the model, and from others.

use super::{cold, transport, warm};
use crate::bench::Scratch;
use crate::edge::files;
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::BenchImage;
use crate::report::table;
use crate::world::World;
use xtask_core::check::bench::Measurements;

/// Where a recorded run is kept, and the page that shows it.
const RECORD: &str = "docs/benchmarks/image.json";
const PAGE: &str = "docs/BENCHMARKS.md";
const RESULT: &str = "target/bench/image.json";

/// What every part of the benchmark is handed.
pub(super) struct Bench<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) scratch: Scratch,
    pub(super) repeat: usize,
    pub(super) missing: Vec<String>,
}

pub(super) fn run(flags: &BenchImage, world: &World<'_>) -> Result<Exit> {
    let (scratch, repeat) = (Scratch::new(world)?, flags.repeat.max(1));
    let mut bench = Bench { world, scratch, repeat, missing: Vec::new() };
    let cold = cold::measure(&mut bench)?;
    let mut cases = vec![cold.time, cold.cpu, cold.memory];
    cases.extend(warm::measure(&mut bench)?);
    cases.extend(transport::measure(&mut bench)?);
    let (input, rates, missing) = (cold.input, cold.rates, bench.missing);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let record = Measurements { cores, input, rates, cases, missing };
    keep(world, &record, flags.record)?;
    let value = serde_json::to_value(&record).expect("a record has only texts and numbers");
    world.report.data(&value, &format!("{}\n\n{}", record.setting(), table(&record.rows())));
    Ok(if record.is_met() { Exit::Done } else { Exit::Planned })
}

fn keep(world: &World<'_>, record: &Measurements, committed: bool) -> Result<()> {
    let text = serde_json::to_string_pretty(record).expect("a record has only texts and numbers");
    files::make_folder(&world.places.file("target/bench"))?;
    files::write(&world.places.file(RESULT), format!("{text}\n").as_bytes())?;
    if !committed {
        return Ok(());
    }
    let page = files::read(&world.places.file(PAGE))?;
    let page = record.in_page(&page).ok_or_else(|| {
        Failure::usage(format!("cannot record in `{PAGE}`: it has no place for the table"))
    })?;
    files::write(&world.places.file(RECORD), format!("{text}\n").as_bytes())?;
    files::write(&world.places.file(PAGE), page.as_bytes())
}

impl Bench<'_> {
    /// Whether all of these programs are here; what is missing goes into the record.
    pub(super) fn has(&mut self, who: &str, programs: &[&str]) -> bool {
        let absent = programs.iter().find(|program| self.world.shell.find(program).is_none());
        self.missing.extend(absent.map(|program| format!("{who}: `{program}` is not installed")));
        absent.is_none()
    }
}
