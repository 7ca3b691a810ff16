//! Lists as people and uv write them, and what becomes of them.

use super::*;
use crate::platform::Platform;
use std::convert::Infallible;

fn read_all(files: &[(&str, &str)]) -> Result<Requirements, Findings> {
    let open = |path: &str| {
        let found = files.iter().find(|(name, _)| *name == path);
        let bytes = found.map(|(_, text)| Opened::Bytes(text.as_bytes().to_vec()));
        Ok::<_, Infallible>(bytes.unwrap_or(Opened::Absent))
    };
    let Ok(read) = read(files[0].0, open);
    read
}

fn read_one(text: &str) -> Result<Requirements, Findings> {
    read_all(&[("s/list.txt", text)])
}

fn refused(text: &str) -> String {
    read_one(text).unwrap_err().to_string()
}

fn environment(platform: Platform, python: &str) -> Environment {
    Environment { platform, python: python.parse().unwrap() }
}

const HASH: &str = "--hash=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn reads_what_uv_writes_with_names_in_normal_form_and_every_hash() {
    let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
    let text = format!(
        "\u{feff}# a list\r\n--require-hashes\r\n--only-binary :all:\r\n\
         Numpy_X[b, a] == 2.4.0 ; python_version >= '3.8' \\\r\n    --hash={one} \\\r\n    \
         --hash {two}\r\n    # via\r\n    #   -r requirements.in\r\ntorch===1.0-odd {HASH} # x\r\n"
    );
    let read = read_one(&text).unwrap();
    let entry = &read.entries[0];
    assert_eq!((entry.name.as_str(), entry.line), ("numpy-x", 4));
    assert_eq!(
        (&entry.extras[..], &entry.digests[..]),
        (&["a".into(), "b".into()][..], &[one, two][..])
    );
    assert!(entry.version.is("2.4") && !entry.version.is("2.4.1"));
    let odd = &read.entries[1].version;
    assert!(odd.is("1.0-odd") && !odd.is("1.0"));
    let all: Vec<&Requirement> = read.entries.iter().collect();
    let list = list(&all);
    assert!(
        list.starts_with(&format!("numpy-x[a,b]==2.4.0 --hash={one} --hash={two}\n")),
        "{list}"
    );
    assert!(list.contains("torch===1.0-odd --hash="), "{list}");
    assert_eq!(read_one(&list).unwrap().entries.len(), 2);
}

#[test]
fn everything_that_is_no_wheel_by_version_and_hash_is_refused_at_once_with_its_line() {
    let message = refused(&format!(
        "--index-url https://user:secret@host/simple\n--extra-index-url=https://secret@host\n\
         -ihttps://user:secret@host/simple\n--find-links ./wheels\n--trusted-host host\n\
         -e ./mine\n-c constraints.txt\n--pre\n\
         direct @ https://user:secret@host/direct-1-py3-none-any.whl {HASH}\n\
         git+https://secret@host/a.git@v1\n./local-1.zip\nlocal-1-py3-none-any.whl {HASH}\n\
         bare==1\nloose>=1 {HASH}\nwild==1.* {HASH}\nnothing\ntwo==1,==2 {HASH}\n\
         weak==1 --hash=md5:d41d8cd98f00b204e9800998ecf8427e\n\
         built==1 --global-option=x {HASH}\ntoken==${{SECRET}} {HASH}\n\
         kernel==1 ; platform_release == '6' {HASH}\nboth ; sys_platform < 'x'\n"
    ));
    assert!(!message.contains("secret"), "{message}");
    insta::assert_snapshot!(message);
}

#[test]
fn another_list_is_read_from_the_folder_and_from_nowhere_else() {
    let files = [
        ("s/list.txt", format!("a==1 {HASH}\n-r more/b.txt\n")),
        ("s/more/b.txt", format!("b==1 {HASH}\n-r c.txt\n")),
        ("s/more/c.txt", format!("c==1 {HASH}\n")),
    ];
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let read = read_all(&files).unwrap();
    let names: Vec<&str> = read.entries.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    let hashed: Vec<&str> = read.files.keys().map(String::as_str).collect();
    assert_eq!(hashed, ["s/list.txt", "s/more/b.txt", "s/more/c.txt"]);
    insta::assert_snapshot!(refused(
        "-r ../other/x.txt\n-r /etc/x.txt\n-r https://u:secret@host/x\n-r gone.txt\n-r\n"
    ));
}

#[test]
fn a_link_that_leaves_the_folder_and_what_is_no_text_are_refused() {
    let message = |opened: Opened| {
        let Ok(read) = read("s/list.txt", |_| Ok::<_, Infallible>(opened.clone()));
        read.unwrap_err().to_string()
    };
    assert!(message(Opened::Elsewhere).contains("a link that leaves the folder"));
    assert!(message(Opened::Absent).starts_with("s/list.txt:1: `(file)`: it is not there"));
    let no_text = message(Opened::Bytes(b"a\n\xff".to_vec()));
    assert_eq!(no_text, "s/list.txt:2: `(syntax)`: it is no UTF-8");
    for odd in ["a==1\u{b}b", "a==1\rb", "a\0", "a\u{85}b"] {
        let message = message(Opened::Bytes(odd.as_bytes().to_vec()));
        assert!(message.contains("a control character"), "{odd:?}: {message}");
    }
}

