//! Why a database cannot be reached, and what to do about it.
//!
//! What a person must change first is refused; what may go over by itself has failed outside.

use super::Unanswered;
use crate::error::{Failure, code};
use rustls::CertificateError;
use std::error::Error;
use std::io;
use tokio_postgres::error::SqlState;
use xtask_core::ship::database::{Address, Tls};

/// What `tokio-postgres` says where TLS was asked for and the server has none. It has no code.
const NO_TLS: &str = "server does not support TLS";

/// The failure to connect to `address`.
pub(super) fn of(address: &Address, error: &Unanswered) -> Failure {
    why(address, error).code(&code::DATABASE_UNREACHED)
}

fn why(address: &Address, error: &Unanswered) -> Failure {
    let place = address.place();
    let refused = |why: &str| {
        Failure::refused(format!("cannot use Postgres at `{place}`: {why}")).because(error)
    };
    let failed =
        || Failure::outside(format!("failed to connect to Postgres at `{place}`")).because(error);
    let no_way = || match address.is_loopback() {
        true => failed().hint("see whether it runs: `./x status`"),
        false => failed().hint("look at its host, its port and the firewalls between"),
    };
    let Unanswered::Refused(cause) = error else { return no_way() };
    if let Some(state) = cause.code() {
        let goes_over = || failed().hint("it may go over: run the same command again");
        return of_server(address, state, &refused).unwrap_or_else(goes_over);
    }
    if let Some(problem) = certificate_problem(cause) {
        let (why, next) = of_certificate(problem);
        return refused(&why).hint(next);
    }
    match cause.source().map(ToString::to_string).unwrap_or_default() {
        cause if cause == NO_TLS => refused("it does not speak TLS")
            .hint("turn TLS on at the server; `sslmode=disable` only where nobody else can listen"),
        cause if cause.contains("channel binding") => refused("it does not offer channel binding")
            .hint("`channel_binding=require` wants TLS and a password kept as SCRAM-SHA-256"),
        _ => no_way(),
    }
}

/// The server's own refusals; `None` for those that may go over.
fn of_server(
    address: &Address,
    state: &SqlState,
    refused: &dyn Fn(&str) -> Failure,
) -> Option<Failure> {
    let Address { user, database, .. } = address;
    if *state == SqlState::INVALID_PASSWORD {
        // A wrong password does not become right by waiting.
        let next = match address.is_loopback() {
            true => "work as the user who made it, or set a new one: `./x db reset-password local`",
            false => "put the role's own password into the address, with `%` escapes",
        };
        return Some(refused("it has another password").code(&code::PASSWORD_WRONG).hint(next));
    }
    if *state == SqlState::INVALID_CATALOG_NAME {
        let next = format!("make it (`CREATE DATABASE \"{database}\"`), or name another");
        return Some(refused(&format!("it has no database `{database}`")).hint(next));
    }
    if *state == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        let next = match address.tls {
            Tls::Disable => "it may take encrypted connections only: `sslmode=require`",
            _ => "make the role, or let it in by the server's `pg_hba.conf`",
        };
        return Some(refused(&format!("it does not let `{user}` in")).hint(next));
    }
    None
}

/// The failure of a question of ours that a server was asked. That it is gone, that it refuses, and
/// that a table is missing are three things.
pub(super) fn asked(line: &str, error: &Unanswered) -> Failure {
    let failed = || Failure::outside(line).because(error);
    let Unanswered::Refused(cause) = error else {
        return failed().code(&code::DATABASE_UNREACHED);
    };
    let Some(server) = cause.as_db_error() else {
        let failed = cause.source().map_or_else(failed, |it| Failure::outside(line).because(it));
        return failed.code(&code::DATABASE_UNREACHED);
    };
    let state = server.code();
    let said = format!("{}: {}", state.code(), server.message());
    if is_going(state) {
        let failed = Failure::outside(line).reason(said).code(&code::DATABASE_UNREACHED);
        return failed.hint("it may go over: run the same command again");
    }
    if *state == SqlState::INSUFFICIENT_PRIVILEGE || *state == SqlState::READ_ONLY_SQL_TRANSACTION {
        let refused = Failure::refused(line).reason(said).code(&code::DATABASE_FORBIDDEN);
        return refused
            .hint("let the role that migrates make the schema `xtask`, and write into it");
    }
    Failure::outside(line).reason(said)
}

/// Whether the server, or the connection to it, is on its way down.
pub(super) fn is_going(state: &SqlState) -> bool {
    state.code().starts_with("08") || state.code().starts_with("57P")
}

/// What rustls minds in the server's certificate.
fn certificate_problem(error: &tokio_postgres::Error) -> Option<&CertificateError> {
    let error = error.source()?.downcast_ref::<io::Error>()?;
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(problem) => Some(problem),
        _ => None,
    }
}

/// What is wrong with a certificate, and the next step.
fn of_certificate(problem: &CertificateError) -> (String, &'static str) {
    use CertificateError as Problem;
    let (why, next) = match problem {
        Problem::NotValidForName | Problem::NotValidForNameContext { .. } => (
            "its certificate is of another name",
            "call the host as its certificate does, or have one made for this name",
        ),
        Problem::UnknownIssuer => (
            "no authority that we believe vouches for its certificate",
            "name the file of the authority that does: `sslrootcert=FILE`",
        ),
        Problem::Expired | Problem::ExpiredContext { .. } => (
            "its certificate has expired",
            "renew it at the server; if it is young, look at this machine's clock",
        ),
        Problem::NotValidYet | Problem::NotValidYetContext { .. } => {
            ("its certificate is not valid yet", "look at this machine's clock")
        }
        _ => (
            "its certificate is not one of a server",
            "have the authority make one for the server: version 3, with `subjectAltName`",
        ),
    };
    (why.to_owned(), next)
}
