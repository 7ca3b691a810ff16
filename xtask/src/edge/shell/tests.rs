use super::*;
use crate::edge::clock::wait_for;
use std::fs;
use xtask_core::secret::Secret;

/// A folder, and a shell in it whose groups have little time to end.
struct World {
    folder: tempfile::TempDir,
    shell: Shell,
}

/// Long enough for any machine, and far below any limit of a test.
const LIMIT: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_millis(5);

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shell = Shell::new(folder.path(), &folder.path().join("tools"), &Cancel::new());
        let shell = Shell { grace: Duration::from_millis(300), ..shell.unwrap() };
        Self { folder, shell }
    }

    /// What a script wrote into the file `name`, once it is a whole line.
    fn line(&self, name: &str) -> String {
        let read = || {
            let text = fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
            text.strip_suffix('\n').map(ToOwned::to_owned).ok_or("not yet")
        };
        wait_for(LIMIT, EVERY, read).unwrap()
    }
}

fn script(text: &str) -> Command {
    Command::new("sh").args(["-c", text])
}

/// Whether the process is there; one that ended and was not waited for is not.
fn runs(process: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

#[track_caller]
fn wait_for_end(process: &str) {
    let ended = || if runs(process) { Err("still runs") } else { Ok(()) };
    wait_for(LIMIT, EVERY, ended).unwrap();
}

#[test]
fn large_input_and_output_go_through_at_once() {
    let world = World::new();
    let text = "0123456789abcdef".repeat(1 << 18);
    let command = script("cat; echo done >&2").input(Secret::new(text.clone()));
    let output = world.shell.run(&command).unwrap();
    assert!(output.stdout == text.as_bytes() && output.stderr == "done\n");
}

#[test]
fn a_program_that_says_without_end_is_ended_with_all_that_it_started() {
    let world = World::new();
    let command = script("sleep 600 & echo $! > child; yes");
    let failure = world.shell.run(&command).unwrap_err().to_string();
    assert!(failure.contains("it wrote more than 64 MiB, and was ended"), "{failure}");
    wait_for_end(&world.line("child"));
}

#[test]
fn input_that_nobody_reads_is_no_failure() {
    let world = World::new();
    let command = script("exit 3").input(Secret::new("x".repeat(1 << 20)));
    assert_eq!(world.shell.observe(&command).unwrap().code, Some(3));
}

#[test]
fn what_is_made_while_it_is_read_goes_through_however_large() {
    let world = World::new();
    let command = script("wc -c; head -c 1000000 /dev/zero >&2");
    let write = |into: &mut dyn std::io::Write| {
        (0..512).try_for_each(|_| into.write_all(&[b'x'; 4096])).unwrap();
        Ok(())
    };
    let output = world.shell.feed(&command, write).unwrap();
    assert_eq!((output.text().trim(), output.stderr.len()), ("2097152", 1_000_000));
}

#[test]
fn a_reader_that_ends_early_says_why() {
    let world = World::new();
    let command = script("echo no space >&2; exit 4");
    let write = |into: &mut dyn std::io::Write| {
        (0..512).try_for_each(|_| into.write_all(&[b'x'; 4096])).or_outside(|| "pipe".to_owned())
    };
    let message = world.shell.feed(&command, write).unwrap_err().to_string();
    assert!(message.contains("it ended with 4: no space"), "{message}");
}

#[test]
fn lines_are_told_as_they_come() {
    let world = World::new();
    // The script goes on only after its first line was told.
    let heard = std::sync::Mutex::new(Vec::new());
    let on_line = |line: &str| {
        heard.lock().unwrap().push(line.to_owned());
        fs::write(world.folder.path().join("told"), "").unwrap();
    };
    let command = script("echo one; until [ -e told ]; do sleep 0.01; done; printf 'two\\rthree'");
    world.shell.follow(&command, &on_line).unwrap();
    assert_eq!(*heard.lock().unwrap(), ["one", "two", "three"]);
}

#[test]
fn a_program_that_never_ends_is_ended_at_its_limit_and_its_last_words_are_kept() {
    let world = World::new();
    let command = script("echo waiting for godot >&2; sleep 600").limit(Duration::from_millis(500));
    let failure = world.shell.run(&command).unwrap_err();
    let message = failure.to_string();
    assert_eq!(failure.exit().code(), 5);
    assert!(message.contains("it did not end within 0.5 s, and was ended"), "{message}");
    assert!(message.contains("last: waiting for godot"), "{message}");
    assert!(message.contains("XTASK_COMMAND_LIMIT"), "{message}");
}

#[test]
fn a_program_that_ignores_sigterm_is_killed_with_a_grandchild_that_does_too() {
    let world = World::new();
    let text = "trap '' TERM; sh -c 'echo $$ > grandchild; while :; do sleep 0.1; done' &
                echo $$ > child; while :; do sleep 0.1; done";
    let command = script(text).limit(Duration::from_secs(2));
    world.shell.run(&command).unwrap_err();
    wait_for_end(&world.line("child"));
    wait_for_end(&world.line("grandchild"));
}

#[test]
fn a_grandchild_that_outlived_its_parent_ends_with_the_group() {
    let world = World::new();
    // The child ends on SIGTERM; the grandchild has closed our pipes and does not.
    let text =
        "(trap '' TERM; exec >/dev/null 2>&1; sh -c 'echo $$ > grandchild; exec sleep 600') &
                sleep 600";
    let command = script(text).limit(Duration::from_secs(2));
    world.shell.run(&command).unwrap_err();
    wait_for_end(&world.line("grandchild"));
}

#[test]
fn the_word_ends_a_command_that_waits_with_its_group_and_starts_no_other() {
    let world = World::new();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| world.shell.run(&script("echo $$ > child; sleep 600")));
        let child = world.line("child");
        world.shell.cancel().cancel(2);
        let failure = run.join().unwrap().unwrap_err();
        assert_eq!(failure.exit().code(), 130);
        wait_for_end(&child);
    });
    let failure = world.shell.run(&script("touch started")).unwrap_err();
    assert_eq!(failure.exit().code(), 130);
    assert!(!world.folder.path().join("started").exists());
}