#[test]
fn markers_are_judged_for_the_image_and_not_for_the_machine() {
    let amd64 = environment(Platform::Amd64, "3.11.2");
    let holds = |marker: &str| Marker::parse(marker).map(|it| it.holds(&amd64));
    for yes in [
        "python_version < '3.12'",
        "python_full_version < \"3.11.3\"",
        "'3.11' <= python_version",
        "python_version == '3.11.*'",
        "python_version ~= '3.8'",
        "implementation_version >= '3.11.2'",
        "sys_platform == 'linux' and platform_machine == 'x86_64'",
        "sys_platform == 'win32' or os_name == 'posix'",
        "(sys_platform == 'win32' or os_name == 'posix') and platform_system != 'Darwin'",
        "platform_python_implementation == 'CPython' and implementation_name != 'pypy'",
        "platform_machine in 'x86_64 AMD64' and platform_machine not in 'arm64'",
        "'linux' == sys_platform",
    ] {
        assert_eq!(holds(yes), Ok(true), "{yes}");
    }
    for no in [
        "python_full_version >= '3.11.3'",
        "'3.11' > python_version",
        "platform_machine == 'aarch64' or sys_platform == 'never'",
        // `and` binds before `or`.
        "sys_platform == 'win32' and os_name == 'posix' or os_name == 'nt'",
    ] {
        assert_eq!(holds(no), Ok(false), "{no}");
    }
    for odd in [
        "",
        "python_version",
        "python_version <",
        "python_version < 3",
        "'a' == 'b'",
        "sys_platform == 'linux' sys_platform",
        "(sys_platform == 'linux'",
        "os_name not 'x'",
        "sys_platform >= 'linux'",
        "'x' in sys_platform",
        "extra == 'x'",
        "sys.platform == 'x'",
        "python_version < 'x'",
        "python_version in '3.11'",
        "sys_platform == 'x",
        "a & b",
        "'3.8' ~= python_version",
    ] {
        assert!(holds(odd).is_err(), "{odd}");
    }
    assert!(holds(&"(".repeat(100_000)).is_err());
}

#[test]
fn a_name_may_stand_twice_for_different_platforms_and_not_for_one() {
    let text = format!(
        "a==1 ; platform_machine == 'x86_64' {HASH}\na==2 ; platform_machine == 'aarch64' {HASH}\n\
         b==1 {HASH}\nB==1 ; python_version < '3.12' {HASH}\n"
    );
    let read = read_one(&text).unwrap();
    let message = read.fitting(&environment(Platform::Amd64, "3.11.2")).unwrap_err().to_string();
    let wanted =
        "s/list.txt:4: `b`: for Python 3.11.2 on linux/amd64 it stands at s/list.txt:3 too";
    assert_eq!(message, wanted);
    let of = |platform| {
        let environment = environment(platform, "3.12.0");
        let fitting = read.fitting(&environment).unwrap();
        fitting.iter().map(|it| format!("{} {}", it.name, it.version.text())).collect::<Vec<_>>()
    };
    assert_eq!(of(Platform::Amd64), ["a 1", "b 1"]);
    assert_eq!(of(Platform::Arm64), ["a 2", "b 1"]);
}

#[test]
fn lists_that_lead_to_themselves_are_refused_and_one_that_two_lead_to_is_not() {
    let judged = |lists: &[(&str, &str)]| {
        let open = |path: &str| {
            let found = lists.iter().find(|(name, _)| *name == path);
            Ok::<_, ()>(found.map_or(Opened::Absent, |it| Opened::Bytes(it.1.as_bytes().to_vec())))
        };
        let read = read("s/a.txt", open).unwrap();
        read.map(drop).map_err(|findings| {
            let all = findings.0.iter().map(|it| format!("{}:{} {}", it.file, it.line, it.message));
            all.collect::<Vec<_>>().join("\n")
        })
    };
    assert_eq!(
        judged(&[("s/a.txt", "\n-r a.txt\n")]).unwrap_err(),
        "s/a.txt:2 it leads back to itself: `s/a.txt` → `s/a.txt`"
    );
    let three = [("s/a.txt", "-r b.txt\n"), ("s/b.txt", "-r c.txt\n"), ("s/c.txt", "-r b.txt\n")];
    assert_eq!(
        judged(&three).unwrap_err(),
        "s/c.txt:1 it leads back to itself: `s/b.txt` → `s/c.txt` → `s/b.txt`"
    );
    let both = [("s/a.txt", "-r b.txt\n-r c.txt\n"), ("s/b.txt", "-r c.txt\n"), ("s/c.txt", "\n")];
    assert_eq!(judged(&both), Ok(()));
}
