//! What a living database says of itself, what empties it, and what copies its schema.

use super::server::{Cluster, Server};
use super::undo::{limits, migrations};
use std::time::Duration;
use xtask::cancel::Cancel;
use xtask::database::replay;
use xtask::database::scratch::Scratch;
use xtask::edge::clock;
use xtask::edge::pg_dump::Owners;
use xtask::edge::postgres::roles::Role;
use xtask::edge::postgres::{Database, Watched, ways};
use xtask::edge::schema_dump;
use xtask::edge::shell::Shell;
use xtask_core::database::catalogue::compare;
use xtask_core::database::health;
use xtask_core::database::line::State;
use xtask_core::database::rehearsal::{self, Lock, Outcome};
use xtask_core::database::url::{self, Facts, Purpose, Way};
use xtask_core::secret::Secret;
use xtask_core::ship::database::Address;
use xtask_fakes::required;

#[test]
fn what_ails_a_database_is_found() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    server.ask(
        "CREATE ROLE small LOGIN CONNECTION LIMIT 3; CREATE ROLE owner;
         CREATE TABLE eaters (id integer PRIMARY KEY, name text);
         INSERT INTO eaters SELECT n, repeat('x', 50) || n FROM generate_series(1, 5000) n;
         CREATE INDEX unread_idx ON eaters (name); CREATE INDEX broken_idx ON eaters (id, name);
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken_idx'::regclass;
         ALTER TABLE eaters ADD CONSTRAINT young CHECK (id > 0) NOT VALID;
         CREATE TABLE bound (id integer); ALTER TABLE bound OWNER TO owner;
         ALTER TABLE bound ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE SEQUENCE nearly MAXVALUE 10; SELECT setval('nearly', 9)",
    );
    let address: Address = server.url("sslmode=disable").parse().unwrap();
    let database = Database::connect(&address).unwrap();
    let found = || {
        let facts = database.health().unwrap();
        // Statistics come a little later than what they count.
        if facts.unread.is_empty() { Err(Box::new(facts)) } else { Ok(facts) }
    };
    let (limit, every) = (Duration::from_secs(20), Duration::from_millis(50));
    let facts = clock::wait_for(limit, every, found).unwrap();
    let names = |all: &[health::Index]| all.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&facts.invalid), ["broken_idx"]);
    assert!(names(&facts.unread).contains(&"unread_idx".to_owned()), "{facts:?}");
    assert_eq!(facts.not_validated, ["eaters.young"]);
    assert_eq!(facts.bound_owners, ["bound"]);
    assert!(facts.connections.iter().any(|it| it.role == "ann" && it.now >= 1), "{facts:?}");
    let bad: Vec<String> = health::judge(&facts)
        .into_iter()
        .filter(|it| it.state == State::Bad)
        .map(|it| it.what)
        .collect();
    assert_eq!(bad, ["index broken_idx", "table bound", "sequence public.nearly"]);
    let allowed = database.allowed("small").unwrap();
    assert_eq!((allowed.server, allowed.reserved, allowed.role), (100, 3, Some(3)));
}

