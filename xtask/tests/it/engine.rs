//! What has our names on an engine and is not ours, and questions that an engine does not answer:
//! with a `docker` of our own that keeps containers, volumes and networks in files.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod hidden;
mod told;

use super::world::{END, World};

/// Keeps what `inspect` says of each thing in a file under its kind and name, writes down what it
/// is asked to change, and fails to inspect where a file `fault` holds a message.
const DOCKER: &str = r#"#!/bin/sh
here=$(dirname "$0")/../engine
list() { for it in "$here/$1"/*; do [ ! -e "$it" ] || basename "$it"; done; }
case "$1 $2" in
  "version "*)
    at=${DOCKER_HOST-${DOCKER_CONTEXT:+unix:///of-the-context}}
    if [ -n "$at" ]; then
      echo "Cannot connect to the Docker daemon at $at. Is the docker daemon running?" >&2; exit 1
    fi
    echo 20.10.24 ;;
  "ps "*) list container ;;
  "volume ls") list volume ;;
  "network ls") list network ;;
  "images "*) [ ! -e "$here/images" ] || cat "$here/images" ;;
  "system df") echo '[{"Name":"nutri-redis","Size":"12kB"}]' ;;
  "load "*)
    echo load >> "$here/changes"; cat > "$here/archive"
    [ -e "$here/stubborn" ] || rm -f "$here/foreign"
    tar -xOf "$here/archive" manifest.json |
      sed 's/.*"Config":"\([0-9a-f]*\)\.json".*/[{"Id":"sha256:\1"}]/' > "$here/loaded" ;;
  "inspect --type")
    kind=$3; shift 3
    if [ "$kind" = image ]; then
      it=$here/image/$(echo "$1" | tr '/:@' ___)
      if [ -e "$it" ]; then cat "$it"; exit; fi
      for it in foreign loaded; do if [ -e "$here/$it" ]; then cat "$here/$it"; exit; fi; done
    fi
    if [ -e "$here/fault" ]; then cat "$here/fault" >&2; echo '[]'; exit 1; fi
    comma=; code=0; printf '['
    for name in "$@"; do
      if [ -e "$here/$kind/$name" ]; then printf '%s' "$comma"; cat "$here/$kind/$name"; comma=,
      else echo "Error: No such $kind: $name" >&2; code=1; fi
    done
    echo ']'; exit $code ;;
  *) echo "$*" >> "$here/changes" ;;
esac
"#;

struct Engine {
    world: World,
}

impl Engine {
    fn new() -> Self {
        let world = World::new().program("docker", DOCKER);
        for kind in ["container", "volume", "network"] {
            std::fs::create_dir_all(world.path("../engine").join(kind)).unwrap();
        }
        Self { world }
    }

    fn has(&self, kind: &str, name: &str, labels: &str) {
        let labelled = format!("{{{labels}}}");
        let details = format!(
            r#"{{"Name":"{name}","CreatedAt":"2026-11-20T10:00:00Z","Labels":{labelled},
                "Created":"2026-11-20T10:00:00Z","Image":"sha256:0","RestartCount":0,
                "Config":{{"Labels":{labelled}}},"NetworkSettings":{{"Ports":{{}}}},
                "State":{{"Running":true,"ExitCode":0,"StartedAt":"2026-11-20T10:00:00Z"}}}}"#
        );
        std::fs::write(self.world.path("../engine").join(kind).join(name), details).unwrap();
    }

    fn fails_with(&self, message: &str) {
        std::fs::write(self.world.path("../engine/fault"), message).unwrap();
    }

    fn changes(&self) -> String {
        let record = self.world.path("../engine/changes");
        if record.exists() { std::fs::read_to_string(record).unwrap() } else { String::new() }
    }
}

const OURS: &str = r#""nutri.project":"nutri","nutri.environment":"local""#;

