//! The API, the token, the server.

use super::{Api, Facts, Lines, Server, Verdict};
use crate::moment::Moment;

/// From so many seconds before its end on a token is told of: a week.
const TOKEN_WARNING: u64 = 7 * 24 * 3600;
/// From so much use of a disk on, images may not fit, in percent.
const DISK_WARNING: u64 = 80;
const DISK_FULL: u64 = 95;

pub(super) fn judge(lines: &mut Lines, facts: &Facts) {
    api(lines, &facts.api);
    match lines.known("clock", &facts.clock) {
        Some(Some(skew)) => {
            lines.say("clock", Verdict::Warn, skew.clone());
            lines.hint(
                "set both clocks by NTP; what is said of tokens and certificates hangs on it",
            );
        }
        Some(None) => lines.say("clock", Verdict::Pass, "agrees with Coolify's"),
        None => {}
    }
    abilities(lines, facts);
    token(lines, facts);
    if let Some(server) = lines.known("server", &facts.server) {
        self::server(lines, server);
    }
    disk(lines, facts);
}

fn api(lines: &mut Lines, api: &Api) {
    match api {
        Api::Answers(version) => {
            lines.say("API", Verdict::Pass, format!("answers; Coolify {version}"));
        }
        Api::Untested(why) => {
            lines.say("API", Verdict::Fail, why.clone());
            lines.hint("docs/deployment/COOLIFY.md says which versions are known");
        }
        Api::Refuses(why, hint) => {
            lines.say("API", Verdict::Fail, why.clone());
            lines.hint(hint.clone());
        }
    }
}

/// None of them holds another: each is asked for by itself.
fn abilities(lines: &mut Lines, facts: &Facts) {
    for (ability, has) in &facts.abilities {
        let what = format!("ability `{ability}`");
        match lines.known(&what, has) {
            Some(true) => lines.say(what, Verdict::Pass, "the token has it"),
            Some(false) => {
                lines.say(what, Verdict::Fail, "the token lacks it");
                lines.hint("make a token with `read`, `write` and `deploy`: none holds another");
            }
            None => {}
        }
    }
}

fn token(lines: &mut Lines, facts: &Facts) {
    match lines.known("token's owner", &facts.is_root) {
        Some(true) => {
            let why = "it is the root user's: whoever asks without a token uses up its limit";
            lines.say("token's owner", Verdict::Warn, why);
            lines.hint("make a user for rollouts, an admin of the team, and a token of theirs");
        }
        Some(false) => lines.say("token's owner", Verdict::Pass, "has a limit of their own"),
        None => {}
    }
    let Some(ends) = lines.known("token's end", &facts.token_ends) else { return };
    match facts.now < *ends {
        false => lines.say("token's end", Verdict::Fail, format!("it ended at {ends}")),
        true if ends.seconds_since(facts.now) < TOKEN_WARNING => {
            lines.say("token's end", Verdict::Warn, ends_in(facts.now, *ends));
        }
        true => lines.say("token's end", Verdict::Pass, ends_in(facts.now, *ends)),
    }
}

pub(super) fn ends_in(now: Moment, ends: Moment) -> String {
    format!("ends in {} days, at {ends}", ends.hours_since(now) / 24)
}

fn server(lines: &mut Lines, server: &Server) {
    let what = format!("server `{}`", server.name);
    let proxy = server.proxy.as_deref().unwrap_or_default();
    if !server.is_reachable {
        lines.say(&what, Verdict::Fail, "Coolify could not reach it: deployments fail at once");
    } else if !server.is_usable {
        lines.say(&what, Verdict::Fail, "Coolify cannot use it: deployments fail at once");
    } else {
        lines.say(&what, Verdict::Pass, "reachable and usable, when Coolify last looked");
        return refuse_no_proxy(lines, &what, proxy);
    }
    lines.hint("validate the server in the panel");
}

fn refuse_no_proxy(lines: &mut Lines, what: &str, proxy: &str) {
    if proxy.eq_ignore_ascii_case("none") {
        let why = "it has no proxy: domains are taken and not kept, and nothing is reached";
        lines.say(what, Verdict::Fail, why);
    }
}

fn disk(lines: &mut Lines, facts: &Facts) {
    let Some(used) = lines.known("disk", &facts.disk_used) else { return };
    let verdict = match *used {
        DISK_FULL.. => Verdict::Fail,
        DISK_WARNING.. => Verdict::Warn,
        _ => Verdict::Pass,
    };
    lines.say("disk", verdict, format!("{used} % used"));
}
