use super::*;
use crate::check::graph::Graph;
use crate::check::task;
use crate::check::task::tests::stub;
use proptest::prelude::*;

fn tasks() -> Vec<Task> {
    vec![stub("last", &[]), stub("form", &[]), stub("build", &[]), stub("test", &["build"])]
}

#[test]
fn what_others_wait_for_starts_first() {
    let tasks = tasks();
    let mut schedule = Schedule::new(&tasks, 2, AfterFailure::Stop);
    assert_eq!((schedule.start(), schedule.start(), schedule.start()), (Some(2), Some(0), None));
    assert!(schedule.end(2, Outcome::Passed).is_empty());
    assert_eq!((schedule.start(), schedule.start()), (Some(1), None));
    schedule.end(0, Outcome::Passed);
    schedule.end(1, Outcome::Passed);
    assert_eq!((schedule.start(), schedule.start()), (Some(3), None));
    schedule.end(3, Outcome::Passed);
    assert!(schedule.is_over());
}

/// On a new machine nobody knows how long anything takes.
#[test]
fn what_was_never_timed_is_as_long_as_it_may_take() {
    let long = Task { limit: Duration::from_secs(3600), ..stub("long", &[]) };
    let tasks = [stub("a", &[]), stub("b", &["a"]), long];
    let mut schedule = Schedule::new(&tasks, 1, AfterFailure::Stop);
    assert_eq!(schedule.start(), Some(2));
    let took = [Some(Duration::from_secs(9)), None, Some(Duration::from_secs(8))];
    let mut schedule = Schedule::new(&tasks, 1, AfterFailure::Stop).timed(&took);
    assert_eq!(schedule.start(), Some(0));
}

#[test]
fn a_failure_leaves_out_all_that_has_not_begun() {
    let tasks = tasks();
    let mut schedule = Schedule::new(&tasks, 1, AfterFailure::Stop);
    assert_eq!(schedule.start(), Some(2));
    assert_eq!(schedule.end(2, Outcome::TimedOut), [0, 1, 3]);
    assert!(schedule.is_over());
}

#[test]
fn kept_going_a_failure_leaves_out_only_what_needs_it() {
    let tasks = [stub("a", &[]), stub("b", &["a"]), stub("c", &["b"]), stub("d", &[])];
    let mut schedule = Schedule::new(&tasks, 1, AfterFailure::KeepGoing);
    assert_eq!(schedule.start(), Some(0));
    assert_eq!(schedule.end(0, Outcome::Failed), [1, 2]);
    assert_eq!(schedule.start(), Some(3));
}

#[test]
fn what_could_not_be_checked_leaves_out_only_what_needs_it() {
    let tasks = [stub("a", &[]), stub("b", &["a"]), stub("c", &["b"]), stub("d", &[])];
    let mut schedule = Schedule::new(&tasks, 1, AfterFailure::Stop);
    assert_eq!(schedule.start(), Some(0));
    assert_eq!(schedule.end(0, Outcome::NotChecked), [1, 2]);
    assert_eq!(schedule.start(), Some(3));
}

#[test]
fn the_critical_path_is_the_longest_chain_by_time() {
    let tasks = [stub("a", &[]), stub("b", &["a"]), stub("c", &["a"]), stub("d", &[])];
    let took = [1, 2, 3, 3].map(Duration::from_secs);
    assert_eq!(critical_path(&tasks, &took), (vec!["a", "c"], Duration::from_secs(4)));
    assert_eq!(critical_path(&[], &[]), (vec![], Duration::ZERO));
}

/// How long a run takes in which each task takes as long as it `took`, on so many cores.
fn simulated(tasks: &[Task], took: &[Duration], cores: usize) -> Duration {
    let known: Vec<_> = took.iter().copied().map(Some).collect();
    let mut schedule = Schedule::new(tasks, cores, AfterFailure::Stop).timed(&known);
    let mut running: Vec<(Duration, usize)> = Vec::new();
    let mut now = Duration::ZERO;
    while !schedule.is_over() {
        while let Some(at) = schedule.start() {
            running.push((now + took[at], at));
        }
        let first = running.iter().min().copied().expect("something runs until all is over");
        running.retain(|it| *it != first);
        now = first.0;
        assert!(schedule.end(first.1, Outcome::Passed).is_empty());
    }
    now
}

#[test]
fn the_longest_chain_by_recorded_time_starts_first() {
    let tasks = [stub("a", &[]), stub("b", &[]), stub("c", &["b"]), stub("d", &[])];
    let took = [30, 10, 10, 40].map(|it| Some(Duration::from_secs(it)));
    let mut schedule = Schedule::new(&tasks, 4, AfterFailure::Stop).timed(&took);
    let order = [schedule.start(), schedule.start(), schedule.start(), schedule.start()];
    assert_eq!(order, [Some(3), Some(0), Some(1), None]);
}

