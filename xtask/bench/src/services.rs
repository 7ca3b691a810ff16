//! `bench services`: what the released images bear under the limits of production, endpoint by
//! endpoint, in a stack of its own that is gone afterwards.
//!
//! The load comes from `wrk`: it has the percentiles that are wanted, takes little of a small
//! machine, and is a Debian package; others either compile for minutes or run on the very Node.js
//! that is measured.

use crate::record;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use xtask::dev::{self, Dev};
use xtask::edge::files;
use xtask::error::{Context as _, Failure, Result, code};
use xtask::exit::Exit;
use xtask::flags::BenchServices;
use xtask::image::loaded;
use xtask::report::table;
use xtask::runtime;
use xtask::world::World;
use xtask_core::check::bench::services::{EndpointLoad, ServiceLoads};
use xtask_core::command::Command;
use xtask_http::{Client, HeaderName, HeaderValue, Method, Request, Settings};

const SCRIPT: &str = "xtask/bench/services/load.lua";
const LIMITS: &str = "backend 1 processor and 1536 MB, ML service 2 processors and 4096 MB";
const MEASURED: [&str; 2] = ["backend", "ml-service"];

/// What the design asks of all endpoints together, and of logins: people log in once a month.
const DESIGN: f64 = 10.0;
const LOGINS: f64 = 1.0;

const EMAIL: &str = "bench@nutri.example";
const PASSWORD: &str = "a password for measurements";

/// A case: what it is called, method, path, body, how many connections, what is wanted of it.
struct Case {
    name: &'static str,
    request: [String; 3],
    connections: u32,
    design: f64,
}

/// The stack, and what is needed to ask it.
struct Bench<'a> {
    dev: &'a Dev<'a>,
    url: String,
    token: PathBuf,
    seconds: u64,
}

pub(crate) fn run(flags: &BenchServices, world: &World<'_>) -> Result<Exit> {
    let generator = generator(world)?;
    let dev = Dev::measured(world, &chosen(world)?)?;
    // A run that was killed has left its stack, with people who have registered already.
    dev.end(true)?;
    let measured = opened(&dev, flags.seconds).and_then(|bench| measure(&bench, generator));
    // Its volumes are of this run only, however it ends.
    let _whole = world.cancel.whole();
    let ended = dev.end(true);
    let record = measured?;
    ended?;
    let value = serde_json::to_value(&record).expect("a record has only texts and numbers");
    record::result(world, "services", &value)?;
    if flags.record {
        record::commit(world, "services", &value, |page| record.in_page(page))?;
    }
    world.report.data(&value, &format!("{}\n\n{}", record.setting(), table(&record.rows())));
    Ok(if record.is_met() { Exit::Done } else { Exit::Planned })
}

