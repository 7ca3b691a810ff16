//! The rows of `env-rendering.jsonl` were made by a running Coolify 4.3.11: what it was sent, and
//! what the container saw.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const ROWS: &str = include_str!("env-rendering.jsonl");

struct Row {
    case: String,
    key: String,
    /// `L` literal, `M` multiline, `N` neither.
    mode: String,
    value: String,
    container: String,
}

fn rows() -> Vec<Row> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let [case, key, mode, value, container] =
            ["case", "key", "mode", "value", "container"].map(|key| text(&row, key));
        Row { case, key, mode, value, container }
    };
    let rows: Vec<Row> = ROWS.lines().map(row).collect();
    assert_eq!(rows.len(), 131);
    rows
}

impl Row {
    /// In a deployment of a bad value, the good ones beside it failed too.
    fn is_only_beside_another(&self) -> bool {
        self.case != "safe" && self.case != self.key
    }

    fn survived(&self) -> bool {
        self.container == self.value
    }

    /// Quoted for one reason or the other: the recordings show no difference.
    fn is_quoted(&self) -> bool {
        self.mode != "N"
    }
}

/// What the container saw of a text that was sent between quotes.
fn seen() -> BTreeMap<String, BTreeSet<String>> {
    let mut seen = BTreeMap::<String, BTreeSet<String>>::new();
    for row in rows().into_iter().filter(|row| row.is_quoted() && !row.is_only_beside_another()) {
        seen.entry(row.value).or_default().insert(row.container);
    }
    seen
}

#[test]
fn whatever_is_sent_was_seen_by_a_container_as_it_was() {
    let seen = seen();
    let mut compared = 0;
    for value in rows().into_iter().map(|row| row.value).collect::<BTreeSet<_>>() {
        let Ok(sent) = sent(&value) else {
            continue;
        };
        assert!(sent.is_literal);
        if let Some(seen) = seen.get(sent.text.expose()) {
            assert_eq!(seen, &BTreeSet::from([value.clone()]), "sent {:?}", sent.text.expose());
            compared += 1;
        }
    }
    assert_eq!(compared, 24);
}

#[test]
fn a_quote_is_sent_in_the_form_that_was_seen_to_work() {
    let text = sent("a'b").unwrap().text;
    assert_eq!(text.expose(), r"a\'b");
    assert_eq!(seen()[text.expose()], BTreeSet::from(["a'b".to_owned()]));
}

/// A row of the recordings that shows what each reason is about. `None`: not recorded.
fn shown_by(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::Trimmed => Some("L_PEM"),
        Reason::CarriageReturn => Some("N_CRLF"),
        Reason::TrailingBackslash => Some("L_BSEND"),
        // The value of N_SQESC holds both; as it is, it was changed in each form.
        Reason::BackslashBeforeQuote => Some("L_SQESC"),
        Reason::JsonDollar => Some("L_JSOND"),
        Reason::JsonLines => Some("L_JSONML"),
        // JSON is written as unquoted values are; those were cut.
        Reason::JsonComment => Some("N_HASH"),
        Reason::Blank | Reason::Nul | Reason::JsonDoubt | Reason::Shared | Reason::TooLong => None,
    }
}

#[test]
fn whatever_is_refused_was_seen_to_fail_or_to_change() {
    let rows = rows();
    let mut refused = BTreeSet::new();
    for row in &rows {
        let Err(reason) = sent(&row.value) else {
            continue;
        };
        refused.insert(reason);
        // `{{team.…}}` stays only as long as the team has no such variable.
        let Some(key) = shown_by(reason) else {
            assert_eq!(reason, Reason::Shared, "{}", row.key);
            continue;
        };
        let shown = rows.iter().find(|other| other.key == key).unwrap();
        assert!(!shown.survived(), "{reason:?} is not shown by {key}");
    }
    let wanted = [
        Reason::Trimmed,
        Reason::CarriageReturn,
        Reason::TrailingBackslash,
        Reason::BackslashBeforeQuote,
        Reason::JsonDollar,
        Reason::JsonLines,
        Reason::Shared,
    ];
    assert_eq!(refused, BTreeSet::from(wanted));
}

