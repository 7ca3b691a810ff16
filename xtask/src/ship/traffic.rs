//! traffic: the requests of people, held against those that the release before served.
//!
//! Who counts them differs: the log of a proxy of ours, or the service itself. That nobody can be
//! asked is never a reason to stop; that people are served clearly worse is one.

use super::site::Site;
use crate::edge::http;
use crate::error::{Failure, Result, code};
use crate::report::Report;
use std::time::{Duration, Instant};
use xtask_core::ship::ledger::Action;
use xtask_core::ship::traffic::{Judgement, Served, Source, Traffic, access_log, prometheus};

/// How far back the requests of the release before are looked at.
const BEFORE: Duration = Duration::from_secs(600);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Whoever counts the requests of people.
trait Counter {
    fn source(&self) -> Source;

    /// What each of the two releases served; `None` if nobody counts.
    fn served(&self, before: &str, after: &str) -> Result<Option<(Served, Served)>, String>;
}

/// The requests of people, from the moment before anything was changed.
pub struct Watched<'a> {
    counters: Vec<Box<dyn Counter + 'a>>,
}

/// The log of what stands before the services.
struct Log<'a> {
    site: &'a Site<'a>,
    began: Instant,
}

/// What a service counts itself. It begins at nothing with each process: so what the old one had
/// counted is asked for before it goes.
struct Metrics {
    url: String,
    /// Routes that are asked by machines.
    except: Vec<String>,
    before: Result<(Option<String>, Served), String>,
}

impl<'a> Watched<'a> {
    /// Begins, while the release before serves.
    pub fn begin(site: &'a Site<'a>) -> Result<Self> {
        let public = site.public()?;
        let log: Box<dyn Counter> = Box::new(Log { site, began: Instant::now() });
        let metrics = public.probe.metrics.as_ref().map(|path| -> Box<dyn Counter> {
            let health = &public.health;
            let except = [&health.live, &health.ready, &health.status, path].map(Clone::clone);
            Box::new(Metrics::begin(format!("{}{path}", site.environment.url), except.to_vec()))
        });
        Ok(Self { counters: [log].into_iter().chain(metrics).collect() })
    }

    /// What is known by now; nothing if nobody counts.
    pub fn judge(&self, before: &str, after: &str) -> Option<Traffic> {
        self.counters.iter().find_map(|counter| {
            let source = counter.source();
            match counter.served(before, after) {
                Ok(served) => served.map(|(old, new)| Traffic::judged(source, old, new)),
                Err(why) => Some(Traffic::unknown(source, why)),
            }
        })
    }
}

/// Refuses to go on with a release that serves people clearly worse. Who goes back to a release has
/// a reason to, and is only told.
pub fn hold(report: &Report, action: Action, traffic: &Traffic) -> Result<()> {
    let Judgement::Worse { reasons } = &traffic.judgement else { return Ok(()) };
    if action != Action::Rollout {
        report.warning(&format!("the requests of others: {}", traffic.line()));
        return Ok(());
    }
    let line = "failed to verify: the new release serves people clearly worse than the one before";
    let failure = Failure::outside(line).code(&code::TRAFFIC_WORSE);
    Err(reasons.iter().fold(failure, Failure::reason))
}

impl Counter for Log<'_> {
    fn source(&self) -> Source {
        Source::AccessLog
    }

    fn served(&self, before: &str, after: &str) -> Result<Option<(Served, Served)>, String> {
        let requests = self.site.target.requests(BEFORE + self.began.elapsed());
        let requests = requests.map_err(|failure| failure.innermost_line().to_owned())?;
        Ok(requests.map(|requests| access_log::split(&requests, before, after)))
    }
}

impl Metrics {
    fn begin(url: String, except: Vec<String>) -> Self {
        let before = scrape(&url, &except);
        Self { url, except, before }
    }
}

impl Counter for Metrics {
    fn source(&self) -> Source {
        Source::Metrics
    }

    fn served(&self, before: &str, after: &str) -> Result<Option<(Served, Served)>, String> {
        let old = of_release(&self.before.clone()?, before)?;
        let new = of_release(&scrape(&self.url, &self.except)?, after)?;
        Ok(Some((old, new)))
    }
}

/// What was counted, if it was that release that counted.
fn of_release(
    (release, served): &(Option<String>, Served),
    wanted: &str,
) -> Result<Served, String> {
    match release.as_deref() {
        Some(release) if release != wanted => {
            Err(format!("release {release} told its metrics, wanted {wanted}"))
        }
        _ => Ok(*served),
    }
}