/// What the load generator says it is.
fn generator(world: &World<'_>) -> Result<String> {
    if world.shell.find("wrk").is_none() {
        return Err(Failure::outside("cannot measure: `wrk` is not installed")
            .code(&code::TOOL_MISSING)
            .hint("Debian: `apt-get install wrk`"));
    }
    // It ends with 1 after it has said its version.
    let said = world.shell.observe(&Command::new("wrk").arg("--version"))?;
    let text = said.text();
    Ok(text.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

/// Images as they are released, our own servers, and no limit of rates: one address asks it all.
fn chosen(world: &World<'_>) -> Result<Vec<(&'static str, String)>> {
    let mut chosen = dev::bases(world)?;
    let phase = world.report.phase("images");
    chosen.push(("BACKEND_IMAGE", loaded(world, "backend", &phase)?));
    chosen.push(("ML_SERVICE_IMAGE", loaded(world, "ml-service", &phase)?));
    phase.done("backend and ml-service, as they are released");
    let limits =
        ["RATE_LIMIT_PER_MINUTE", "AUTH_RATE_LIMIT_PER_MINUTE", "ESTIMATE_RATE_LIMIT_PER_MINUTE"];
    chosen.extend(limits.map(|name| (name, "1000000".to_owned())));
    // A port that nobody has: the engine chooses.
    chosen.push(("BACKEND_PORT", "0".to_owned()));
    Ok(chosen)
}

/// The stack as it serves, with somebody who has logged in.
fn opened<'b>(dev: &'b Dev<'b>, seconds: u64) -> Result<Bench<'b>> {
    dev.bring_up(false)?;
    let url = dev.url()?;
    let token = dev.world.places.file("target/bench/token");
    files::make_folder(&dev.world.places.file("target/bench"))?;
    let bench = Bench { dev, url, token, seconds };
    let credentials = json!({ "email": EMAIL, "password": PASSWORD });
    bench.ask("/api/auth/register", &credentials)?;
    let login = bench.ask("/api/auth/login", &credentials)?;
    let given = login["token"].as_str().unwrap_or_default();
    files::write_private(&bench.token, given.as_bytes())?;
    Ok(bench)
}

fn cases() -> Vec<Case> {
    let case = |name, method: &str, path: &str, body: Value, connections, design| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        Case { name, request: [method.into(), path.into(), body], connections, design }
    };
    let food = json!({ "name": "Porridge %N", "per_100g":
        { "kcal": 70, "protein_g": 2, "carbohydrate_g": 12, "fat_g": 1, "fibre_g": 2 } });
    let oats = "5eed0000-0000-4000-8000-000000020038";
    let weighed = json!({ "eaten_on": "%D", "items": [{ "food_id": oats, "grams": 60 }] });
    let told = json!({ "eaten_on": "%D", "description": "two eggs and toast with %N g of ham" });
    let login = json!({ "email": EMAIL, "password": PASSWORD });
    vec![
        case("GET /api/health/ready", "GET", "/api/health/ready", Value::Null, 8, DESIGN),
        case("GET /api/users/me", "GET", "/api/users/me", Value::Null, 8, DESIGN),
        case("GET /api/foods", "GET", "/api/foods?q=a", Value::Null, 8, DESIGN),
        case("POST /api/foods", "POST", "/api/foods", food, 8, DESIGN),
        case("POST /api/meals, told", "POST", "/api/meals", told, 8, DESIGN),
        // The days of the case before, each once: no estimate of them is known yet.
        case("GET /api/summary, estimated", "GET", "/api/summary?date=%D", Value::Null, 8, DESIGN),
        case("POST /api/meals, weighed", "POST", "/api/meals", weighed, 8, DESIGN),
        case("GET /api/meals", "GET", "/api/meals?date=1970-01-02", Value::Null, 8, DESIGN),
        case("GET /api/summary", "GET", "/api/summary?date=1970-01-02", Value::Null, 8, DESIGN),
        case("POST /api/auth/login", "POST", "/api/auth/login", login, 4, LOGINS),
    ]
}

fn measure(bench: &Bench<'_>, generator: String) -> Result<ServiceLoads> {
    let world = bench.dev.world;
    let phase = world.report.phase("load");
    let mut endpoints = Vec::new();
    for case in cases() {
        world.cancel.check()?;
        phase.doing(case.name);
        endpoints.push(bench.load(&case)?);
    }
    phase.done(&format!("{} cases", endpoints.len()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = MEASURED.iter().map(|name| Ok(((*name).to_owned(), bench.most_memory(name)?)));
    let memory_mb = memory.collect::<Result<_>>()?;
    let limits = LIMITS.to_owned();
    Ok(ServiceLoads { cores, generator, limits, endpoints, memory_mb })
}

impl Bench<'_> {
    /// Asks once, as somebody outside does.
    fn ask(&self, path: &str, body: &Value) -> Result<Value> {
        let failed = || format!("failed to ask `{path}`");
        let request =
            Request::to(Method::POST, &format!("{}{path}", self.url)).or_outside(failed)?;
        let json = HeaderValue::from_static("application/json");
        let request = request.header(HeaderName::from_static("content-type"), json);
        let client = Client::new(Settings::of_environment().within(Duration::from_secs(30)));
        let answered = runtime::wait(async {
            let answer = client.send(request.bytes(body.to_string())).await?;
            answer.text(1 << 20).await
        });
        let text = answered.or_outside(failed)?;
        serde_json::from_str(&text).or_outside(failed)
    }

    fn load(&self, case: &Case) -> Result<EndpointLoad> {
        let before = self.processor()?;
        let [connections, seconds] = [case.connections.to_string(), self.seconds.to_string()];
        let duration = format!("{seconds}s");
        let wrk = Command::new("wrk")
            .args(["--threads", "1", "--connections", &connections, "--duration", &duration])
            .args(["--timeout", "10s", "--script", SCRIPT, &self.url, "--"])
            .args(case.request.clone())
            .arg(self.token.display().to_string());
        let said = self.dev.world.shell.run(&wrk)?.text();
        let after = self.processor()?;
        let line = said.lines().rev().find(|line| line.starts_with('{')).unwrap_or_default();
        let found: Value = serde_json::from_str(line)
            .or_outside(|| format!("failed to read what `wrk` found: {said}"))?;
        Ok(endpoint(case, &found, &before, &after))
    }

    /// Seconds of processor time that each service has used so far.
    fn processor(&self) -> Result<Vec<f64>> {
        MEASURED.iter().map(|name| self.of_process(name, "stat").map(|it| used(&it))).collect()
    }

    fn most_memory(&self, service: &str) -> Result<f64> {
        let status = self.of_process(service, "status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|it| it.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kilobytes.unwrap_or(f64::NAN) / 1e3)
    }

    /// What the kernel says of the one process of a service.
    fn of_process(&self, service: &str, file: &str) -> Result<String> {
        let id = self.dev.member(service)?.id;
        let inspect = Command::new("docker").args(["inspect", "--format", "{{.State.Pid}}", &id]);
        let process = self.dev.world.shell.run(&inspect)?.text();
        files::read(&PathBuf::from(format!("/proc/{}/{file}", process.trim())))
    }
}

/// User and system time out of `/proc/PID/stat`, of which the name may hold anything.
fn used(stat: &str) -> f64 {
    let fields: Vec<&str> =
        stat.rsplit_once(')').map_or(vec![], |(_, rest)| rest.split_whitespace().collect());
    let ticks = [11, 12].map(|at| fields.get(at).and_then(|it| it.parse::<f64>().ok()));
    // A tick is a hundredth of a second on every Linux that we know.
    ticks.into_iter().flatten().sum::<f64>() / 100.0
}

fn endpoint(case: &Case, found: &Value, before: &[f64], after: &[f64]) -> EndpointLoad {
    let number = |name: &str| found[name].as_f64().unwrap_or(f64::NAN);
    let count = |name: &str| found[name].as_u64().unwrap_or(u64::MAX);
    let (requests, seconds) = (number("requests"), number("us") / 1e6);
    let each = |(at, name): (usize, &&str)| {
        ((*name).to_owned(), (after[at] - before[at]) * 1e3 / requests)
    };
    EndpointLoad {
        name: case.name.to_owned(),
        design: case.design,
        throughput: requests / seconds,
        p50_ms: number("p50_us") / 1e3,
        p95_ms: number("p95_us") / 1e3,
        p99_ms: number("p99_us") / 1e3,
        refused: count("refused"),
        broken: count("broken"),
        cpu_ms: MEASURED.iter().enumerate().map(each).collect(),
    }
}
