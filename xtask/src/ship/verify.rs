//! verify: the public URL itself must say, again and again, that the new release answers and is
//! ready.

use super::site::Site;
use crate::edge::{clock, http, tested};
use crate::error::{Failure, Result, code};
use crate::report::Phase;
use crate::target::Answers;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use xtask_core::deploy::{Access, Service};
use xtask_core::plan::Count;
use xtask_core::ship::ledger::Versions;
use xtask_core::ship::proof::{Round, Verified};
use xtask_http::Error;

/// Asked this often, each time on a fresh connection …
const TIMES: u32 = 5;
/// … over at least this long.
const SPAN: Duration = Duration::from_secs(10);
/// Of a release that was verified before only the switch is to be shown.
const SPAN_AGAIN: Duration = Duration::from_secs(3);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Asks from outside whether each service answers as it is to. The first wrong answer ends it.
pub fn release(site: &Site<'_>, versions: &Versions) -> Result<Verified> {
    over(site, versions, SPAN)
}

/// The same of a release that was verified before and is gone back to.
pub fn again(site: &Site<'_>, versions: &Versions) -> Result<Verified> {
    over(site, versions, SPAN_AGAIN)
}

fn over(site: &Site<'_>, versions: &Versions, span: Duration) -> Result<Verified> {
    let phase = site.world.report.phase("verify");
    let began = Instant::now();
    let public = site.public()?;
    let span = tested::verification(span);
    let version = wanted_of(versions, public);
    let mut verified = Verified { version: version.to_owned(), ..Verified::default() };
    let mut restarts = None;
    for round in 0..TIMES {
        let due = began + span * round / (TIMES - 1);
        site.world.cancel.sleep(due.saturating_duration_since(Instant::now()))?;
        phase.doing(&format!("{} of {TIMES}", round + 1));
        tested::kill_at("in-verify");
        let asked = Instant::now();
        ask_public(site, public, version)?;
        let (at_ms, took_ms) = (milliseconds(asked - began), clock::milliseconds(asked));
        verified.rounds.push(Round { at_ms, took_ms });
        verified.untold = ask_internal(site, versions)?;
        hold_restarts(site, &mut restarts)?;
    }
    for service in &verified.untold {
        let line = format!("not verified: nothing tells which release of `{service}` answers");
        site.world.report.warning(&line);
    }
    done(phase, site, version, span);
    Ok(verified)
}

/// What a service is to answer as. A plan names every service.
fn wanted_of<'v>(versions: &'v Versions, service: &Service) -> &'v str {
    versions.get(&service.name).map_or("", String::as_str)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn done(phase: Phase<'_>, site: &Site<'_>, version: &str, span: Duration) {
    let seconds = span.as_secs();
    let url = &site.environment.url;
    phase.done(&format!("{url} answered as {version} {TIMES} times over {seconds} s"));
}

fn ask_public(site: &Site<'_>, service: &Service, version: &str) -> Result<()> {
    let url = |path: &str| format!("{}{path}", site.environment.url);
    judge(&service.name, &url(&service.health.ready), version)?;
    judge(&service.name, &url(&service.health.status), version)
}

/// Internal services are not reachable from outside: they are asked where the target says, or it
/// was told what they answer. Gives those of which nothing tells.
fn ask_internal(site: &Site<'_>, versions: &Versions) -> Result<Vec<String>> {
    let serving = site.target.serving()?;
    let internal = site.world.deploy.services.iter().filter(|it| it.access == Access::Internal);
    let mut untold = Vec::new();
    for service in internal {
        let found = serving.get(&service.name).ok_or_else(|| not_running(&service.name))?;
        let version = wanted_of(versions, service);
        match (&found.address, &found.answers) {
            (Some(address), _) => {
                judge(&service.name, &format!("{address}{}", service.health.status), version)?;
            }
            (None, Answers::Release(answers)) => judge_told(&service.name, answers, version)?,
            (None, Answers::Untold) => untold.push(service.name.clone()),
            (None, Answers::Crashing(times)) => return Err(crashes(&service.name, *times)),
            (None, Answers::Stopped) => return Err(not_running(&service.name)),
        }
    }
    Ok(untold)
}

fn judge_told(service: &str, answers: &str, version: &str) -> Result<()> {
    if answers == version {
        return Ok(());
    }
    Err(Failure::outside(format!("failed to verify `{service}`, as it is reported"))
        .code(&code::VERIFY_FAILED)
        .reason(wanted(version, answers)))
}

