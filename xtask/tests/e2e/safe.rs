//! What must not be lost, and what is not ours, on the real engine. It runs on a stopped
//! environment and leaves it so that the next `up` works.

use super::scratch::Scratch;
use serde_json::json;

pub(crate) fn data_is_never_taken_for_debris(scratch: &Scratch) {
    scratch.xtask(&["down"]).ends(0);
    a_cluster_without_our_mark_is_refused(scratch);
    what_has_our_names_and_not_our_labels_is_refused(scratch);
    a_lost_password_is_said_and_set_anew(scratch);
    nothing_is_erased_unasked(scratch);
}

/// Runs a shell line in the volume of Postgres, with the image that Postgres runs on.
fn in_the_volume(scratch: &Scratch, line: &str) -> String {
    let repository = format!("{}/backing-postgres", scratch.project);
    let listed = scratch.docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    let image = listed.lines().find(|it| it.starts_with(&repository)).unwrap();
    let mount = format!("{}-postgres:/v", scratch.project);
    let run = ["run", "--rm", "--user", "0", "--volume", &mount, "--entrypoint", "/bin/sh"];
    scratch.docker(&[&run[..], &[image, "-c", &format!("cd /v && {line}")]].concat())
}

fn a_cluster_without_our_mark_is_refused(scratch: &Scratch) {
    // A folder stands where the mark was, so that it can be taken away again by name.
    let hide = "read -r version < data/PG_VERSION && echo $version";
    assert_eq!(in_the_volume(scratch, hide), "15");
    let volume = scratch.docker(&[
        "volume",
        "inspect",
        "--format",
        "{{.Mountpoint}}",
        &format!("{}-postgres", scratch.project),
    ]);
    let mark = std::path::Path::new(&volume).join("complete");
    std::fs::rename(&mark, mark.with_extension("aside")).unwrap();
    let refusal = scratch.xtask(&["up"]).fails(4);
    assert!(refusal.contains("it holds no database that `up` has made"), "{refusal}");
    assert!(refusal.contains("found there: begun complete.aside data"), "{refusal}");
    assert_eq!(in_the_volume(scratch, hide), "15", "the data is as it was");
    std::fs::rename(mark.with_extension("aside"), &mark).unwrap();
}

fn what_has_our_names_and_not_our_labels_is_refused(scratch: &Scratch) {
    scratch.xtask(&["down"]).ends(0);
    let name = |part: &str| format!("{}-{part}", scratch.project);
    let repository = format!("{}/backing-redis", scratch.project);
    let listed = scratch.docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    let image = listed.lines().find(|it| it.starts_with(&repository)).unwrap();
    scratch.docker(&["create", "--name", &name("proxy"), image]);
    scratch.docker(&["volume", "rm", &name("proxy-data")]);
    scratch.docker(&["volume", "create", "--label", "nutri.project=shop", &name("proxy-data")]);
    let refusal = scratch.xtask(&["up"]).fails(4);
    for words in [
        format!("container `{}`: it has no label of ours", name("proxy")),
        format!("volume `{}`: it belongs to `shop`", name("proxy-data")),
    ] {
        assert!(refusal.contains(&words), "{words}\n{refusal}");
    }
    scratch.xtask(&["down", "--erase"]).ends(4);
    scratch.docker(&["rm", &name("proxy")]);
    scratch.docker(&["volume", "rm", &name("proxy-data")]);
}

fn a_lost_password_is_said_and_set_anew(scratch: &Scratch) {
    let state = scratch.path("../state").join(&scratch.project).join("local");
    let (file, aside) = (state.join("secrets.json"), state.join("secrets.aside"));
    std::fs::rename(&file, &aside).unwrap();
    let refusal = scratch.xtask(&["up"]).fails(4);
    assert!(refusal.contains("its password is unknown"), "{refusal}");
    assert!(refusal.contains("./x db reset-password local"), "{refusal}");
    assert!(!file.exists(), "nothing is made that cannot fit");
    std::fs::write(&file, "{}").unwrap();
    scratch.xtask(&["audit", "list"]).fails(4);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{}", "looking makes no secret");

    let answer = scratch.xtask(&["db", "reset-password", "local", "--json"]).succeeds();
    assert_eq!(answer["environment"], json!("local"));
    let secret = std::fs::read_to_string(&file).unwrap();
    assert!(secret.len() > 64, "there is a new one");
    scratch.xtask(&["up"]).ends(0);
    scratch.xtask(&["audit", "list", "--json"]).succeeds();
    std::fs::remove_file(&aside).unwrap();
}

fn nothing_is_erased_unasked(scratch: &Scratch) {
    let refusal = scratch.xtask(&["down", "--erase"]).fails(4);
    let volume = format!("{}-postgres", scratch.project);
    let shown = refusal.lines().find(|line| line.contains(&volume)).unwrap();
    assert!(shown.contains('B') && shown.contains("made 20"), "size and age: {shown}");
    assert!(refusal.contains("nobody is here to confirm it"), "{refusal}");
    scratch.xtask(&["status"]).ends(0);
}
