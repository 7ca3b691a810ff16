//! An address that leads to a pooler, found out by asking.

use super::{Ground, ONE};
use crate::postgres::pgbouncer::PgBouncer;
use crate::postgres::server::Cluster;
use xtask::edge::postgres::{is_pooled, ways};
use xtask_fakes::required;

#[test]
fn a_transaction_pooler_is_told_from_a_session_pooler_and_from_the_server() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "pooled");
    ground.file(ONE, "SELECT 1;\n");
    let transaction = required!(PgBouncer::start(&server, "transaction"));
    let session = required!(PgBouncer::start(&server, "session"));
    assert!(is_pooled(&transaction.url("pooled").parse().unwrap()).unwrap());
    assert!(!is_pooled(&session.url("pooled").parse().unwrap()).unwrap());
    assert!(!is_pooled(&ground.url("").parse().unwrap()).unwrap());
    ways::answer(&transaction.url("pooled").parse().unwrap()).unwrap();
    // Nothing of the question stays with the pool: who is next has no limit of ours.
    let bare = transaction.psql("pooled", "SHOW statement_timeout");
    assert_eq!(bare, "0");
    assert_eq!(ground.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
    assert_eq!(ground.apply().unwrap(), [ONE]);
}

#[test]
fn a_pool_that_cannot_be_asked_is_not_taken_for_none() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let bouncer = required!(PgBouncer::start(&server, "transaction"));
    let failure = is_pooled(&bouncer.url("nowhere").parse().unwrap()).unwrap_err();
    assert_ne!(failure.exit().code(), 0, "{failure}");
}
