//! How the kernel starts a file: a script by the interpreter of its first line, a binary by the
//! loader that it names.

use crate::error::lossy;
use serde::{Deserialize, Serialize};

/// As much of a file as is looked at. Linkers put what is wanted into the first page.
pub const HEAD_LEN: usize = 4 << 10;

/// How a file is started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// By an interpreter, with what else the line says.
    Script(String, String),
    /// As a binary, by the loader of this path if it names one.
    Binary(Option<String>),
}

/// Second lines of installers whose interpreter's path is too long for a first line, or has a
/// blank: the shell of the first line only calls it.
const TRAMPOLINE: &str = "'''exec' ";

impl Start {
    /// How the file that begins with `head` is started; none for what the kernel refuses.
    pub fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"\x7fELF") {
            return Some(Self::Binary(loader(head)));
        }
        let text = lossy(head.strip_prefix(b"#!")?);
        let mut lines = text.split('\n');
        let line = lines.next()?.trim_matches([' ', '\t']);
        let (interpreter, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        if let Some(real) = lines.next().and_then(real_interpreter) {
            return Some(Self::Script(real, String::new()));
        }
        Some(Self::Script(interpreter.to_owned(), argument.trim().to_owned()))
    }
}

fn real_interpreter(line: &str) -> Option<String> {
    let rest = line.strip_prefix(TRAMPOLINE)?;
    let path = match rest.chars().next()? {
        quote @ ('\'' | '"') => rest[1..].split(quote).next()?,
        _ => rest.split(' ').next()?,
    };
    path.starts_with('/').then(|| path.to_owned())
}

const SEGMENT_OF_LOADER: u64 = 3;

/// The loader of a binary of 64 bits, least byte first, as both of our platforms have them.
fn loader(head: &[u8]) -> Option<String> {
    let (table, size, count) = (number(head, 32, 8)?, number(head, 54, 2)?, number(head, 56, 2)?);
    let is_ours = head.get(4..6) == Some(&[2, 1]);
    let segments = (0..count).map(|index| table.checked_add(index * size));
    let segments = segments.map_while(|at| usize::try_from(at?).ok());
    let mut segments = segments.take_while(|at| *at < head.len());
    let at = segments.find(|at| number(head, *at, 4) == Some(SEGMENT_OF_LOADER));
    let at = at.filter(|_| is_ours)?;
    let start = usize::try_from(number(head, at.checked_add(8)?, 8)?).ok()?;
    let len = usize::try_from(number(head, at.checked_add(32)?, 8)?).ok()?;
    let path = head.get(start..start.checked_add(len)?)?;
    let path = path.split(|byte| *byte == 0).next()?;
    (!path.is_empty()).then(|| lossy(path))
}

/// The number in `len` bytes from `at`, least byte first.
fn number(head: &[u8], at: usize, len: usize) -> Option<u64> {
    let bytes = head.get(at..at.checked_add(len)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A binary that names `loader`.
    pub(crate) fn elf(loader: &str) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(64 + 56, 0);
        bytes[18] = 62;
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = 1;
        bytes[64] = 3;
        bytes[64 + 8] = 120;
        bytes[64 + 32] = u8::try_from(loader.len() + 1).unwrap();
        bytes.extend(loader.bytes().chain([0]));
        bytes
    }

    fn script(head: &str) -> (String, String) {
        match Start::of(head.as_bytes()) {
            Some(Start::Script(interpreter, argument)) => (interpreter, argument),
            other => panic!("{head:?} is {other:?}"),
        }
    }

    #[test]
    fn a_script_names_its_interpreter_and_what_it_is_told() {
        let both = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(script("#!/bin/sh\nx"), both("/bin/sh", ""));
        assert_eq!(script("#! \t/usr/bin/env  -S node \n"), both("/usr/bin/env", "-S node"));
        assert_eq!(script("#!/bin/sh\r\nx"), both("/bin/sh\r", ""), "the kernel takes it so");
        assert_eq!(script("#!"), both("", ""));
    }

    #[test]
    fn the_shell_of_a_trampoline_is_not_the_interpreter() {
        let long = "#!/bin/sh\n'''exec' '/home/u/a b/python' \"$0\" \"$@\"\n' '''\n";
        assert_eq!(script(long).0, "/home/u/a b/python");
        let bare = "#!/bin/sh\n'''exec' /home/u/python \"$0\" \"$@\"\n' '''\n";
        assert_eq!(script(bare).0, "/home/u/python");
        let moving = "#!/bin/sh\n'''exec' \"$(dirname -- \"$0\")\"/'python' \"$0\"\n";
        assert_eq!(script(moving).0, "/bin/sh", "it looks beside itself");
    }

    #[test]
    fn a_binary_names_its_loader_or_none() {
        let named = Start::of(&elf("/lib64/ld-linux-x86-64.so.2"));
        assert_eq!(named, Some(Start::Binary(Some("/lib64/ld-linux-x86-64.so.2".into()))));
        let mut none = elf("/lib/ld");
        none[64] = 1;
        assert_eq!(Start::of(&none), Some(Start::Binary(None)));
        assert_eq!(Start::of(b"echo hello\n"), None);
        assert_eq!(Start::of(b""), None);
    }

    #[test]
    fn the_loader_of_a_real_binary_is_found() {
        let program = std::fs::read("/proc/self/exe").unwrap();
        let Some(Start::Binary(Some(loader))) = Start::of(&program) else { panic!("no loader") };
        assert!(loader.starts_with('/') && loader.contains("/ld-"), "{loader}");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), elf: bool) {
            let start = if elf { &b"\x7fELF\x02\x01"[..] } else { &b"#!"[..] };
            Start::of(&[start, &bytes].concat());
        }
    }
}
