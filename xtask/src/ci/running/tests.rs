use super::*;
use crate::cancel::Cancel;
use crate::edge::clock::wait_for;

/// A folder for logs, and a task of shell scripts that is started in it.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn start(&self, scripts: &[&str], limit_ms: u64) -> Running {
        let mut task = xtask_core::check::task::all().remove(0);
        task.limit = Duration::from_millis(limit_ms);
        let command = |script: &&str| Command::new("sh").args(["-c", script]);
        task.commands = scripts.iter().map(command).collect();
        self.start_task(&task)
    }

    fn start_task(&self, task: &Task) -> Running {
        let root = self.folder.path();
        let shell = Shell::new(root, &root.join("tools"), &Cancel::new()).unwrap();
        Running::start(0, task, &shell, |_, it| placed(it, root), &root.join("log")).unwrap()
    }

    fn log(&self) -> String {
        plain(&std::fs::read(self.folder.path().join("log")).unwrap())
    }
}

fn wait(running: &mut Running) -> Outcome {
    let look = || running.look().unwrap().ok_or("still runs");
    wait_for(Duration::from_secs(20), Duration::from_millis(5), look).unwrap()
}

/// Whether the process runs; one that ended and was not waited for does not.
fn runs(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

fn wait_for_process(world: &World) -> String {
    let started = || world.log().lines().last().and_then(|line| line.parse::<u32>().ok()).ok_or("");
    let process = wait_for(Duration::from_secs(20), Duration::from_millis(5), started).unwrap();
    process.to_string()
}

fn wait_for_end(process: &str) {
    let ended = || if runs(process) { Err("still runs") } else { Ok(()) };
    wait_for(Duration::from_secs(20), Duration::from_millis(5), ended).unwrap();
}

#[test]
fn commands_run_in_order_until_one_fails() {
    let world = World::new();
    let mut running = world.start(&["echo one", "echo two; exit 7", "echo three"], 60_000);
    assert_eq!(wait(&mut running), Outcome::Failed);
    insta::assert_snapshot!(world.log(), @"
    $ sh -c 'echo one'
    one
    $ sh -c 'echo two; exit 7'
    two
    ended with exit status: 7
    ");
}

#[test]
fn a_command_that_could_not_look_ends_its_task_unchecked_with_its_reason_last() {
    let world = World::new();
    let mut running = world.start(&["echo no data; exit 75", "echo never"], 60_000);
    assert_eq!(wait(&mut running), Outcome::NotChecked);
    assert!(world.log().ends_with("\nno data\n"), "{}", world.log());
}

#[test]
fn cargo_xtask_is_this_program_and_no_second_cargo() {
    let command = Command::new("cargo").args(["xtask", "coverage"]).env("A", "{root}/a");
    let run = placed(&command, Path::new("/tree"));
    assert_eq!(run.to_string(), "A=/tree/a /tree/target/ci/xtask coverage");
}

#[test]
fn what_waits_takes_twice_the_cores_of_this_machine() {
    let command = Command::new("cargo").env("THREADS", "{twice-the-cores}");
    let command = placed(&command, Path::new("/tree"));
    let threads: usize = command.env[0].1.parse().unwrap();
    assert!(threads >= 2 && threads.is_multiple_of(2), "{threads}");
}

#[test]
fn over_its_limit_a_task_is_ended_with_everything_it_started() {
    let world = World::new();
    let mut running = world.start(&["sleep 300 & echo $!; wait"], 500);
    let grandchild = wait_for_process(&world);
    assert_eq!(wait(&mut running), Outcome::TimedOut);
    wait_for_end(&grandchild);
}

#[test]
fn what_runs_does_not_outlive_a_run_that_is_given_up() {
    let world = World::new();
    let running = world.start(&["sleep 300 & echo $!; wait"], 60_000);
    let grandchild = wait_for_process(&world);
    drop(running);
    wait_for_end(&grandchild);
}

#[test]
fn a_program_that_is_missing_fails_its_task_and_the_log_says_so() {
    let world = World::new();
    let mut task = xtask_core::check::task::all().remove(0);
    task.commands = vec![Command::new("no-such-program")];
    assert_eq!(wait(&mut world.start_task(&task)), Outcome::Failed);
    assert!(world.log().contains("hint: `./x doctor` lists every tool"), "{}", world.log());
}

#[test]
fn what_the_last_command_said_is_known_by_the_command_of_its_row() {
    let world = World::new();
    let mut running = world.start(&["echo one", "printf 'two\\n\\377\\n'; exit 1"], 60_000);
    assert_eq!(wait(&mut running), Outcome::Failed);
    let output = running.output(&world.folder.path().join("log")).unwrap();
    assert!(output.whole.starts_with("$ sh -c 'echo one'\none\n$ sh"), "{}", output.whole);
    let (command, last) = output.last.unwrap();
    assert_eq!(command.args[1], "printf 'two\\n\\377\\n'; exit 1");
    assert_eq!(last, "two\n\u{fffd}\nended with exit status: 1\n");
}

#[test]
fn a_log_with_colours_and_lines_written_over_is_read_like_a_plain_one() {
    assert_eq!(
        plain(b"\x1b[1m\x1b[92ma\x1b[0m\r\nb 1%\rb 2%\x07\n\x1b]0;title\x07c"),
        "a\nb 1%\nb 2%\nc"
    );
    let coloured = include_bytes!("../../../core/src/check/excerpt/recorded/nextest-colour.txt");
    let runner = Some(xtask_core::check::task::Runner::Nextest);
    let (command, log) = (Command::new("cargo"), plain(coloured));
    let found =
        xtask_core::check::excerpt::Failed { command: &command, runner, log: &log }.excerpts();
    let titles: Vec<_> = found.iter().map(|it| it.title.as_str()).collect();
    assert_eq!(titles, ["scratch tests::two_and_two_are_five", "scratch::it aborts"]);
    assert!(found[0].text.contains("about to add"), "{}", found[1].text);
}

#[test]
fn a_run_that_is_told_to_end_ends_its_task_with_everything_it_started() {
    let world = World::new();
    let mut running = world.start(&["sleep 300 & echo $!; wait"], 60_000);
    let grandchild = wait_for_process(&world);
    running.shell.cancel().cancel(2);
    let look = || match running.look() {
        Ok(None) => Err("still runs"),
        ended => Ok(ended),
    };
    let ended = wait_for(Duration::from_secs(20), Duration::from_millis(5), look).unwrap();
    assert_eq!(ended.unwrap_err().exit().code(), 130);
    wait_for_end(&grandchild);
}
