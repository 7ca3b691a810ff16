//! GitHub's expressions, as far as our workflows use them. What it does not know it refuses:
//! an expression that is guessed at would prove nothing.

use serde_json::{Value, json};

/// What an expression may look at.
pub(crate) trait Contexts {
    /// The context called `name`, such as `github`.
    fn context(&self, name: &str) -> Option<Value>;
    /// What a function that depends on the run gives, such as `always`.
    fn call(&self, name: &str, arguments: &[Value]) -> Option<Value>;
}

/// `text` with every `${{ … }}` in it replaced.
pub(crate) fn interpolate(text: &str, contexts: &impl Contexts) -> Result<String, String> {
    let (mut made, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once("${{") {
        let (inside, after) = behind.split_once("}}").ok_or("an expression has no end")?;
        made.push_str(before);
        made.push_str(&shown(&evaluate(inside, contexts)?));
        rest = after;
    }
    Ok(made + rest)
}

/// The value of an expression.
pub(crate) fn evaluate(text: &str, contexts: &impl Contexts) -> Result<Value, String> {
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, at: 0, contexts };
    let value = reader.either()?;
    match reader.peek() {
        None => Ok(value),
        Some(token) => Err(format!("`{text}`: unexpected `{token}`")),
    }
}

/// Whether GitHub takes a value for true.
pub(crate) fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && *value != json!("") && *value != json!(0)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        let length = match first {
            // `''` inside a string is one quote; the end is a quote that no other follows.
            '\'' => 2 + rest[1..].find('\'').ok_or_else(|| format!("`{text}`: no end of text"))?,
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ if ["||", "&&", "==", "!="].iter().any(|it| rest.starts_with(it)) => 2,
            '(' | ')' | ',' | '.' | '*' | '!' => 1,
            other => return Err(format!("`{text}`: unknown sign `{other}`")),
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

struct Reader<'a, C> {
    tokens: &'a [String],
    at: usize,
    contexts: &'a C,
}

impl<C: Contexts> Reader<'_, C> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self) -> Result<String, String> {
        let word = self.peek().ok_or("an expression ends too early")?.to_owned();
        self.at += 1;
        Ok(word)
    }

    fn either(&mut self) -> Result<Value, String> {
        let mut value = self.both()?;
        while self.take("||") {
            let other = self.both()?;
            value = if is_true(&value) { value } else { other };
        }
        Ok(value)
    }

    fn both(&mut self) -> Result<Value, String> {
        let mut value = self.compared()?;
        while self.take("&&") {
            let other = self.compared()?;
            value = if is_true(&value) { other } else { value };
        }
        Ok(value)
    }

    fn compared(&mut self) -> Result<Value, String> {
        let value = self.single()?;
        if self.take("==") {
            return Ok(json!(value == self.single()?));
        }
        if self.take("!=") {
            return Ok(json!(value != self.single()?));
        }
        Ok(value)
    }

    fn single(&mut self) -> Result<Value, String> {
        if self.take("!") {
            return Ok(json!(!is_true(&self.single()?)));
        }
        if self.take("(") {
            let value = self.either()?;
            return if self.take(")") { Ok(value) } else { Err("a `(` has no `)`".into()) };
        }
        let word = self.word()?;
        if let Some(text) = word.strip_prefix('\'') {
            return Ok(json!(text.trim_end_matches('\'')));
        }
        if self.take("(") {
            return self.call(&word);
        }
        let mut value =
            self.contexts.context(&word).ok_or_else(|| format!("unknown context `{word}`"))?;
        while self.take(".") {
            let key = self.word()?;
            value = member(&value, &key);
        }
        Ok(value)
    }

    fn call(&mut self, name: &str) -> Result<Value, String> {
        let mut arguments = Vec::new();
        while !self.take(")") {
            arguments.push(self.either()?);
            if !self.take(",") && self.peek() != Some(")") {
                return Err(format!("`{name}(` has no `)`"));
            }
        }
        match (name, arguments.as_slice()) {
            ("format", [Value::String(form), rest @ ..]) => {
                let fill = |text: String, (at, value): (usize, &Value)| {
                    text.replace(&format!("{{{at}}}"), &shown(value))
                };
                Ok(json!(rest.iter().enumerate().fold(form.clone(), fill)))
            }
            ("contains", [Value::Array(list), wanted]) => Ok(json!(list.contains(wanted))),
            _ => self
                .contexts
                .call(name, &arguments)
                .ok_or_else(|| format!("unknown function `{name}` of {}", arguments.len())),
        }
    }
}

/// `.key`; with `*` every value, and behind it the key of each.
fn member(value: &Value, key: &str) -> Value {
    match (value, key) {
        (Value::Object(object), "*") => Value::Array(object.values().cloned().collect()),
        (Value::Object(object), _) => object.get(key).cloned().unwrap_or(Value::Null),
        (Value::Array(list), _) => Value::Array(list.iter().map(|it| member(it, key)).collect()),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sample;

    impl Contexts for Sample {
        fn context(&self, name: &str) -> Option<Value> {
            match name {
                "vars" => Some(json!({ "A": "a" })),
                "needs" => {
                    Some(json!({ "x": { "result": "success" }, "y": { "result": "failure" } }))
                }
                _ => None,
            }
        }

        fn call(&self, name: &str, _: &[Value]) -> Option<Value> {
            (name == "cancelled").then(|| json!(false))
        }
    }

    #[test]
    fn expressions_give_what_github_gives() {
        for (text, wanted) in [
            ("${{ vars.A || 'b' }}", "a"),
            ("x-${{ vars.B || format('{0}/c', vars.A) }}-y", "x-a/c-y"),
            ("${{ vars.B }}", ""),
            ("${{ !cancelled() && vars.A == 'a' }}", "true"),
            ("${{ contains(needs.*.result, 'failure') }}", "true"),
            ("${{ contains(needs.*.result, 'skipped') || vars.B }}", ""),
        ] {
            assert_eq!(interpolate(text, &Sample).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in ["${{ matrix.os }}", "${{ fromJSON('1') }}", "${{ a", "${{ vars.A + 1 }}"] {
            assert!(interpolate(text, &Sample).is_err(), "{text}");
        }
    }
}
