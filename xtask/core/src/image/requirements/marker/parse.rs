//! From the text of a marker to its meaning.

use super::{Marker, Variable, VersionVariable, mirrored};
use pep440_rs::{Operator, VersionPattern, VersionSpecifier};

/// Deeper than any resolver nests, and far from the end of the stack.
const DEPTH_MAX: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Literal(String),
    /// A variable, `and`, `or`, `in`, `not`.
    Word(String),
    Compares(String),
}

pub(super) fn parse(text: &str) -> Result<Marker, String> {
    let mut tokens = Tokens { tokens: split(text)?, at: 0 };
    let marker = tokens.any(0)?;
    match tokens.next() {
        None => Ok(marker),
        Some(token) => Err(format!("its marker goes on where it should end, at {}", shown(&token))),
    }
}

fn split(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' => 1,
            '\'' | '"' => {
                let end = rest[1..].find(first);
                end.ok_or("its marker has a quote that does not end")? + 2
            }
            '<' | '>' | '=' | '!' | '~' => span(rest, |it| "<>=!~".contains(it)),
            _ => span(rest, |it| it.is_ascii_alphanumeric() || "_.".contains(it)),
        };
        if length == 0 {
            return Err(format!(
                "its marker holds `{}`, which means nothing",
                first.escape_debug()
            ));
        }
        let (word, after) = rest.split_at(length);
        tokens.push(match first {
            '(' => Token::Open,
            ')' => Token::Close,
            '\'' | '"' => Token::Literal(word[1..length - 1].to_owned()),
            '<' | '>' | '=' | '!' | '~' => Token::Compares(word.to_owned()),
            _ => Token::Word(word.to_owned()),
        });
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn span(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !belongs(letter)).unwrap_or(text.len())
}

struct Tokens {
    tokens: Vec<Token>,
    at: usize,
}

impl Tokens {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, word: &str) -> bool {
        let is = self.tokens.get(self.at) == Some(&Token::Word(word.to_owned()));
        self.at += usize::from(is);
        is
    }

    fn any(&mut self, depth: usize) -> Result<Marker, String> {
        let mut markers = vec![self.all(depth)?];
        while self.takes("or") {
            markers.push(self.all(depth)?);
        }
        Ok(Marker::Any(markers))
    }

    fn all(&mut self, depth: usize) -> Result<Marker, String> {
        let mut markers = vec![self.one(depth)?];
        while self.takes("and") {
            markers.push(self.one(depth)?);
        }
        Ok(Marker::All(markers))
    }

    fn one(&mut self, depth: usize) -> Result<Marker, String> {
        if depth > DEPTH_MAX {
            return Err("its marker is nested too deep".to_owned());
        }
        match self.next().ok_or("its marker ends too early")? {
            Token::Open => {
                let marker = self.any(depth + 1)?;
                let closes = self.next() == Some(Token::Close);
                closes.then_some(marker).ok_or_else(|| "its marker lacks a `)`".to_owned())
            }
            Token::Word(name) => {
                let operator = self.operator()?;
                match self.next() {
                    Some(Token::Literal(literal)) => compare(&name, &operator, &literal, false),
                    _ => Err(format!("its marker compares `{name}` with no text in quotes")),
                }
            }
            Token::Literal(literal) => {
                let operator = self.operator()?;
                match self.next() {
                    Some(Token::Word(name)) => compare(&name, &operator, &literal, true),
                    _ => Err(format!("its marker compares `{literal}` with no variable")),
                }
            }
            other => Err(format!("its marker holds {} out of place", shown(&other))),
        }
    }

    fn operator(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Compares(operator)) => Ok(operator),
            Some(Token::Word(word)) if word == "in" => Ok(word),
            Some(Token::Word(word)) if word == "not" && self.takes("in") => Ok("not in".to_owned()),
            _ => Err("its marker compares nothing".to_owned()),
        }
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Open => "`(`".to_owned(),
        Token::Close => "`)`".to_owned(),
        Token::Literal(text) | Token::Word(text) | Token::Compares(text) => format!("`{text}`"),
    }
}

/// `name operator 'literal'`, or with its sides exchanged if `is_mirrored`.
fn compare(name: &str, operator: &str, literal: &str, is_mirrored: bool) -> Result<Marker, String> {
    if let Some(variable) = version_variable(name) {
        return version(variable, operator, literal, is_mirrored);
    }
    let variable = word_variable(name).ok_or_else(|| unknown(name))?;
    let text = literal.to_owned();
    match operator {
        "==" | "===" => Ok(Marker::Word { variable, is: true, word: text }),
        "!=" => Ok(Marker::Word { variable, is: false, word: text }),
        "in" if !is_mirrored => Ok(Marker::PartOf { variable, is: true, text }),
        "not in" if !is_mirrored => Ok(Marker::PartOf { variable, is: false, text }),
        _ => Err(format!("its marker asks `{operator}` of `{name}`, which is no number")),
    }
}

fn version(
    variable: VersionVariable,
    operator: &str,
    literal: &str,
    is_mirrored: bool,
) -> Result<Marker, String> {
    let odd = || format!("its marker asks `{operator} '{literal}'` of a version");
    let operator: Operator = operator.parse().map_err(|_| odd())?;
    let operator = if is_mirrored { mirrored(operator).ok_or_else(odd)? } else { operator };
    let pattern: VersionPattern = literal.parse().map_err(|_| odd())?;
    let specifier = VersionSpecifier::from_pattern(operator, pattern).map_err(|_| odd())?;
    Ok(Marker::Version(variable, specifier))
}

fn version_variable(name: &str) -> Option<VersionVariable> {
    match name {
        "python_version" => Some(VersionVariable::Short),
        "python_full_version" | "implementation_version" => Some(VersionVariable::Full),
        _ => None,
    }
}

fn word_variable(name: &str) -> Option<Variable> {
    Some(match name {
        "os_name" => Variable::OsName,
        "sys_platform" => Variable::SysPlatform,
        "platform_machine" => Variable::PlatformMachine,
        "platform_system" => Variable::PlatformSystem,
        "platform_python_implementation" => Variable::Implementation,
        "implementation_name" => Variable::ImplementationName,
        _ => return None,
    })
}

fn unknown(name: &str) -> String {
    let why = match name {
        "platform_release" | "platform_version" => "which no image knows: it is the kernel's",
        "extra" => "which means nothing in a list",
        _ => "which is unknown",
    };
    format!("its marker asks for `{name}`, {why}")
}