#[test]
fn a_schema_is_copied_whole_and_an_emptied_database_is_a_new_one() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let address: Address = server.url("sslmode=disable").parse().unwrap();
    let new = Scratch::make(&address, "new").unwrap();
    let untouched = Database::connect(&new.address()).unwrap().catalogue().unwrap();
    let source = Scratch::make(&address, "source").unwrap();
    let files: Vec<_> = migrations().into_iter().map(|(file, _)| file).collect();
    let mut database = Database::connect(&source.address()).unwrap();
    replay::apply(&mut database, &files, &limits(), &Cancel::default(), |_| ()).unwrap();
    let wanted = database.catalogue().unwrap();

    let folder = tempfile::tempdir().unwrap();
    let shell = Shell::new(folder.path(), folder.path(), &Cancel::default()).unwrap();
    let schemas = database.schemas().unwrap();
    let version = database.server_version().unwrap();
    let mut sql = schema_dump::of(&shell, (&source.address(), version), &schemas, Owners::Same);
    sql.as_mut().unwrap().push_str(&database.migrations_as_sql().unwrap());
    let copy = Scratch::make(&address, "copy").unwrap();
    let mut copied = Database::connect(&copy.address()).unwrap();
    copied.load(&sql.unwrap()).unwrap();
    assert_eq!(compare(&wanted, &copied.catalogue().unwrap()), []);
    assert_eq!(copied.migration_rows().unwrap(), database.migration_rows().unwrap());

    let extensions = [("pg_trgm".to_owned(), "search".to_owned())].into();
    let roles = ["stub".to_owned()];
    let broken = "CREATE TABLE half (n integer); SELECT no_such_thing();";
    let failure = copied.replace(&roles, &extensions, broken).unwrap_err().to_string();
    assert!(failure.contains("the database is as it was"), "{failure}");
    assert_eq!(compare(&wanted, &copied.catalogue().unwrap()), []);
    assert!(copied.role("stub").unwrap().is_none(), "nothing of it was kept");
    copied.replace(&roles, &extensions, "CREATE TABLE whole (n integer)").unwrap();
    assert_eq!(copied.tables().unwrap(), ["public.whole"]);
    assert_eq!(copied.extensions().unwrap()["pg_trgm"], "search");

    server.ask_of(source.name().as_str(), "CREATE SCHEMA more; CREATE TABLE more.t (id integer)");
    server.ask_of(source.name().as_str(), "CREATE SCHEMA xtask; CREATE TABLE xtask.ledger (n int)");
    database.empty().unwrap();
    assert_eq!(compare(&untouched, &database.catalogue().unwrap()), []);
    assert_eq!(server.ask_of(source.name().as_str(), "SELECT count(*) FROM xtask.ledger"), "0");
}

#[test]
fn a_server_is_told_from_a_server_that_is_not_there() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve("good");
    let address: Address = server.url("sslmode=require").parse().unwrap();
    let answer = ways::answer(&address).unwrap();
    assert!(answer.is_encrypted && answer.passes_policies, "{answer:?}");
    assert!(answer.version.starts_with("15."), "{answer:?}");
    assert_eq!(answer.is_pooled, Some(false));
    let ways = ways::ways(&address).unwrap();
    assert_eq!(ways, [Way::Reached, Way::NoAddress]);
    let facts = Facts {
        name: "database.direct_url".into(),
        purpose: Purpose::Sessions,
        address: address.clone(),
        ways,
        answer: Ok(answer),
    };
    assert!(url::judge(&facts).iter().all(|it| it.state <= State::Note));
    drop(server);
    let [over_ipv4, _] = ways::ways(&address).unwrap();
    assert!(matches!(over_ipv4, Way::Unreached(_)), "{over_ipv4:?}");
    assert!(ways::answer(&address).is_err());
}

/// An index that waits for somebody else until it was looked at, however slow the machine is.
fn watched_alone(server: &Server<'_>, database: &Database, other: &Database) -> Watched {
    let until = |sql: &str| {
        let is = || if server.ask(sql) == "t" { Ok(()) } else { Err(sql.to_owned()) };
        clock::wait_for(Duration::from_secs(120), Duration::from_millis(20), is).unwrap();
    };
    let has = |mode: &str| {
        until(&format!(
            "SELECT count(*) > 0 FROM pg_locks
                WHERE relation = 'meals'::regclass AND mode = '{mode}' AND granted"
        ));
    };
    std::thread::scope(|scope| {
        let held = "BEGIN; UPDATE meals SET id = id WHERE id = 1; SELECT pg_sleep(600)";
        let holder = scope.spawn(|| server.refuses(held));
        has("RowExclusiveLock");
        let sql = "CREATE INDEX CONCURRENTLY alone_idx ON meals (id)";
        let watching = scope.spawn(|| database.watch_alone(other, sql));
        has("ShareUpdateExclusiveLock");
        let now = server.ask("SELECT clock_timestamp()");
        until(&format!(
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%FROM pg_locks l%'
                AND application_name = 'xtask' AND state = 'idle' AND query_start > '{now}'"
        ));
        server.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE query LIKE 'BEGIN; UPDATE meals%' AND pid <> pg_backend_pid()",
        );
        holder.join().unwrap();
        watching.join().unwrap().unwrap()
    })
}