fn wanted(version: &str, found: &str) -> String {
    format!("wanted version `{version}`, found `{found}`")
}

fn crashes(service: &str, times: u64) -> Failure {
    Failure::outside(format!("failed to verify `{service}`: it ends and is started again"))
        .code(&code::VERIFY_FAILED)
        .reason(format!(
            "it was started again {}",
            Count(usize::try_from(times).unwrap_or(usize::MAX), "time")
        ))
}

/// Every service lives since the verification began: one that was started again meanwhile has
/// answered well in between, and will end again.
fn hold_restarts(site: &Site<'_>, before: &mut Option<BTreeMap<String, u64>>) -> Result<()> {
    let serving = site.target.serving()?;
    let now: BTreeMap<String, u64> =
        serving.into_iter().map(|(service, it)| (service, it.restarts)).collect();
    let before = before.get_or_insert_with(|| now.clone());
    for (service, restarts) in &now {
        let more = restarts.saturating_sub(before.get(service).copied().unwrap_or(*restarts));
        if more > 0 {
            return Err(crashes(service, more));
        }
    }
    Ok(())
}

fn not_running(service: &str) -> Failure {
    Failure::outside(format!("failed to verify `{service}`: it does not run"))
        .code(&code::VERIFY_FAILED)
}

fn judge(service: &str, url: &str, version: &str) -> Result<()> {
    let failed = || {
        Failure::outside(format!("failed to verify `{service}` at `{url}`"))
            .code(&code::VERIFY_FAILED)
    };
    let answer = get_patiently(url, ANSWER_LIMIT).map_err(|error| failed().because(&error))?;
    if answer.status != 200 {
        return Err(failed().reason(format!(
            "it answered {}: {}",
            answer.status,
            answer.body.trim()
        )));
    }
    let found = answer.release().unwrap_or_default();
    if found != version {
        return Err(failed().reason(wanted(version, &found)));
    }
    Ok(())
}

/// One answer that does not come in time says that a machine was busy for a moment; a second one in
/// a row says more. What refuses, cuts or answers badly is not asked twice.
fn get_patiently(url: &str, limit: Duration) -> Result<http::Answer, Error> {
    match http::get(url, limit) {
        Err(Error::TimedOut { .. }) => http::get(url, limit),
        heard => heard,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};
    use rustls::pki_types::PrivateKeyDer;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::Arc;

    /// A server that takes so many connections without an answer, and answers one.
    fn slow(times: u32) -> (String, std::thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let _silent: Vec<_> = (0..times).map(|_| listener.accept().unwrap()).collect();
            let (mut wire, _) = listener.accept().unwrap();
            assert!(wire.read(&mut [0; 1024]).unwrap() > 0);
            wire.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        });
        (url, server)
    }

    #[test]
    fn one_slow_answer_says_that_a_machine_was_busy_and_two_in_a_row_say_more() {
        let limit = Duration::from_millis(200);
        let (url, server) = slow(1);
        // The second try may take as long as a busy machine wants.
        let heard = match http::get(&url, limit) {
            Err(Error::TimedOut { .. }) => http::get(&url, Duration::from_secs(600)),
            other => other,
        };
        assert_eq!(heard.unwrap().status, 200);
        server.join().unwrap();
        let (url, server) = slow(2);
        let error = get_patiently(&url, limit).unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error}");
        http::get(&url, Duration::from_secs(600)).unwrap();
        server.join().unwrap();
    }

    /// A server whose certificate nobody but itself vouches for.
    fn self_signed() -> rustls::ServerConfig {
        let key = KeyPair::generate().unwrap();
        let names = ["127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        versions.with_no_client_auth().with_single_cert(vec![certificate.into()], key).unwrap()
    }

    #[test]
    fn a_certificate_that_nobody_vouches_for_is_told_with_the_variable_that_names_who_does() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/api/health", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let connection = rustls::ServerConnection::new(Arc::new(self_signed())).unwrap();
            let (stream, _) = listener.accept().unwrap();
            let mut asked = rustls::StreamOwned::new(connection, stream);
            asked.read(&mut [0]).unwrap_err()
        });
        let failure = judge("backend", &url, "0123456789ab").unwrap_err();
        server.join().unwrap();
        let said = failure.to_string();
        assert!(said.contains("this machine trusts no authority that vouches for its"), "{said}");
        assert!(said.contains("hint: if the server has its own authority, name"), "{said}");
        assert!(said.contains("`XTASK_CA_FILE`") && said.contains("E-verify-failed"), "{said}");
    }
}