#[test]
fn what_is_not_ours_is_named_all_at_once_and_nothing_is_changed() {
    let engine = Engine::new();
    engine.has("container", "nutri-redis", "");
    engine.has("volume", "nutri-registry", r#""nutri.project":"shop""#);
    engine.has("network", "nutri", r#""nutri.project":"nutri","nutri.environment":"preview""#);
    let output = engine.world.run(&["migrate", "apply", "local", "--apply"]).ends(4);
    for words in [
        "error: cannot use what is not of `nutri` in environment `local`\n",
        "container `nutri-redis`: it has no label of ours\n",
        "volume `nutri-registry`: it belongs to `shop`\n",
        "network `nutri`: it belongs to environment `preview`\n",
    ] {
        assert!(output.contains(words), "{words}{output}");
    }
    assert_eq!(engine.changes(), "");
}

#[test]
fn where_nobody_brought_it_up_there_is_nothing_to_go_back_to_and_nothing_is_started() {
    let engine = Engine::new();
    for verb in [&["rollback", "local"][..], &["rollout", "local", "0123456789ab"]] {
        let output = engine.world.run(verb).ends(4);
        assert!(
            output.contains("cannot change `local`: this user never brought it up"),
            "{output}"
        );
        assert!(output.contains("E-not-up"), "{output}");
    }
    assert!(!engine.world.path("../state/nutri/local/secrets.json").exists());
    assert_eq!(engine.changes(), "");
}

#[test]
fn a_foreign_network_is_not_erased() {
    let engine = Engine::new();
    engine.has("network", "nutri", "");
    engine.has("volume", "nutri-redis", OURS);
    let output = engine.world.run(&["down", "--erase", "--yes"]).ends(4);
    assert!(output.contains("network `nutri`: it has no label of ours"), "{output}");
    assert_eq!(engine.changes(), "");
}

#[test]
fn what_others_use_is_said_before_anything_is_erased() {
    let engine = Engine::new();
    engine.has("volume", "nutri-redis", OURS);
    engine.has("network", "nutri", OURS);
    engine.has("container", "guest", "");
    let network = engine.world.path("../engine/network/nutri");
    let details = std::fs::read_to_string(&network).unwrap();
    let attached = r#"{"Containers":{"1":{"Name":"guest"}},"#;
    std::fs::write(&network, details.replacen('{', attached, 1)).unwrap();
    let output = engine.world.run(&["down", "--erase", "--yes"]).ends(4);
    assert!(output.contains("container `guest`: it has no label of ours"), "{output}");
    assert!(output.contains("nothing was erased"), "{output}");
    assert_eq!(engine.changes(), "");
}

#[test]
fn a_password_is_set_though_a_cleaned_engine_has_no_network() {
    let engine = engine_with_a_foreign_image();
    engine.has("volume", "nutri-postgres", OURS);
    let _said = engine.world.run(&["db", "reset-password", "local"]).ends(5);
    let changes = engine.changes();
    let (network, run) = (changes.find("network create"), changes.find("run "));
    assert!(network.is_some() && network < run, "{changes}");
}

#[test]
fn down_takes_what_has_our_labels_and_leaves_what_has_our_names() {
    let engine = Engine::new();
    engine.has("container", "nutri-redis", OURS);
    engine.has("container", "nutri-proxy", "");
    let run = engine.world.run(&["down"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("removed 1 container"), "{run:?}");
    let changes = "stop --time 10 nutri-redis\nrm --force --volumes nutri-redis\n";
    assert_eq!(engine.changes(), changes);
}

#[test]
fn an_engine_that_does_not_answer_is_not_one_without_containers() {
    let engine = Engine::new();
    engine.has("container", "nutri-redis", OURS);
    engine.fails_with("error during connect: broken pipe");
    for verb in [&["down"][..], &["status"], &["down", "--erase", "--yes"]] {
        let run = engine.world.run(verb);
        assert_eq!(run.code, Some(5), "{verb:?}: {run:?}");
        assert!(run.stderr.contains("broken pipe"), "{run:?}");
    }
    assert_eq!(engine.changes(), "");
}

#[test]
fn an_engine_under_a_wrong_address_is_not_one_that_runs_nothing() {
    let engine = Engine::new();
    engine.has("container", "nutri-redis", OURS);
    let digest = "0".repeat(12);
    let verbs = [
        &["down"][..],
        &["down", "--erase", "--yes"],
        &["status"],
        &["logs", "backend"],
        &["verify", "local"],
        &["audit", "list", "local"],
        &["rollback", "local"],
        &["rollout", "local", &digest],
        &["migrate", "apply", "local", "--apply"],
        &["db", "reset-password", "local"],
    ];
    for (variable, value) in [("DOCKER_HOST", "unix:///typo"), ("DOCKER_CONTEXT", "elsewhere")] {
        for verb in verbs {
            let run = engine.world.run_with(verb, &[(variable, value)]);
            let words = format!("the Docker engine at `{value}`, which {variable} names");
            assert!(run.stderr.contains(&words), "{verb:?}: {run:?}");
            assert!(run.stderr.contains(&format!("or unset {variable}")), "{verb:?}: {run:?}");
            assert_eq!(run.code, Some(5), "{verb:?}: {run:?}");
        }
    }
    assert_eq!(engine.changes(), "");
}

#[test]
fn erasing_shows_what_goes_and_wants_a_word() {
    let engine = Engine::new();
    engine.has("volume", "nutri-redis", OURS);
    engine.has("volume", "nutri-other", r#""nutri.project":"shop""#);
    let output = engine.world.run(&["down", "--erase"]).ends(4);
    assert!(output.contains("volume  nutri-redis  12kB  made 2026-11-20T10:00:00Z"), "{output}");
    assert!(output.contains("cannot erase `nutri`: nobody is here to confirm it"), "{output}");
    assert!(output.contains("hint: run it at a terminal, or say `--yes`"), "{output}");
    assert_eq!(engine.changes(), "");
    let run = engine.world.run(&["down", "--erase", "--yes"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(engine.changes(), "volume rm nutri-redis\n");
}

#[test]
fn only_images_that_are_provably_ours_are_erased() {
    let engine = Engine::new();
    engine.has("container", "nutri-redis", OURS);
    let container = engine.world.path("../engine/container/nutri-redis");
    let details = std::fs::read_to_string(&container).unwrap();
    std::fs::write(&container, details.replace("sha256:0", "sha256:used")).unwrap();
    let digest = format!("sha256:{}", "1".repeat(64));
    let images = [
        ("127.0.0.1:5510/nutri/backend", "<none>", digest.as_str(), "pulled"),
        ("127.0.0.1:5510/nutri/backend", "same", "<none>", "pulled"),
        ("127.0.0.1:5510/nutri/backend", "theirs", "<none>", "other"),
        ("nutri/backing-redis", "0123456789ab", "<none>", "used"),
        ("nutri/backing-redis", "ba9876543210", "<none>", "other"),
    ];
    std::fs::create_dir_all(engine.world.path("../engine/image")).unwrap();
    let mut list = String::new();
    for (repository, tag, digest, id) in images {
        list.push_str(&format!("{repository} {tag} {digest}\n"));
        let name = if tag == "<none>" { digest } else { tag };
        let file = format!("{repository}_{name}").replace(['/', ':', '@'], "_");
        let details = format!(r#"[{{"Id":"sha256:{id}"}}]"#);
        std::fs::write(engine.world.path("../engine/image").join(file), details).unwrap();
    }
    std::fs::write(engine.world.path("../engine/images"), list).unwrap();
    let run = engine.world.run(&["down", "--erase", "--yes"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    for stranger in ["127.0.0.1:5510/nutri/backend:theirs", "nutri/backing-redis:ba9876543210"] {
        let said = format!("warning: image `{stranger}` stays: nothing proves that it is ours");
        assert!(run.stderr.contains(&said), "{run:?}");
    }
    let changes = engine.changes();
    let gone: Vec<&str> = changes.lines().filter_map(|it| it.strip_prefix("rmi ")).collect();
    let pulled = format!("127.0.0.1:5510/nutri/backend@{digest}");
    let wanted = [&pulled, "127.0.0.1:5510/nutri/backend:same", "nutri/backing-redis:0123456789ab"];
    assert_eq!(gone, wanted);
}

#[test]
fn where_the_password_is_lost_looking_leads_to_the_same_step_as_changing() {
    for container in [true, false] {
        let engine = Engine::new();
        engine.has("volume", "nutri-postgres", OURS);
        if container {
            engine.has("container", "nutri-redis", OURS);
        }
        for verb in [&["status"][..], &["logs", "backend"], &["verify"], &["audit", "list"]] {
            let said = engine.world.run(verb).ends(4);
            assert!(said.contains("`./x db reset-password local`"), "{verb:?}: {said}");
            assert!(!said.contains("./x up"), "{verb:?}: {said}");
        }
    }
}

#[test]
fn no_secret_is_written_before_the_database_has_taken_the_one_that_is_kept() {
    let engine = engine_with_a_foreign_image();
    std::fs::write(engine.world.path("../engine/stubborn"), "").unwrap();
    engine.has("volume", "nutri-postgres", OURS);
    let secrets = engine.world.path("../state/nutri/local/secrets.json");
    std::fs::create_dir_all(secrets.parent().unwrap()).unwrap();
    let kept = r#"{"database":"of another cluster"}"#;
    std::fs::write(&secrets, kept).unwrap();
    for verb in [&["rollback", "local"][..], &["migrate", "apply", "local", "--apply"]] {
        let _refused = engine.world.run(verb).ends(4);
        assert_eq!(std::fs::read_to_string(&secrets).unwrap(), kept, "{verb:?}");
    }
}

#[test]
fn where_the_password_is_lost_no_new_one_is_made() {
    let engine = Engine::new();
    engine.has("volume", "nutri-postgres", OURS);
    for verb in [&["migrate", "apply", "local", "--apply"][..], &["rollback", "local"]] {
        let output = engine.world.run(verb).ends(4);
        assert!(output.contains("cannot use the database in volume `nutri-postgres`"), "{output}");
        assert!(output.contains("`./x db reset-password local`"), "{output}");
    }
    assert!(!engine.world.path("../state/nutri/local/secrets.json").exists());
    assert_eq!(engine.changes(), "");
}

/// An engine where every name of ours is another image, and definitions of what runs beside the
/// services.
fn engine_with_a_foreign_image() -> Engine {
    let engine = Engine::new();
    let deploy = crate::world::deploy();
    let ports = deploy.replace("551", "2951").replace("8080", "29518");
    engine.world.write("deploy.toml", &ports);
    let layer =
        "[[layer]]\nname = \"a\"\nkind = \"files\"\npath = \"images\"\ncopy = { a = \"a\" }\n";
    engine.world.write("images/a", "a\n");
    let encoder = xtask_image::gzip_v1::ENCODER_ID;
    let lock =
        format!("encoder = \"{encoder}\"\nsuite = \"bookworm\"\narchive_time = 1\n[wanted]\n");
    for part in ["postgres", "redis", "registry", "proxy"] {
        engine.world.write(&format!("images/backing-{part}.toml"), &format!("{layer}{END}"));
        engine.world.write(&format!("images/backing-{part}.lock"), &lock);
    }
    let mut git = std::process::Command::new("git");
    assert!(
        git.args(["init", "-q"]).current_dir(engine.world.path("")).status().unwrap().success()
    );
    std::fs::write(engine.world.path("../engine/foreign"), r#"[{"Id":"sha256:0123"}]"#).unwrap();
    engine
}

#[test]
fn an_image_of_somebody_else_under_our_name_is_loaded_over() {
    let engine = engine_with_a_foreign_image();
    let run = engine.world.run(&["migrate", "apply", "local", "--apply"]);
    assert!(run.stderr.contains("was another image; loading ours"), "{run:?}");
    let changes = engine.changes();
    let (load, start) = (changes.find("load\n").expect(&changes), changes.find("run "));
    assert!(start.is_none_or(|start| load < start), "{changes}");
}

#[test]
fn an_image_that_stays_somebody_elses_is_refused_by_name_and_never_run() {
    let engine = engine_with_a_foreign_image();
    std::fs::write(engine.world.path("../engine/stubborn"), "").unwrap();
    let output = engine.world.run(&["migrate", "apply", "local", "--apply"]).ends(4);
    assert!(output.contains("cannot use image `nutri/backing-postgres:"), "{output}");
    assert!(output.contains("it is not the one that was loaded"), "{output}");
    assert!(!engine.changes().contains("run "), "{}", engine.changes());
}
