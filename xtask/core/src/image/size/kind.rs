//! What a file is, by its first bytes and its name.

const ELF: &[u8] = b"\x7fELF";

const BY_EXTENSION: [(&str, &[&str]); 12] = [
    ("JavaScript", &["js", "mjs", "cjs"]),
    ("Python", &["py"]),
    ("Python bytecode", &["pyc"]),
    ("TypeScript", &["ts", "mts", "cts"]),
    ("JSON", &["json"]),
    ("WebAssembly", &["wasm"]),
    ("source map", &["map"]),
    ("model", &["onnx"]),
    ("document", &["md", "txt", "rst", "html"]),
    ("certificate", &["crt", "pem"]),
    ("static library", &["a"]),
    ("archive", &["gz", "xz", "zip", "zst"]),
];

/// What the file at `path`, beginning with `head`, is: `ELF`, a language, `.ext` or `no extension`.
pub fn kind_of(path: &str, head: &[u8]) -> String {
    if head.starts_with(ELF) {
        return "ELF".to_owned();
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    // A leading dot begins a hidden name, not an extension.
    let Some((_, extension)) = name.get(1..).and_then(|rest| rest.rsplit_once('.')) else {
        return "no extension".to_owned();
    };
    let known = BY_EXTENSION.iter().find(|(_, extensions)| extensions.contains(&extension));
    known.map_or_else(|| format!(".{extension}"), |(kind, _)| (*kind).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_win_over_names() {
        let cases: [(&str, &[u8], &str); 7] = [
            ("usr/lib/libc.so.6", b"\x7fELF", "ELF"),
            ("usr/local/bin/node", b"\x7fELF", "ELF"),
            ("app/main.js", b"impo", "JavaScript"),
            ("app/main.js.map", b"{\"ve", "source map"),
            ("etc/passwd", b"root", "no extension"),
            ("root/.profile", b"", "no extension"),
            ("x.tar.odd", b"", ".odd"),
        ];
        for (path, head, kind) in cases {
            assert_eq!(kind_of(path, head), kind, "{path}");
        }
    }
}
