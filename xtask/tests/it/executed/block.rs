//! The fenced blocks of a page, and what is to be done with each. What follows the language of a
//! fence is not shown to readers:
//!
//! - `sh run`: every line is run, one after the other, in the world of the page, and ends with 0.
//!   `ends=3,0` says otherwise, line by line; `-` is a line that is only parsed, because it needs
//!   what no double can be. `on=NAME` begins a new world, in which that has happened before.
//! - `sh parsed`: no line of it is run.
//! - `text output`, or any other language: what the block before printed; `text error`: what it said
//!   beside that.
//! - `toml file=PATH`, or any other language: the file is written there. `append=PATH` puts it
//!   behind what is there.

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The line of the page on which its text begins, counted from 1.
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) does: Does,
}

/// What is to be done with a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Its lines are run.
    Run {
        /// What has happened before, if a new world begins here.
        on: Option<String>,
        /// How each line ends; the last holds for all further ones.
        ends: Vec<Ends>,
    },
    /// It is what the block before printed, or said.
    Output(Stream),
    /// It is the text of a file.
    File { path: String, appends: bool },
    /// Its lines of shell are parsed, and nothing more.
    Parsed,
    /// Lines of shell of which nobody has said what is to be done with them.
    Undecided,
    /// It is there to be read.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Error,
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    With(i32),
    /// It is not run.
    Unrun,
}

/// Every fenced block of `page`, in order.
pub(crate) fn blocks(page: &str) -> Result<Vec<Block>, String> {
    let (mut blocks, mut open) = (Vec::new(), None::<Block>);
    for (at, line) in page.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(info)) => {
                let does = does(info).map_err(|why| format!("line {}: {why}", at + 1))?;
                open = Some(Block { line: at + 2, text: String::new(), does });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    match open {
        None => Ok(blocks),
        Some(block) => Err(format!("line {}: a block has no end", block.line)),
    }
}

fn does(info: &str) -> Result<Does, String> {
    let mut words = info.split_whitespace();
    let language = words.next().unwrap_or_default();
    let words: Vec<&str> = words.collect();
    Ok(match (language, words.as_slice()) {
        ("sh", []) => Does::Undecided,
        ("sh", ["parsed"]) => Does::Parsed,
        ("sh", ["run", rest @ ..]) => run(rest)?,
        (_, ["output"]) => Does::Output(Stream::Out),
        ("text", ["error"]) => Does::Output(Stream::Error),
        (_, []) => Does::Nothing,
        (_, [word]) => match word.split_once('=') {
            Some(("file", path)) => Does::File { path: path.to_owned(), appends: false },
            Some(("append", path)) => Does::File { path: path.to_owned(), appends: true },
            _ => return Err(format!("`{info}` says nothing that is known")),
        },
        _ => return Err(format!("`{info}` says nothing that is known")),
    })
}

fn run(words: &[&str]) -> Result<Does, String> {
    let (mut on, mut ends) = (None, vec![Ends::With(0)]);
    for word in words {
        match word.split_once('=') {
            Some(("on", name)) => on = Some(name.to_owned()),
            Some(("ends", codes)) => ends = codes.split(',').map(end).collect::<Result<_, _>>()?,
            _ => return Err(format!("`run` knows no `{word}`")),
        }
    }
    Ok(Does::Run { on, ends })
}

fn end(word: &str) -> Result<Ends, String> {
    match word {
        "-" => Ok(Ends::Unrun),
        code => code.parse().map(Ends::With).map_err(|_| format!("`{code}` is no exit code")),
    }
}

#[test]
fn what_stands_behind_the_language_says_what_is_done() {
    let page = "```sh run on=served ends=3,-\na\nb\n```\n\n```text output\nsaid\n```\n\
                ```toml append=deploy.toml\nx = 1\n```\n```sh parsed\nc\n```\n```sh\nd\n```\n```\ne\n```\n";
    let found = blocks(page).unwrap();
    let does: Vec<&Does> = found.iter().map(|it| &it.does).collect();
    let run = Does::Run { on: Some("served".into()), ends: vec![Ends::With(3), Ends::Unrun] };
    let file = Does::File { path: "deploy.toml".into(), appends: true };
    let output = Does::Output(Stream::Out);
    assert_eq!(does, [&run, &output, &file, &Does::Parsed, &Does::Undecided, &Does::Nothing]);
    assert_eq!((found[0].line, found[0].text.as_str()), (2, "a\nb\n"));
    for wrong in
        ["```sh runs\n```\n", "```sh run ends=x\n```\n", "```text\n", "```toml fil=x\n```\n"]
    {
        assert!(blocks(wrong).is_err(), "{wrong}");
    }
}
