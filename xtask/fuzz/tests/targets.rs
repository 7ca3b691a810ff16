//! Every target in the ordinary test run: its seeds, its seeds damaged, and bytes at random.

use proptest::prelude::*;
use std::panic::catch_unwind;
use xtask_fuzz::{TARGETS, Target, damaged};

#[test]
fn every_target_holds_on_its_seeds_however_they_are_damaged() {
    let broken = TARGETS.iter().filter(|target| catch_unwind(|| holds(target)).is_err());
    let broken: Vec<&str> = broken.map(|target| target.name).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

fn holds(target: &Target) {
    for seed in (target.seeds)() {
        (target.run)(&seed);
        (0..200).for_each(|number| (target.run)(&damaged(&seed, number)));
        // Wherever a transfer may have ended.
        let step = seed.len() / 50 + 1;
        (0..seed.len()).step_by(step).for_each(|len| (target.run)(&seed[..len]));
    }
}

#[test]
fn names_of_targets_are_unique() {
    let names: std::collections::BTreeSet<&str> = TARGETS.iter().map(|it| it.name).collect();
    assert_eq!(names.len(), TARGETS.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_target_holds_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        for target in TARGETS {
            (target.run)(&bytes);
        }
    }
}
