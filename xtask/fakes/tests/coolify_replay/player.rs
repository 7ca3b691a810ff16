//! Plays one file after the other.

use crate::client::{Answer, send};
use crate::compare::{as_list, differences, is_past};
use crate::labels::Labels;
use crate::{Tally, stage};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::fmt;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};
use xtask_fakes::coolify::api::Coolify;

/// How long an answer may take to become what was recorded.
const PATIENCE: Duration = Duration::from_secs(60);

/// The double, and what is known so far.
pub(crate) struct Player {
    coolify: Coolify,
    labels: Labels,
    pub(crate) tally: Tally,
    pub(crate) disagreements: Vec<Disagreement>,
}

/// An exchange that did not agree.
#[derive(Debug)]
pub(crate) struct Disagreement {
    pub(crate) file: String,
    pub(crate) group: String,
    pub(crate) seq: u64,
    pub(crate) line: String,
    pub(crate) differences: Vec<String>,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} [{}] {}: {}", self.file, self.group, self.seq, self.line)?;
        for difference in self.differences.iter().take(4) {
            writeln!(out, "    {difference}")?;
        }
        Ok(())
    }
}

/// A recorded exchange.
struct Exchange(Value);

impl Exchange {
    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    fn is_get(&self) -> bool {
        ["GET", "HEAD"].contains(&self.text("method"))
    }
}

impl Player {
    pub(crate) fn new() -> Self {
        Self {
            coolify: stage::coolify(),
            labels: Labels::default(),
            tally: Tally::new(),
            disagreements: Vec::new(),
        }
    }

    /// Plays a file, compressed or not.
    pub(crate) fn play(&mut self, path: &Path) {
        let name =
            path.file_name().map(|own| own.to_string_lossy().into_owned()).unwrap_or_default();
        let file = name.split(".jsonl").next().unwrap_or_default().to_owned();
        self.labels.next_file();
        for line in text(path).lines() {
            let exchange = Exchange(serde_json::from_str(line).expect("an exchange a line"));
            self.exchange(&file, &exchange);
        }
    }

    fn exchange(&mut self, file: &str, exchange: &Exchange) {
        let seq = exchange.0["seq"].as_u64().unwrap_or_default();
        let group = exchange.text("group").to_owned();
        let changes = exchange.text("path").ends_with("/envs/bulk");
        stage::prepare(&self.coolify, file, &group, seq, changes);
        let differences = self.agree(exchange);
        let tally = self.tally.entry(file.to_owned()).or_default();
        tally.1 += 1;
        if differences.is_empty() {
            tally.0 += 1;
            return;
        }
        let (token, method) = (exchange.text("token"), exchange.text("method"));
        let line = format!("{token} {method} {}", exchange.text("path"));
        self.disagreements.push(Disagreement {
            file: file.to_owned(),
            group,
            seq,
            line,
            differences,
        });
    }

    /// Asks until the answer is the recorded one, or nothing more will happen. A change is asked
    /// for again only when it was refused and should not have been.
    fn agree(&mut self, exchange: &Exchange) -> Vec<String> {
        let began = Instant::now();
        loop {
            let answer = self.ask(exchange);
            let found = self.differences(exchange, &answer);
            let wanted = exchange.0["status"].as_u64().unwrap_or_default();
            let again = exchange.is_get() || (answer.status >= 400 && wanted < 400);
            let recorded = exchange.0.get("response").cloned().unwrap_or_default();
            let is_past = is_past(&recorded, &answer.json().unwrap_or_default());
            let is_over = is_past || self.coolify.is_idle() || began.elapsed() > PATIENCE;
            if found.is_empty() || !again || is_over {
                self.learn(exchange, &answer);
                return found;
            }
            self.coolify.step();
        }
    }

