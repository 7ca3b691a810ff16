//! `backup check`: whether a restore would find what it needs.

use super::show::told;
use crate::backup::{Home, Purpose};
use crate::edge::{actions, clock, s3};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::BackupCheck;
use crate::report::table;
use crate::world::World;
use serde::Serialize;
use serde_json::json;
use xtask_core::backup::alarm;
use xtask_core::backup::lifecycle::Hidden;
use xtask_core::deploy::BackupRepository;
use xtask_core::moment::Moment;

/// Something that was looked at; `None` is what could not be.
#[derive(Serialize)]
struct Finding {
    name: &'static str,
    good: Option<bool>,
    said: String,
}

pub(super) fn run(flags: &BackupCheck, world: &World<'_>) -> Result<Exit> {
    let home = Home::open(world, &flags.environment, Purpose::Add)?;
    home.ready(false)?;
    let mut findings = vec![whole(&home, flags.read_data)];
    if findings[0].good != Some(false) {
        findings.push(young(&home));
        findings.extend(left_out(&home));
    }
    findings.extend(hidden(&home));
    // Where it is whole, old ones may be let go, whatever else is the matter.
    actions::output("repository", word(&findings[0]))?;
    let rows: Vec<Vec<String>> = findings.iter().map(row).collect();
    world.report.data(&json!({ "repository": home.shown(), "findings": findings }), &table(&rows));
    Ok(exit(&findings))
}

fn whole(home: &Home<'_>, all: bool) -> Finding {
    let now = clock::moment();
    let (part, read) = (part(all, now), read(all, now));
    let phase = home.world.report.phase("check");
    phase.doing("reading");
    let name = "repository";
    match looked(home, &part) {
        Ok(Ok(())) => {
            phase.done(&format!("whole; {read}"));
            Finding { name, good: Some(true), said: format!("whole; {read}") }
        }
        Ok(Err(words)) => Finding { name, good: Some(false), said: words.replace('\n', "; ") },
        Err(failure) => Finding { name, good: None, said: failure.innermost_line().to_owned() },
    }
}

/// What restic minds; a failure where that says nothing of what is kept. It is asked twice: somebody
/// who deletes may have come and gone meanwhile.
fn looked(home: &Home<'_>, part: &str) -> Result<std::result::Result<(), String>> {
    let mut found = home.restic.check(Some(part))?;
    for is_again in [false, true] {
        let Err(words) = &found else { break };
        if let Some((code, why)) = home.hindrance() {
            let failure = Failure::outside("cannot tell whether the repository is whole");
            return Err(failure.code(code).reason(words).reason(why));
        }
        if !is_again {
            found = home.restic.check(Some(part))?;
        }
    }
    Ok(found)
}

/// Another seventh each day of the week, so that each week all of it is read.
fn part(all: bool, now: Moment) -> String {
    if all { "100%".to_owned() } else { format!("{}/7", seventh(now)) }
}

fn seventh(now: Moment) -> i64 {
    (now.day_number() + 3).rem_euclid(7) + 1
}

/// What of the data was read, in words.
fn read(all: bool, now: Moment) -> String {
    match all {
        true => "all of its data was read".to_owned(),
        false => {
            let seventh = seventh(now);
            format!("one seventh of its data was read (today part {seventh} of 7, by the weekday)")
        }
    }
}

fn young(home: &Home<'_>) -> Finding {
    let name = "back-ups";
    let contents = match home.contents() {
        Ok(contents) => contents,
        Err(failure) => {
            return Finding { name, good: None, said: failure.innermost_line().to_owned() };
        }
    };
    let alarms = alarm::judge(&contents.sized(), home.policy.alarm, clock::moment());
    let said: Vec<String> = alarms.iter().map(ToString::to_string).collect();
    let count = contents.backups.len();
    match said.as_slice() {
        [] => Finding { name, good: Some(true), said: format!("{count}, and none of the alarms") },
        said => Finding { name, good: Some(false), said: said.join("; ") },
    }
}

/// What the newest one leaves out. That it does is no alarm: whoever took it was told.
fn left_out(home: &Home<'_>) -> Option<Finding> {
    let name = "not in it";
    let left_out = match home.backup("latest") {
        Ok((_, manifest)) => manifest.left_out?,
        Err(failure) if failure.name() == code::BACKUP_NONE.name => return None,
        Err(failure) => {
            let said = failure.innermost_line().to_owned();
            return Some(Finding { name, good: None, said });
        }
    };
    Some(Finding { name, good: Some(true), said: told(&left_out) })
}

/// Of a folder there is nothing to ask.
fn hidden(home: &Home<'_>) -> Option<Finding> {
    let BackupRepository::Bucket(bucket) = &home.policy.repository else { return None };
    let hidden = match &home.access {
        Some((key, secret)) => s3::hidden_versions(bucket, key, secret),
        None => Hidden::Unknown("there is no key".to_owned()),
    };
    Some(Finding { name: "hidden versions", good: hidden.is_good(), said: hidden.to_string() })
}

fn row(finding: &Finding) -> Vec<String> {
    vec![word(finding).to_owned(), finding.name.to_owned(), finding.said.clone()]
}

fn word(finding: &Finding) -> &'static str {
    match finding.good {
        Some(true) => "good",
        Some(false) => "BAD",
        None => "not checked",
    }
}

/// What is bad counts before what could not be looked at, and that before what is good.
fn exit(findings: &[Finding]) -> Exit {
    match findings {
        all if all.iter().any(|it| it.good == Some(false)) => Exit::Planned,
        all if all.iter().any(|it| it.good.is_none()) => Exit::NotChecked,
        _ => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_reads_every_seventh_once() {
        let moment = |day: u32| format!("2026-11-{day:02}T03:00:00Z").parse::<Moment>().unwrap();
        let parts: Vec<String> = (23..30).map(|day| part(false, moment(day))).collect();
        assert_eq!(parts, ["1/7", "2/7", "3/7", "4/7", "5/7", "6/7", "7/7"]);
        assert_eq!(part(true, moment(23)), "100%");
        let words = "one seventh of its data was read (today part 6 of 7, by the weekday)";
        assert_eq!(
            (read(false, moment(28)), read(true, moment(28))),
            (words.to_owned(), "all of its data was read".to_owned())
        );
    }

    #[test]
    fn what_could_not_be_looked_at_is_never_good() {
        let finding = |good| Finding { name: "x", good, said: String::new() };
        let exit =
            |all: &[Option<bool>]| exit(&all.iter().map(|it| finding(*it)).collect::<Vec<_>>());
        assert_eq!(exit(&[Some(true), Some(true)]), Exit::Done);
        assert_eq!(exit(&[Some(true), None]), Exit::NotChecked);
        assert_eq!(exit(&[None, Some(false)]), Exit::Planned);
    }
}
