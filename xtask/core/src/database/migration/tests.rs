//! What is pending, and what is refused.

use super::*;
use std::slice::from_ref;

const ONE: &str = "20260101000000_a";
const TWO: &str = "20260102000000_b";
const THREE: &str = "20260103000000_c";
const FOUR: &str = "20260104000000_d";

fn file(name: &str, sql: &str) -> MigrationFile {
    MigrationFile::new(name, sql)
}

fn row(file: &MigrationFile) -> MigrationRow {
    MigrationRow::applied(&file.name, file.checksum())
}

#[test]
fn what_has_no_row_is_pending_in_order() {
    let files = [file(ONE, "a"), file(TWO, "b"), file(THREE, "c")];
    let plan = plan(&files, &[row(&files[0])]).unwrap();
    assert_eq!((plan.pending, plan.applied), (vec![TWO.into(), THREE.into()], 1));
}

#[test]
fn edited_failed_and_late_files_are_all_named() {
    let files = [file(ONE, "a"), file(TWO, "b"), file(THREE, "c"), file(FOUR, "d")];
    let failed = MigrationRow { finished: false, ..row(&files[1]) };
    let rows = [row(&file(ONE, "changed")), failed, row(&files[3])];
    let MigrationRefusal(lines) = plan(&files, &rows).unwrap_err();
    let words = ["failed", "edited", "comes before"];
    assert!(lines.len() == 3 && lines.iter().zip(words).all(|(l, w)| l.contains(w)), "{lines:?}");
}

#[test]
fn what_was_rolled_back_is_pending_again_and_not_late() {
    let files = [file(ONE, "a"), file(TWO, "b")];
    let back = MigrationRow { rolled_back: true, ..row(&files[0]) };
    let tried = MigrationRow { finished: false, ..back.clone() };
    let found = plan(&files, &[tried, back, row(&files[1])]).unwrap();
    assert_eq!((found.pending, found.rolled_back), (vec![ONE.into()], vec![ONE.to_owned()]));
    // Tried, mended, applied: the newest row that stands counts.
    let tried = MigrationRow { finished: false, rolled_back: true, ..row(&files[0]) };
    let found = plan(&files, &[tried, row(&files[0]), row(&files[1])]).unwrap();
    assert_eq!(found.pending, [""; 0]);
}

#[test]
fn what_is_applied_and_has_no_file_is_told() {
    let files = [file(ONE, "a"), file(THREE, "c")];
    let found = plan(&files, &[row(&files[0]), row(&file(TWO, "b"))]).unwrap();
    assert_eq!((found.pending, found.missing), (vec![THREE.to_owned()], vec![TWO.to_owned()]));
    assert_eq!(found.applied, 2);
}

#[test]
fn a_folder_that_was_renamed_is_not_applied_again() {
    let (old, new) = (file(ONE, "CREATE TABLE a ();"), file(TWO, "CREATE TABLE a ();"));
    let refusal = plan(from_ref(&new), &[row(&old)]).unwrap_err();
    let line = &refusal.0[0];
    assert!(line.contains(ONE) && line.contains(TWO) && line.contains("renamed"), "{line}");
    let cases =
        crate::database::doctor::cases("prod", "m", from_ref(&new), &[row(&old)], &|_| false);
    assert_eq!(cases.len(), 1, "{cases:?}");
    assert_eq!(cases[0].next[0], format!("git mv m/{TWO} m/{ONE}"));
    // Where the old one is here too, or was taken back, the same words are another migration.
    assert!(plan(&[old.clone(), new.clone()], &[row(&old)]).is_ok());
    let back = MigrationRow { rolled_back: true, ..row(&old) };
    assert!(plan(from_ref(&new), &[back]).is_ok());
    // A person may say that it is that one.
    assert!(plan(from_ref(&new), &[row(&old), row(&new)]).is_ok());
    // Files without a statement are all the same.
    let (empty, other) = (file(ONE, "-- nothing\n"), file(TWO, "-- nothing\n"));
    assert!(plan(&[other], &[row(&empty)]).is_ok());
}

#[test]
fn pending_names_are_such_that_every_program_sorts_them_alike() {
    let refused = |names: &[&str]| {
        let files: Vec<MigrationFile> = names.iter().map(|it| file(it, "")).collect();
        plan(&files, &[]).unwrap_err().0
    };
    assert!(refused(&["20260101000000_B"])[0].contains("no name that all programs sort alike"));
    assert!(refused(&["20260101000000_a", "20260101000000__x"])[0].contains("the time of another"));
    // What is applied already may be called as it is: `0_init` is how Prisma says to baseline.
    let baseline = file("0_init", "");
    assert!(plan(&[baseline.clone(), file(ONE, "")], &[row(&baseline)]).is_ok());
}

#[test]
fn a_rollback_across_an_unmarked_migration_is_refused() {
    let old = file(ONE, "CREATE TABLE t ();");
    let known = [old.released()];
    let marked = file(TWO, "-- xtask:rollback-safe\nALTER TABLE t ADD c int;");
    let unmarked = file(TWO, "ALTER TABLE t ADD c int;");
    let wrong = file(TWO, "-- xtask:rollback-safe\nALTER TABLE t DROP c;");
    assert!(check_rollback("r1", &known, &[old.clone(), marked]).is_ok());
    assert!(check_rollback("r1", &known, &[old.clone(), unmarked]).is_err());
    assert!(check_rollback("r1", &known, &[old, wrong]).is_err(), "a drop cannot be marked safe");
}
