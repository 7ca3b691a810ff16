use super::*;

const LIMITS: Limits = Limits {
    appear: Duration::from_secs(5),
    queue: Duration::from_secs(100),
    run: Duration::from_secs(200),
    settle: Duration::from_secs(30),
    leave: Duration::from_secs(10),
    blind: Duration::from_secs(60),
};

fn release(name: &str) -> Answer {
    Answer::Release(name.to_owned())
}

fn away() -> Answer {
    Answer::Nothing("connection refused".to_owned())
}

/// Looks once a second, the last look again and again, until there is more to do than to wait.
fn end(before: Option<&str>, looks: &[(Row, Answer)]) -> (u64, Next) {
    let mut watch = Watch::new("r2", before, LIMITS);
    for second in 0..1_000 {
        let (row, answer) = &looks[looks.len().min(second + 1) - 1];
        let next = watch.look(Duration::from_secs(second as u64), row, answer);
        if !matches!(next, Next::Wait(_)) {
            return (second as u64, next);
        }
    }
    panic!("it waits for ever");
}

#[test]
fn it_serves_once_it_answers_so_three_times_after_the_end() {
    let looks = [
        (Row::Queued, release("r1")),
        (Row::InProgress, release("r2")),
        (Row::InProgress, release("r2")),
        (Row::InProgress, release("r2")),
        (Row::Finished, release("r2")),
    ];
    assert_eq!(end(Some("r1"), &looks), (6, Next::Serves(Proof::Answered)));
}

#[test]
fn finished_is_no_proof() {
    let (second, next) = end(Some("r1"), &[(Row::Finished, release("r1"))]);
    assert_eq!(second, 30);
    assert_eq!(next, Next::Repair("Coolify says `finished`, and release `r1` answers".to_owned()));
    let (_, next) = end(Some("r1"), &[(Row::Finished, away())]);
    assert!(matches!(next, Next::Repair(why) if why.contains("connection refused")));
}

#[test]
fn failed_is_no_proof_either() {
    assert_eq!(
        end(Some("r1"), &[(Row::Failed, release("r2"))]),
        (10, Next::Serves(Proof::AnsweredDespiteFailure))
    );
    let back = Next::Back("Coolify says `failed`".to_owned());
    assert_eq!(end(Some("r1"), &[(Row::Failed, release("r1"))]), (10, back.clone()));
    let (second, next) = end(Some("r1"), &[(Row::Failed, away())]);
    assert_eq!(second, 40);
    assert!(matches!(next, Next::Repair(_)));
    assert_eq!(end(None, &[(Row::Failed, away())]), (40, back));
}

#[test]
fn the_same_release_again_proves_nothing_of_a_deployment_that_failed() {
    let why = "Coolify says `failed`, and release `r2` answers as before";
    let looks = [(Row::Failed, release("r2"))];
    assert_eq!(end(Some("r2"), &looks), (10, Next::Repair(why.to_owned())));
    let looks = [(Row::Finished, release("r2"))];
    assert_eq!(end(Some("r2"), &looks), (2, Next::Serves(Proof::Answered)));
}

#[test]
fn answers_that_change_are_no_proof() {
    let mut watch = Watch::new("r2", Some("r1"), LIMITS);
    for second in 0..30 {
        let name = if second % 2 == 0 { "r1" } else { "r2" };
        let next = watch.look(Duration::from_secs(second), &Row::Finished, &release(name));
        assert!(matches!(next, Next::Wait(_)), "{next:?}");
    }
    let next = watch.look(Duration::from_secs(30), &Row::Finished, &release("r1"));
    assert!(matches!(next, Next::Repair(_)));
}

#[test]
fn a_service_that_cannot_be_asked_is_judged_by_its_row_and_that_is_said() {
    let looks = |row| [(row, Answer::Unasked)];
    assert_eq!(end(Some("r1"), &looks(Row::Finished)), (0, Next::Serves(Proof::RowOnly)));
    assert!(matches!(end(Some("r1"), &looks(Row::Failed)), (10, Next::Back(_))));
}

#[test]
fn a_phantom_is_told_from_a_deployment_whose_application_was_deleted() {
    let (second, next) = end(Some("r1"), &[(Row::Absent, release("r1"))]);
    assert_eq!(second, 5);
    assert!(matches!(next, Next::Back(why) if why.contains("did not make")));
    let looks = [(Row::InProgress, release("r1")), (Row::Absent, release("r1"))];
    assert!(matches!(end(Some("r1"), &looks), (1, Next::Repair(why)) if why.contains("gone")));
}

#[test]
fn a_cancelled_one_leaves_two_containers_and_is_repaired() {
    let looks = [(Row::InProgress, release("r1")), (Row::Cancelled, release("r2"))];
    assert!(matches!(end(Some("r1"), &looks), (11, Next::Repair(why)) if why.contains("two")));
}

#[test]
fn a_row_that_never_ends_is_stuck() {
    assert!(matches!(end(Some("r1"), &[(Row::Queued, away())]), (100, Next::Stuck(_))));
    assert!(matches!(end(Some("r1"), &[(Row::InProgress, away())]), (200, Next::Stuck(_))));
}

#[test]
fn a_row_that_cannot_be_read_is_not_an_absent_one() {
    let unknown = || (Row::Unknown("it answered 502".to_owned()), release("r1"));
    let (second, next) = end(Some("r1"), &[unknown()]);
    assert_eq!(second, 60);
    assert!(matches!(next, Next::Repair(why) if why.contains("502")));
    let looks = [(Row::InProgress, release("r1")), unknown(), (Row::Finished, release("r2"))];
    assert_eq!(end(Some("r1"), &looks), (4, Next::Serves(Proof::Answered)));
}

#[test]
fn what_ended_stays_ended() {
    let looks = [
        (Row::Finished, release("r1")),
        (Row::Absent, release("r2")),
        (Row::Unknown("it answered 500".to_owned()), release("r2")),
        (Row::InProgress, release("r2")),
    ];
    assert_eq!(end(Some("r1"), &looks), (3, Next::Serves(Proof::Answered)));
}

#[test]
fn a_word_that_no_version_uses_is_waited_for_and_then_said() {
    let (second, next) = end(None, &[(Row::Other("paused".to_owned()), away())]);
    assert_eq!(second, 60);
    assert!(matches!(next, Next::Repair(why) if why.contains("paused")));
}
