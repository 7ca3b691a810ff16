//! A message as Slack's webhooks take it. Three characters are escaped there, and limits count what
//! was escaped; all blocks together stay far below what Slack has been seen to refuse.

use super::message::{ERROR_MAX, FACT_MAX, Message, Tone};
use super::text::{cut, cut_as, inside_code, without_calls};
use serde_json::{Value, json};

const TITLE_MAX: usize = 150;
/// A section takes 3000; the fence around the error, and what is escaped in it, count.
const SECTION_MAX: usize = 2900;

/// The body of the request: blocks, and one text for where blocks are not shown.
pub fn body(message: &Message) -> Value {
    let title = format!("{} {}", sign(message.tone), message.title);
    let title = plain(&title, TITLE_MAX);
    let mut blocks =
        vec![json!({ "type": "header", "text": { "type": "plain_text", "text": title } })];
    blocks.extend(message.error.as_deref().map(error));
    if !message.facts.is_empty() {
        let facts = message.facts.iter().map(|(name, value)| {
            // As plain text, so that no star and no backtick of a value means anything.
            let text = plain(&format!("{name}: {value}"), FACT_MAX);
            json!({ "type": "plain_text", "text": text })
        });
        blocks.push(json!({ "type": "section", "fields": facts.collect::<Vec<_>>() }));
    }
    if !message.links.is_empty() {
        let links = message.links.iter().map(|(words, url)| format!("<{}|{words}>", escaped(url)));
        let text = links.collect::<Vec<_>>().join(" \u{b7} ");
        let text = json!({ "type": "mrkdwn", "text": text });
        blocks.push(json!({ "type": "section", "text": text }));
    }
    json!({ "text": title, "blocks": blocks })
}

fn error(error: &str) -> Value {
    let short = without_calls(&inside_code(&cut(error, ERROR_MAX)));
    let text = format!("```\n{}\n```", cut_as(&short, SECTION_MAX, escape));
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })
}

fn plain(text: &str, limit: usize) -> String {
    cut_as(&without_calls(text), limit, escape)
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    text.chars().for_each(|it| escape(it, &mut out));
    out
}

fn escape(it: char, out: &mut String) {
    match it {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        other => out.push(other),
    }
}

fn sign(tone: Tone) -> char {
    match tone {
        Tone::Good => '\u{2705}',
        Tone::Bad => '\u{274c}',
        Tone::Uncertain => '\u{26a0}',
    }
}
