//! `bench image`: how far building and pushing are from the goals, from the model, and from others.

use crate::scratch::Scratch;
use crate::{cold, record, transport, warm};
use std::path::Path;
use xtask::error::Result;
use xtask::exit::Exit;
use xtask::flags::BenchImage;
use xtask::report::table;
use xtask::world::World;
use xtask_core::check::bench::Measurements;

/// What every part of the benchmark is handed.
pub(crate) struct Bench<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) scratch: Scratch,
    pub(crate) repeat: usize,
    pub(crate) missing: Vec<String>,
}

pub(crate) fn run(flags: &BenchImage, program: &Path, world: &World<'_>) -> Result<Exit> {
    let (scratch, repeat) = (Scratch::new(world, program)?, flags.repeat.max(1));
    let mut bench = Bench { world, scratch, repeat, missing: Vec::new() };
    let cold = cold::measure(&mut bench)?;
    let mut cases = vec![cold.time, cold.cpu, cold.size, cold.memory];
    cases.extend(warm::measure(&mut bench)?);
    cases.extend(transport::measure(&mut bench)?);
    let (input, rates, missing) = (cold.input, cold.rates, bench.missing);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let record = Measurements { cores, input, rates, cases, missing };
    let value = serde_json::to_value(&record).expect("a record has only texts and numbers");
    record::result(world, "image", &value)?;
    if flags.record {
        record::commit(world, "image", &value, |page| record.in_page(page))?;
    }
    world.report.data(&value, &format!("{}\n\n{}", record.setting(), table(&record.rows())));
    Ok(if record.is_met() { Exit::Done } else { Exit::Planned })
}

impl Bench<'_> {
    /// Whether all of these programs are here; what is missing goes into the record.
    pub(crate) fn has(&mut self, who: &str, programs: &[&str]) -> bool {
        let absent = programs.iter().find(|program| self.world.shell.find(program).is_none());
        self.missing.extend(absent.map(|program| format!("{who}: `{program}` is not installed")));
        absent.is_none()
    }
}
