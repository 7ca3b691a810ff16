//! A message as Discord's webhooks take it. Its limits are in characters, which are code points
//! there, counted after blanks at both ends are gone.

use super::message::{ERROR_MAX, FACT_MAX, Message, Tone};
use super::text::{cut, cut_as, inside_code, without_calls};
use serde_json::{Value, json};

const TITLE_MAX: usize = 256;
/// All texts of an embed together may have 6000; the facts get what the rest leaves them.
const TOGETHER_MAX: usize = 6000;

/// The body of the request. Nobody is called, whatever the text says.
pub fn body(message: &Message) -> Value {
    let facts = message.facts.iter().map(
        |(name, value)| json!({ "name": name, "value": prose(value, FACT_MAX), "inline": true }),
    );
    let mut embed = json!({
        "title": prose(&message.title, TITLE_MAX),
        "color": colour(message.tone),
        "fields": facts.collect::<Vec<_>>(),
    });
    let description = description(message);
    if !description.is_empty() {
        embed["description"] = json!(description);
    }
    debug_assert!(length(&embed) <= TOGETHER_MAX, "each part has its own, smaller limit");
    json!({ "embeds": [embed], "allowed_mentions": { "parse": [] } })
}

fn description(message: &Message) -> String {
    let code = |error: &String| {
        format!("```\n{}\n```", without_calls(&inside_code(&cut(error, ERROR_MAX))))
    };
    let links = message.links.iter().map(|(words, url)| format!("[{words}]({url})"));
    let links = links.collect::<Vec<_>>().join(" \u{b7} ");
    let parts = message.error.as_ref().map(code).into_iter();
    parts.chain((!links.is_empty()).then_some(links)).collect::<Vec<_>>().join("\n")
}

/// Text that stays text: no mention, no emphasis, no link.
fn prose(text: &str, limit: usize) -> String {
    cut_as(&without_calls(text), limit, |it, out| {
        if "\\*_~`|>#<[]".contains(it) {
            out.push('\\');
        }
        out.push(it);
    })
}

/// As far as Discord adds it up.
fn length(embed: &Value) -> usize {
    let count = |value: &Value| value.as_str().map_or(0, |it| it.chars().count());
    let fields = embed["fields"].as_array().into_iter().flatten();
    let fields: usize = fields.map(|it| count(&it["name"]) + count(&it["value"])).sum();
    count(&embed["title"]) + count(&embed["description"]) + fields
}

fn colour(tone: Tone) -> u32 {
    match tone {
        Tone::Good => 0x2e_a0_43,
        Tone::Bad => 0xd7_3a_49,
        Tone::Uncertain => 0xdb_ab_09,
    }
}