#[test]
fn locks_are_seen_as_they_are_taken() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    server.ask(
        "CREATE TABLE eaters (id integer PRIMARY KEY); CREATE TABLE meals (id integer, eater integer);
         INSERT INTO meals SELECT n, n FROM generate_series(1, 20000) n",
    );
    let address: Address = server.url("sslmode=disable").parse().unwrap();
    let mut database = Database::connect(&address).unwrap();
    let lock = |relation: &str, mode: &str| Lock { relation: relation.into(), mode: mode.into() };
    let watched = database
        .watch_together(&[
            "CREATE TABLE foods (id integer)",
            "ALTER TABLE meals ADD CONSTRAINT k FOREIGN KEY (eater) REFERENCES eaters NOT VALID",
            "CREATE INDEX meals_idx ON meals (eater)",
            "DO $$ BEGIN UPDATE eaters SET id = id; END $$",
        ])
        .unwrap();
    let outcomes = |at: usize, predicted: &[Lock]| {
        let found = rehearsal::compare(predicted, &watched[at].locks, &watched[at].held);
        found.into_iter().map(|it| (it.relation, it.outcome)).collect::<Vec<_>>()
    };
    assert_eq!(outcomes(0, &[]), []);
    let share = "SHARE ROW EXCLUSIVE";
    let both = [lock("public.meals", share), lock("public.eaters", share)];
    assert!(outcomes(1, &both).iter().all(|(_, it)| *it == Outcome::Confirmed));
    assert_eq!(
        outcomes(2, &[lock("public.meals", "ACCESS EXCLUSIVE")]),
        [("public.meals".to_owned(), Outcome::Mismatch)]
    );
    let seen: Vec<_> = outcomes(3, &[]);
    assert!(seen.contains(&("public.eaters".to_owned(), Outcome::OnlySeen)), "{seen:?}");
    let other = Database::connect(&address).unwrap();
    let alone = watched_alone(&server, &database, &other);
    assert!(alone.locks.contains(&lock("public.meals", "SHARE UPDATE EXCLUSIVE")), "{alone:?}");
}

#[test]
fn a_role_of_little_rights_is_made_and_made_right_again() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let address: Address = server.url("sslmode=disable").parse().unwrap();
    let database = Database::connect(&address).unwrap();
    let as_role = |password: &str| {
        let password = Secret::new(password);
        Database::connect(&Address { user: "little".into(), password, ..address.clone() }).map(drop)
    };
    assert_eq!(database.role("little").unwrap(), None);
    database.ensure_login("little", &Secret::new("first")).unwrap();
    as_role("first").unwrap();
    // Somebody gave it more than it needs, and the owner's password was renewed.
    server.ask("ALTER ROLE little SUPERUSER CREATEDB");
    database.ensure_login("little", &Secret::new("second")).unwrap();
    let wanted = Role { may_login: true, passes_policies: false, may_more: false };
    assert_eq!(database.role("little").unwrap(), Some(wanted));
    assert_eq!(as_role("first").unwrap_err().name(), "E-password-wrong");
    as_role("second").unwrap();
    let log = std::fs::read_to_string(cluster.log()).unwrap();
    assert!(!log.contains("second"), "the server is told a verifier and no password");
    database.ensure_roles(&["stub".to_owned(), "little".to_owned()]).unwrap();
    assert!(!database.role("stub").unwrap().unwrap().may_login);
}