    fn ask(&self, exchange: &Exchange) -> Answer {
        let mut headers: Vec<(String, String)> = exchange.0["request_headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect();
        if let Some(token) = self.token(exchange) {
            headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        }
        let json = exchange.0.get("request").map(|body| self.labels.replaced_in(body).to_string());
        let raw = exchange.0.get("request_raw").and_then(Value::as_str).map(str::to_owned);
        let (path, _) = self.labels.replaced(exchange.text("path"));
        let host = self.coolify.url().replace("http://", "");
        send(&host, exchange.text("method"), &path, &headers, raw.or(json).as_deref())
    }

    /// The token of a label; what is no label is sent as it stands.
    fn token(&self, exchange: &Exchange) -> Option<String> {
        let label = exchange.0.get("token")?.as_str()?;
        let tokens = self.coolify.tokens();
        let of = |label: &str| tokens.get(label).and_then(Value::as_str).map(str::to_owned);
        let bare = label.strip_prefix("<token:").and_then(|rest| rest.strip_suffix('>'));
        let bare = bare.and_then(of).and_then(|own| Some(own.split_once('|')?.1.to_owned()));
        of(label).or(bare).or_else(|| Some(label.to_owned()))
    }

    fn differences(&mut self, exchange: &Exchange, answer: &Answer) -> Vec<String> {
        let status = exchange.0["status"].as_u64().unwrap_or_default();
        let mut found = Vec::new();
        if u64::from(answer.status) != status {
            found.push(format!("status: recorded {status}, here {}", answer.status));
        }
        found.extend(header_differences(exchange, answer));
        let Some(recorded) = exchange.0.get("response") else {
            found.extend(text_differences(exchange, answer));
            return found;
        };
        let (recorded, actual) = (as_list(recorded), as_list(&answer.json().unwrap_or_default()));
        let recorded = self.here(&recorded);
        // The labels that this answer teaches are known to its own comparison.
        let is_change = !exchange.is_get();
        if found.is_empty() {
            self.labels.learn(&recorded, &actual, is_change);
        }
        found.extend(differences(&recorded, &actual, &self.labels));
        found
    }

    /// The panel's address is another here.
    fn here(&self, recorded: &Value) -> Value {
        let text = recorded.to_string().replace("http://127.0.0.1:18000", &self.coolify.url());
        serde_json::from_str(&text).expect("it was JSON before")
    }

    /// Names that later labels are made of.
    fn learn(&mut self, exchange: &Exchange, answer: &Answer) {
        let (path, actual) = (exchange.text("path"), answer.json().unwrap_or_default());
        let name = exchange.0["request"]["name"].as_str().unwrap_or_default();
        let uuid = actual["uuid"].as_str().unwrap_or_default();
        if path == "/api/v1/servers" && exchange.is_get() {
            let first = actual[0]["uuid"].as_str();
            first.into_iter().for_each(|uuid| self.labels.bind("<server>", uuid));
        } else if answer.status == 201 && path.ends_with("/applications/dockerimage") {
            self.labels.bind(&format!("<app:{name}>"), uuid);
        } else if answer.status == 201 && path.ends_with("/environments") {
            self.labels.bind(&format!("<env-{name}>"), uuid);
        }
    }
}

fn header_differences(exchange: &Exchange, answer: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["allow", "content-type"] {
        let recorded = exchange.0["headers"][name].as_str();
        if recorded != answer.header(name) {
            found.push(format!("{name}: recorded {recorded:?}, here {:?}", answer.header(name)));
        }
    }
    let waits = exchange.0["headers"].get("retry-after").is_some();
    if waits != answer.header("retry-after").is_some() {
        found.push("retry-after is there in one and not in the other".to_owned());
    }
    found
}

/// Plain texts are compared; of a page only its first line.
fn text_differences(exchange: &Exchange, answer: &Answer) -> Vec<String> {
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let recorded = first(exchange.text("response_text"));
    let actual = first(&String::from_utf8_lossy(&answer.body));
    let is_null = exchange.text("response_text").is_empty();
    if is_null || recorded == actual {
        Vec::new()
    } else {
        vec![format!("text: recorded {recorded}, here {actual}")]
    }
}

fn text(path: &Path) -> String {
    let bytes = std::fs::read(path).expect("a recording");
    if path.extension().is_none_or(|ending| ending != "gz") {
        return String::from_utf8(bytes).expect("a recording is text");
    }
    let mut text = String::new();
    GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("a compressed text");
    text
}
