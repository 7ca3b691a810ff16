//! What a rollout brings with it and finds around it: variables, images, secrets, schema,
//! certificate.

use super::around::ends_in;
use super::{Certificate, Facts, Image, Lines, Schema, Verdict};
use crate::coolify::plan::Plan;
use crate::moment::Moment;
use crate::platform::Platform;

pub(super) fn judge(lines: &mut Lines, facts: &Facts) {
    secrets(lines, facts);
    if let Some(plan) = lines.known("infra", &facts.plan) {
        infra(lines, plan);
    }
    for (service, image) in &facts.images {
        let what = format!("image of `{service}`");
        if let Some(image) = lines.known(&what, image) {
            self::image(lines, &what, image, facts.platform.as_ref().ok().copied());
        }
    }
    if let Some(schema) = lines.known("schema", &facts.schema) {
        self::schema(lines, schema);
    }
    match lines.known("certificate", &facts.certificate) {
        Some(Some(certificate)) => self::certificate(lines, certificate, facts.now),
        Some(None) => lines.say("certificate", Verdict::Pass, "the address is plain HTTP"),
        None => {}
    }
}

fn secrets(lines: &mut Lines, facts: &Facts) {
    for (name, how) in &facts.absent {
        lines.say(format!("secret `{name}`"), Verdict::Fail, "it is not at hand");
        lines.hint(how.clone());
    }
    if facts.absent.is_empty() {
        lines.say("secrets", Verdict::Pass, "all are at hand");
    }
}

/// What differs is no obstacle by itself; what can never be as wanted is, values that would not
/// arrive whole among it.
fn infra(lines: &mut Lines, plan: &Plan) {
    for remark in &plan.refused {
        lines.say(remark.part.to_string(), Verdict::Fail, remark.why.clone());
    }
    for remark in &plan.unknown {
        let why = format!("could not find out: {}", remark.why);
        lines.say(remark.part.to_string(), Verdict::Unknown, why);
    }
    for pending in &plan.pending {
        lines.say(pending.part.to_string(), Verdict::Warn, pending.why());
        lines.hint(format!("`cargo xtask rollout ENVIRONMENT {} --apply`", pending.release));
    }
    if !plan.steps.is_empty() {
        let why = format!("{} things differ from `deploy.toml`", plan.steps.len());
        lines.say("infra", Verdict::Warn, why);
        lines.hint("`cargo xtask infra plan ENVIRONMENT` shows them");
    } else if plan.is_empty() {
        lines.say("infra", Verdict::Pass, "as `deploy.toml` says");
    }
}

/// A server's platform is not told by every Coolify: an image for all of them fits any.
fn image(lines: &mut Lines, what: &str, image: &Image, server: Option<Platform>) {
    let there = match image {
        Image::Absent => {
            lines.say(what, Verdict::Fail, "the registry does not have it");
            lines.hint("push it first: nothing is pulled that is not there");
            return;
        }
        Image::There(platforms) => platforms,
    };
    let has = |platform: &Platform| there.contains(platform);
    match server {
        Some(server) if has(&server) => {
            lines.say(what, Verdict::Pass, format!("in the registry, for {server}"));
        }
        Some(server) => {
            let why = format!("in the registry, and not for {server}, which the server is");
            lines.say(what, Verdict::Fail, why);
        }
        None if Platform::ALL.iter().all(has) => {
            lines.say(what, Verdict::Pass, "in the registry, for every platform");
        }
        None => {
            let names: Vec<String> = there.iter().map(ToString::to_string).collect();
            let why =
                format!("in the registry for {} only; the server's is not known", names.join(", "));
            lines.say(what, Verdict::Warn, why);
        }
    }
}

fn schema(lines: &mut Lines, schema: &Schema) {
    match schema {
        Schema::Fits => lines.say("schema", Verdict::Pass, "every migration is applied"),
        Schema::Tried(said) => lines.say("schema", Verdict::Pass, said.clone()),
        Schema::Behind(missing) => {
            let why = format!("not applied yet: `{}`", missing.join("`, `"));
            lines.say("schema", Verdict::Fail, why);
            lines.hint("`cargo xtask migrate apply ENVIRONMENT --apply`");
        }
        Schema::Refused(why) => lines.say("schema", Verdict::Fail, why.clone()),
    }
}

/// Renewals happen when a third of its life is left; where less than a tenth is, one has failed
/// for long.
fn certificate(lines: &mut Lines, certificate: &Certificate, now: Moment) {
    let Certificate { begins, ends } = *certificate;
    let what = "certificate";
    if now < begins {
        return lines.say(what, Verdict::Fail, format!("is not good before {begins}"));
    }
    if now >= ends {
        return lines.say(what, Verdict::Fail, format!("ended at {ends}"));
    }
    let (life, left) = (ends.seconds_since(begins), ends.seconds_since(now));
    let verdict = match (left.saturating_mul(10) < life, left.saturating_mul(4) < life) {
        (true, _) => Verdict::Fail,
        (_, true) => Verdict::Warn,
        _ => Verdict::Pass,
    };
    let tail = if verdict == Verdict::Pass { "" } else { "; it should have been renewed by now" };
    lines.say(what, verdict, format!("{}{tail}", ends_in(now, ends)));
}