fn scrape(url: &str, except: &[String]) -> Result<(Option<String>, Served), String> {
    let answer = http::get(url, ANSWER_LIMIT).map_err(|error| error.in_one_line())?;
    if answer.status != 200 {
        return Err(format!("the metrics answered {}", answer.status));
    }
    let metrics = prometheus::read(&answer.body).map_err(|error| error.to_string())?;
    let except: Vec<&str> = except.iter().map(String::as_str).collect();
    let served = prometheus::served(&metrics, &except);
    let served = served.ok_or_else(|| "the metrics count no requests".to_owned())?;
    Ok((answer.version, served))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "in a test, unwrapping is asserting")]

    use super::*;
    use std::sync::{Arc, Mutex};
    use xtask_fakes::http::{Admission, Handler, Request, Response, Server};

    /// Answers as it was last told to.
    #[derive(Clone)]
    struct Service(Arc<Mutex<Response>>);

    impl Handler for Service {
        fn admit(&self, _head: &Request) -> Admission {
            Admission::Read
        }

        fn answer(&self, _request: &Request) -> Response {
            self.0.lock().unwrap().clone()
        }
    }

    impl Service {
        fn tells(&self, release: &str, served: u64, failed: u64) {
            let text = format!(
                "http_requests_total{{route=\"/api/meals\",status=\"200\"}} {}\n\
                 http_requests_total{{route=\"/api/meals\",status=\"503\"}} {failed}\n\
                 http_requests_total{{route=\"/api/health/live\",status=\"200\"}} 99999\n",
                served - failed,
            );
            let answer = Response::new(200).with("X-App-Version", release).body(text);
            *self.0.lock().unwrap() = answer;
        }
    }

    /// What the metrics of a service come to, which changes to `then` meanwhile.
    fn judged(then: impl FnOnce(&Service)) -> Traffic {
        let service = Service(Arc::new(Mutex::new(Response::new(404))));
        service.tells("r1", 1000, 5);
        let server = Server::start(Arc::new(service.clone())).unwrap();
        let url = format!("http://{}/metrics", server.host());
        let metrics = Metrics::begin(url, vec!["/api/health/live".to_owned()]);
        then(&service);
        Watched { counters: vec![Box::new(metrics)] }.judge("r1", "r2").unwrap()
    }

    #[test]
    fn a_service_that_counts_its_own_requests_is_asked_before_and_after() {
        let traffic = judged(|service| service.tells("r2", 400, 2));
        assert_eq!((traffic.source, &traffic.judgement), (Source::Metrics, &Judgement::AsGood));
        assert_eq!((traffic.before.requests, traffic.after.requests), (1000, 400));
        let worse = judged(|service| service.tells("r2", 400, 40));
        assert_eq!(worse.line(), "clearly worse: 10.0 % of requests fail, before 0.5 %");
    }

    #[test]
    fn only_a_rollout_is_taken_back_for_it() {
        let report = Report::new(false);
        let worse = judged(|service| service.tells("r2", 400, 40));
        let failure = hold(&report, Action::Rollout, &worse).unwrap_err();
        assert_eq!(failure.name(), "E-traffic-worse");
        assert_eq!(failure.innermost_line(), "10.0 % of requests fail, before 0.5 %");
        hold(&report, Action::Rollback, &worse).unwrap();
        let good = judged(|service| service.tells("r2", 400, 0));
        hold(&report, Action::Rollout, &good).unwrap();
        hold(&report, Action::Rollout, &judged(|service| service.tells("r2", 1, 1))).unwrap();
    }

    #[test]
    fn what_cannot_be_found_out_is_no_judgement() {
        let said = |then: fn(&Service)| judged(then).line();
        let few = said(|service| service.tells("r2", 40, 40));
        assert!(few.contains("the new release served 40 requests, wanted at least 100"), "{few}");
        let old = said(|service| service.tells("r1", 400, 40));
        assert!(old.contains("release r1 told its metrics, wanted r2"), "{old}");
        let gone = said(|service| *service.0.lock().unwrap() = Response::new(404));
        assert!(gone.contains("the metrics answered 404"), "{gone}");
        let page = said(|service| *service.0.lock().unwrap() = Response::new(200).body("<html>"));
        assert!(page.contains("line 1 of the metrics cannot be read"), "{page}");
        let none = said(|service| *service.0.lock().unwrap() = Response::new(200).body("up 1"));
        assert!(none.contains("the metrics count no requests"), "{none}");
    }
}