#[test]
fn what_changes_something_runs_to_its_end_and_so_does_what_is_kept_whole() {
    let world = World::new();
    let text = "echo $$ > child; until [ -e go ]; do sleep 0.01; done; echo changed";
    std::thread::scope(|scope| {
        let run = scope.spawn(|| world.shell.run(&script(text).finishes()));
        world.line("child");
        world.shell.cancel().cancel(15);
        fs::write(world.folder.path().join("go"), "").unwrap();
        assert_eq!(run.join().unwrap().unwrap().text(), "changed");
    });
    let whole = world.shell.cancel().whole();
    assert_eq!(world.shell.run(&script("echo kept")).unwrap().text(), "kept");
    drop(whole);
    assert_eq!(world.shell.run(&script(":")).unwrap_err().exit().code(), 143);
}

#[test]
fn a_job_that_is_dropped_takes_its_group_with_it() {
    let world = World::new();
    let command = script("sh -c 'echo $$ > grandchild; sleep 600' & wait");
    let job = world.shell.start(&command, Streams::unheard()).unwrap();
    let grandchild = world.line("grandchild");
    drop(job);
    wait_for_end(&grandchild);
}

#[test]
fn a_program_that_is_missing_is_named_with_a_way_to_get_it() {
    let message = World::new().shell.run(&Command::new("no-such-program")).unwrap_err().to_string();
    assert!(message.starts_with("error: failed to start `no-such-program`"), "{message}");
    assert!(message.contains("hint: `./x doctor` lists every tool"), "{message}");
}

#[test]
fn a_command_runs_in_its_folder_with_its_variables() {
    let world = World::new();
    fs::create_dir(world.folder.path().join("sub")).unwrap();
    let command = script("basename \"$PWD\"; echo \"$A\"").folder("sub").env("A", "b c");
    assert_eq!(world.shell.run(&command).unwrap().text(), "sub\nb c");
}