#[test]
fn nothing_that_failed_or_changed_between_quotes_is_sent_so() {
    for row in rows().iter().filter(|row| row.is_quoted() && !row.is_only_beside_another()) {
        let is_sent_so = sent(&row.value).is_ok_and(|sent| sent.text.expose() == row.value);
        assert!(row.survived() || !is_sent_so, "{} {:?}", row.key, row.value);
    }
}

#[test]
fn each_reason_has_its_values() {
    let cases = [
        (Reason::Blank, vec!["", " ", "\n\t", "\u{a0}"]),
        (Reason::Trimmed, vec![" a", "a\n", "\u{feff}a", "a\u{200b}", "{} "]),
        (Reason::CarriageReturn, vec!["a\r\nb", "a\rb"]),
        (Reason::Nul, vec!["a\0b", "\0a"]),
        (Reason::TrailingBackslash, vec!["a\\", "a\\\\", "'\\"]),
        (Reason::BackslashBeforeQuote, vec!["a\\'b", "\\\\'"]),
        (Reason::JsonDollar, vec![r#"{"a":"$b"}"#, r#"["$"]"#]),
        (Reason::JsonLines, vec!["{\n}", "[1,\n2]"]),
        (Reason::JsonComment, vec![r#"{"a":"b #c"}"#, "[\"\u{a0}#\"]"]),
        (Reason::JsonDoubt, vec!["[1e999,\n1]", "[TRUE,\"'\"]", r#"["\ud800$"]"#]),
        (Reason::Shared, vec!["{{team.A}}", "x {{ server.B }}", "{{{environment.C}}"]),
    ];
    for (reason, values) in cases {
        for value in values {
            assert_eq!(sent(value), Err(reason), "{value:?}");
        }
    }
    assert_eq!(sent(&"a".repeat(LONGEST + 1)), Err(Reason::TooLong));
    assert!(sent(&"a".repeat(LONGEST)).is_ok());
}

#[test]
fn a_value_does_not_print_itself() {
    let sent = sent("hunter2").unwrap();
    assert_eq!(
        format!("{sent:?}"),
        "Sent { text: [secret], is_literal: true, is_multiline: false }"
    );
    assert!(self::sent("a\nb").unwrap().is_multiline);
}

/// What compose reads between single quotes, as its parser does it.
fn read_quoted(text: &str) -> Option<String> {
    let (mut read, mut is_escape) = (String::new(), false);
    let mut letters = text.chars().chain(['\'']);
    for letter in letters.by_ref() {
        match (letter, is_escape) {
            ('\'', false) => return letters.next().is_none().then_some(read),
            ('\'', true) => read.push('\''),
            ('\\', false) => {
                is_escape = true;
                continue;
            }
            (other, true) => read.extend(['\\', other]),
            (other, false) => read.push(other),
        }
        is_escape = false;
    }
    None
}

#[test]
fn the_reader_of_these_tests_reads_what_the_container_saw() {
    for (text, seen) in seen() {
        let is_json = matches!(json(&text), Json::Yes);
        if is_json {
            continue;
        }
        let read = read_quoted(text.trim());
        let read = read.unwrap_or_else(|| "<deployment failed>".to_owned());
        assert_eq!(seen, BTreeSet::from([read]), "{text:?}");
    }
}

proptest! {
    #[test]
    fn what_is_sent_is_read_as_the_value(value in "[ -~\\t\\n\\\\'\"${}\\[\\]#é\u{feff}]{0,24}") {
        if let Ok(sent) = sent(&value) {
            let text = sent.text.expose();
            prop_assert_eq!(text.trim_matches(is_trimmed), text);
            let is_json = serde_json::from_str::<Value>(text).is_ok_and(|json| json.is_object() || json.is_array());
            if is_json {
                prop_assert_eq!(text, value.as_str());
                prop_assert!(!text.contains(['\n', '$']) && !text.contains(" #"));
            } else {
                prop_assert_eq!(read_quoted(text), Some(value));
            }
        }
    }

    #[test]
    fn json_is_sent_as_it_is_or_refused(key in "[a-z$ #'\\\\]{0,6}", text in "[a-z$ #'\\\\\n]{0,8}") {
        let value = serde_json::json!({ key: text }).to_string();
        match sent(&value) {
            Ok(sent) => prop_assert_eq!(sent.text.expose(), value),
            Err(reason) => prop_assert!(matches!(reason, Reason::JsonDollar | Reason::JsonComment)),
        }
    }
}
