use super::*;
use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;
use xtask_core::descriptor::media_type;

fn layout() -> (tempfile::TempDir, Layout) {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::open_or_create(dir.path().join("layout")).unwrap();
    (dir, layout)
}

fn names_in(layout: &Layout) -> Vec<String> {
    let entries = fs::read_dir(layout.blobs_dir()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn an_empty_layout_is_these_files() {
    let (_dir, layout) = layout();
    let read = |name: &str| fs::read_to_string(layout.dir().join(name)).unwrap();
    assert_eq!(read("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#);
    let index = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
    assert_eq!(read("index.json"), index);
}

#[test]
fn a_blob_is_named_only_when_it_is_complete() {
    let (_dir, layout) = layout();
    let digest = Digest::of(b"whole");
    let mut writer = layout.blob_writer().unwrap();
    writer.write_all(b"who").unwrap();
    writer.write_all(b"le").unwrap();
    assert!(!layout.has(&digest));
    assert!(names_in(&layout).iter().all(|name| name.starts_with(PARTIAL_PREFIX)));
    let descriptor = writer.finish("x/y").unwrap();
    assert_eq!(descriptor, Descriptor::of("x/y", b"whole"));
    assert!(layout.has(&digest) && layout.holds(&descriptor));
    assert_eq!(names_in(&layout), [digest.hex()]);
}

#[test]
fn a_blob_that_is_given_up_leaves_nothing() {
    let (_dir, layout) = layout();
    let mut writer = layout.blob_writer().unwrap();
    writer.write_all(&[1; 100_000]).unwrap();
    drop(writer);
    assert!(names_in(&layout).is_empty());
}

#[test]
fn a_corrupt_blob_is_found_and_named() {
    let (_dir, layout) = layout();
    let descriptor = layout.write_blob(media_type::EMPTY, b"{}").unwrap();
    assert_eq!(layout.read_blob(&descriptor).unwrap(), b"{}");
    let path = layout.blob_path(&descriptor.digest);
    for damaged in [&b"{]"[..], b"{}\n", b""] {
        fs::write(&path, damaged).unwrap();
        let wanted = format!(
            "blob `{}` is corrupt: wanted 2 bytes with that digest, found {} bytes with digest `{}`",
            descriptor.digest,
            damaged.len(),
            Digest::of(damaged)
        );
        assert_eq!(layout.verify(&descriptor).unwrap_err().to_string(), wanted);
        assert!(layout.read_blob(&descriptor).is_err());
    }
    fs::remove_file(&path).unwrap();
    let message = layout.verify(&descriptor).unwrap_err().to_string();
    assert_eq!(message, format!("failed to read `{}`", path.display()));
}

#[test]
fn a_damaged_blob_is_written_again() {
    let (_dir, layout) = layout();
    let descriptor = layout.write_blob("x/y", b"bytes").unwrap();
    fs::write(layout.blob_path(&descriptor.digest), b"by").unwrap();
    assert!(!layout.holds(&descriptor));
    layout.write_blob("x/y", b"bytes").unwrap();
    layout.verify(&descriptor).unwrap();
    fs::write(layout.blob_path(&descriptor.digest), b"bites").unwrap();
    layout.write_blob("x/y", b"bytes").unwrap();
    layout.verify(&descriptor).unwrap();
}

#[test]
fn a_disk_that_refuses_is_said_with_the_path() {
    let (_dir, layout) = layout();
    let blobs_dir = layout.blobs_dir();
    fs::remove_dir(&blobs_dir).unwrap();
    let message = layout.write_blob("x/y", b"z").unwrap_err().to_string();
    assert_eq!(message, format!("failed to write in `{}`", blobs_dir.display()));
}

#[test]
fn a_name_names_one_thing_and_names_are_sorted() {
    let (_dir, layout) = layout();
    let [one, two] = [b"1", b"2"].map(|bytes| layout.write_blob(media_type::INDEX, bytes).unwrap());
    layout.set_name("b", &one).unwrap();
    layout.set_name("a", &one).unwrap();
    layout.set_name("b", &two).unwrap();
    assert_eq!(layout.resolve("b").unwrap().unwrap().digest, two.digest);
    assert_eq!(layout.resolve("c").unwrap(), None);
    let text = fs::read_to_string(layout.dir().join("index.json")).unwrap();
    let entry = |name: &str, of: &Descriptor| {
        format!(
            r#"{{"mediaType":"{}","digest":"{}","size":1,"annotations":{{"{REF_NAME}":"{name}"}}}}"#,
            media_type::INDEX,
            of.digest
        )
    };
    assert!(text.ends_with(&format!("[{},{}]}}", entry("a", &one), entry("b", &two))), "{text}");
    layout.remove_name("a").unwrap();
    assert_eq!(layout.index().unwrap().manifests.len(), 1);
}

#[test]
fn many_builders_lose_neither_names_nor_blobs() {
    let (_dir, layout) = layout();
    let build = |builder: usize| {
        let layout = Layout::open_or_create(layout.dir()).unwrap();
        for round in 0..10 {
            let shared = layout.write_blob("x/y", format!("shared {round}").as_bytes()).unwrap();
            let mut writer = layout.blob_writer().unwrap();
            writer.write_all(format!("streamed {round}").as_bytes()).unwrap();
            writer.finish("x/y").unwrap();
            layout.set_name(&format!("{builder}-{round}"), &shared).unwrap();
        }
    };
    thread::scope(|scope| {
        for builder in 0..4 {
            scope.spawn(move || build(builder));
        }
    });
    assert_eq!(layout.index().unwrap().manifests.len(), 40);
    assert_eq!(names_in(&layout).len(), 20);
    for descriptor in layout.index().unwrap().manifests {
        layout.verify(&descriptor).unwrap();
    }
}

const KILLED_IN: &str = "XTASK_TEST_KILLED_IN";

/// What the next test does where it was started once more, as a process of its own.
fn build_until_killed(dir: OsString) -> ! {
    let layout = Layout::open_or_create(dir).unwrap();
    let built = layout.index().unwrap().manifests.len() as u32;
    for round in built.. {
        let mut writer = layout.blob_writer().unwrap();
        for _ in 0..64 {
            writer.write_all(&round.to_le_bytes().repeat(4096)).unwrap();
        }
        let descriptor = writer.finish("x/y").unwrap();
        layout.set_name(&format!("round-{round:06}"), &descriptor).unwrap();
    }
    unreachable!("there are more rounds than anybody waits for")
}

#[test]
fn a_build_killed_at_any_point_leaves_a_true_layout() {
    if let Some(dir) = std::env::var_os(KILLED_IN) {
        build_until_killed(dir);
    }
    let (_dir, layout) = layout();
    for round in 0..6 {
        let before = layout.index().unwrap().manifests.len();
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "layout::tests::a_build_killed_at_any_point_leaves_a_true_layout"])
            .env(KILLED_IN, layout.dir())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_until(|| layout.index().unwrap().manifests.len() > before);
        thread::sleep(Duration::from_micros(1700 * round)); // Somewhere inside the next blob.
        victim.kill().unwrap();
        victim.wait().unwrap();
        for descriptor in layout.index().unwrap().manifests {
            layout.verify(&descriptor).unwrap();
        }
        let names = names_in(&layout);
        for name in names.iter().filter(|name| !name.starts_with(PARTIAL_PREFIX)) {
            let bytes = fs::read(layout.blobs_dir().join(name)).unwrap();
            assert_eq!(Digest::of(&bytes).hex(), *name);
        }
    }
}

fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "nothing was built in 30 s");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn only_old_leftovers_of_crashes_are_swept() {
    let (_dir, layout) = layout();
    let make = |name: &str, age: Duration| {
        let file = File::create(layout.blobs_dir().join(name)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    };
    make(".partial-old", 2 * PARTIAL_AGE_MAX);
    make(".partial-new", Duration::ZERO);
    make("other", 2 * PARTIAL_AGE_MAX);
    Layout::open_or_create(layout.dir()).unwrap();
    let mut names = names_in(&layout);
    names.sort();
    assert_eq!(names, [".partial-new", "other"]);
}

#[test]
fn many_writers_of_one_list_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::open_or_create(dir.path()).unwrap();
    let add = |line: usize| {
        layout.update_name("list", |named| {
            let known = named.map(|it| layout.read_blob(it)).transpose()?.unwrap_or_default();
            layout.write_blob("text/plain", &[known, format!("{line}\n").into_bytes()].concat())
        })
    };
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let add = &add;
            scope.spawn(move || (0..5).for_each(|it| add(writer * 5 + it).unwrap()));
        }
    });
    let list = layout.resolve("list").unwrap().unwrap();
    let text = String::from_utf8(layout.read_blob(&list).unwrap()).unwrap();
    let mut lines: Vec<usize> = text.lines().map(|it| it.parse().unwrap()).collect();
    lines.sort_unstable();
    assert_eq!(lines, (0..40).collect::<Vec<_>>());
}