#[test]
fn a_task_that_fills_the_machine_has_it_to_itself_and_is_not_overtaken() {
    let mut tasks =
        [stub("a", &[]), stub("heavy", &["a"]), stub("light", &[]), stub("z", &["heavy"])];
    tasks[1].cores = 16;
    let mut schedule = Schedule::new(&tasks, 2, AfterFailure::Stop);
    assert_eq!((schedule.start(), schedule.start()), (Some(0), Some(2)));
    schedule.end(0, Outcome::Passed);
    assert_eq!(schedule.start(), None, "the other core is kept for it");
    schedule.end(2, Outcome::Passed);
    assert_eq!((schedule.start(), schedule.start()), (Some(1), None));
}

/// In seconds, about how long tasks take on two busy cores: those of the services as a run recorded
/// them, those of Rust as a guess; others are taken for a minute.
const RECORDED: [(&str, u64); 19] = [
    ("rustfmt", 2),
    ("clippy", 120),
    ("rust-test", 300),
    ("rust-coverage", 15),
    ("backend-build", 79),
    ("eslint", 12),
    ("prettier", 5),
    ("tsc", 8),
    ("jest", 90),
    ("jest-node-22", 70),
    ("jest-node-24", 70),
    ("ml-install", 3),
    ("black", 2),
    ("ruff", 1),
    ("mypy", 20),
    ("pytest", 180),
    ("pytest-3.13", 170),
    ("stack", 240),
    ("e2e", 240),
];

#[test]
fn the_table_takes_hardly_longer_than_its_critical_path_on_enough_cores() {
    let graph = Graph::new(&task::all()).unwrap();
    let recorded = |task: &Task| RECORDED.iter().find(|it| it.0 == task.name).map_or(60, |it| it.1);
    let took: Vec<_> =
        graph.tasks().iter().map(|task| Duration::from_secs(recorded(task))).collect();
    let (path, critical) = critical_path(graph.tasks(), &took);
    let wall = simulated(graph.tasks(), &took, 16);
    assert!(wall.as_secs_f64() <= 1.15 * critical.as_secs_f64(), "{wall:?}, {path:?} {critical:?}");
    let work: Duration = took.iter().sum();
    assert!(simulated(graph.tasks(), &took, 2) <= work, "two cores are no slower than one");
}

const NAMES: [&str; 24] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s",
    "t", "u", "v", "w", "x",
];

/// Any graph: each task needs some of those before it, takes some time and some cores.
fn graphs() -> impl Strategy<Value = (Vec<Task>, Vec<Duration>)> {
    let task = (any::<u32>(), 1..600u64, 1..4usize);
    prop::collection::vec(task, 1..NAMES.len()).prop_map(|rows| {
        let task = |(at, &(mask, _, cores)): (usize, &(u32, u64, usize))| {
            let needed = (0..at).filter(|it| mask & mask >> 7 & (1 << it) != 0);
            let needs: Vec<&'static str> = needed.map(|it| NAMES[it]).collect();
            Task { cores, ..stub(NAMES[at], Vec::leak(needs)) }
        };
        let took = rows.iter().map(|row| Duration::from_secs(row.1)).collect();
        (rows.iter().enumerate().map(task).collect(), took)
    })
}

proptest! {
    #[test]
    fn whatever_tasks_of_the_table_take_the_critical_path_decides(took in prop::collection::vec(1..600u64, 64)) {
        let graph = Graph::new(&task::all()).unwrap();
        let tasks = graph.tasks().to_vec();
        let took: Vec<_> = took.into_iter().take(tasks.len()).map(Duration::from_secs).collect();
        prop_assert_eq!(simulated(&tasks, &took, 64), critical_path(&tasks, &took).1);
    }

    #[test]
    fn on_enough_cores_any_graph_takes_its_critical_path((tasks, took) in graphs()) {
        let enough = tasks.iter().map(|task| task.cores).sum();
        prop_assert_eq!(simulated(&tasks, &took, enough), critical_path(&tasks, &took).1);
    }

    #[test]
    fn on_few_cores_no_core_idles_beyond_the_critical_path((tasks, took) in graphs(), cores in 1..5usize) {
        let tasks: Vec<Task> = tasks.into_iter().map(|task| Task { cores: 1, ..task }).collect();
        let critical = critical_path(&tasks, &took).1;
        let work: Duration = took.iter().sum();
        let bound = critical + (work - critical) / u32::try_from(cores).unwrap();
        prop_assert!(simulated(&tasks, &took, cores) <= bound);
    }
}

#[test]
fn a_chain_of_hundreds_of_tasks_is_walked_in_order() {
    let names: Vec<&'static str> = (0..300).map(|at| &*format!("t{at}").leak()).collect();
    let task = |at: usize| stub(names[at], names[at.saturating_sub(2)..at].to_vec().leak());
    let tasks: Vec<Task> = (0..300).map(task).collect();
    let graph = Graph::new(&tasks).unwrap();
    let took = vec![Duration::from_secs(1); 300];
    assert_eq!(simulated(graph.tasks(), &took, 2), Duration::from_secs(300));
}
