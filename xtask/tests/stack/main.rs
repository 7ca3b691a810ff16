//! The stack of Compose and the Dockerfiles, for real: from a copy of the repository to an estimate by
//! the lines of the README, edits that are taken over, and the stack as in production, whose images
//! hold what those of our own engine hold.
#![allow(clippy::disallowed_methods, reason = "a test fails where it cannot look at its files")]
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]
#![expect(clippy::print_stdout, reason = "a person who reads a failure wants the story so far")]

mod contract;
mod newer;
#[path = "../e2e/scratch.rs"]
#[allow(dead_code, reason = "the end-to-end test uses the rest")]
mod scratch;
#[path = "../e2e/web.rs"]
#[allow(dead_code, reason = "the end-to-end test uses the rest")]
mod web;

use scratch::Scratch;
use serde_json::Value;
use std::process::Command;
use xtask_fakes::required;
use xtask_fakes::requirement::{required_engine, required_program};

/// What is edited: a file of each service, what stands there, what it becomes, and what then answers.
const EDITS: [[&str; 4]; 2] = [
    [
        "services/backend/src/http/health.ts",
        r#"{ status: "live", version }"#,
        r#"{ status: "edited", version }"#,
        "/api/health/live",
    ],
    [
        "services/ml-service/src/nutri_ml/http/health.py",
        r#"LiveOut(status="live", version=version)"#,
        r#"LiveOut(status="live", version="edited")"#,
        "/health/live",
    ],
];

/// Ends the stacks, whatever became of the test.
struct Ended<'a>(&'a Scratch);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        for kind in [&[][..], &["--production"]] {
            let _best_effort =
                self.0.xtask(&[&["dev", "down", "--erase", "--yes"][..], kind].concat());
        }
        let listed = self.0.docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
        for name in listed.lines().filter(|name| name.starts_with(&self.0.project)) {
            let _best_effort = Command::new("docker").args(["rmi", "--force", name]).output();
        }
    }
}

#[test]
fn the_stack_of_compose_is_the_one_of_the_readme_and_as_our_engine_makes_it() {
    required!(required_engine());
    required!(required_program("docker-compose"));
    required!(required_program("skopeo"));
    let scratch = Scratch::new();
    let [backend, ml, postgres, redis] = scratch.ports;
    scratch.write(
        ".env",
        &format!(
            "BACKEND_PORT={backend}\nML_SERVICE_PORT={ml}\nPOSTGRES_PORT={postgres}\nREDIS_PORT={redis}\n"
        ),
    );
    let _ended = Ended(&scratch);
    scratch.xtask(&["dev", "up"]).ends(0);
    the_lines_of_the_readme_end_with_an_estimate(&scratch);
    a_month_of_three_people_is_there(&scratch);
    an_edit_of_either_service_is_a_new_answer(&scratch);
    scratch.xtask(&["dev", "down"]).ends(0);

    scratch.xtask(&["dev", "up", "--production"]).ends(0);
    the_production_stack_is_confined(&scratch);
    contract::both_roads_make_the_same_image(&scratch);
    newer::images_serve_on_newer_nodes(&scratch);
}

/// The block below that heading, as it stands, but for the port and for what runs already.
fn the_lines_of_the_readme_end_with_an_estimate(scratch: &Scratch) {
    let readme = scratch.read("README.md");
    let section = readme.split("## A first estimate").nth(1).expect("the README's quick start");
    let block = section.split("```sh\n").nth(1).and_then(|it| it.split("```").next()).unwrap();
    let (first, rest) = block.split_once('\n').unwrap();
    assert!(first.starts_with("./x dev up"), "{first}");
    let lines = rest.replace("127.0.0.1:3000", &format!("127.0.0.1:{}", scratch.ports[0]));
    let output = Command::new("bash").args(["-euo", "pipefail", "-c", &lines]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    println!("{lines}{said}");
    let answers: Vec<Value> = serde_json::Deserializer::from_str(&said)
        .into_iter()
        .collect::<Result<_, _>>()
        .expect("every answer is JSON");
    let summary = answers.last().expect("the last line asks for the summary");
    assert!(summary["total"]["kcal"].as_f64().unwrap() > 100.0, "{summary}");
    assert_eq!(summary["estimates"], "complete", "{summary}");
}

fn a_month_of_three_people_is_there(scratch: &Scratch) {
    let again = scratch.xtask(&["dev", "seed"]);
    assert!(again.says("the demo people are there"), "seeding twice is fine");
    again.ends(0);
    let postgres = scratch.docker(&[
        "ps",
        "--quiet",
        "--filter",
        &format!("label=com.docker.compose.project={}-dev", scratch.project),
        "--filter",
        "label=com.docker.compose.service=postgres",
    ]);
    let count = |sql: &str| -> u32 {
        let words = ["exec", "--env", "PGPASSWORD=for-development-only", &postgres, "psql"];
        let said = scratch.docker(
            &[
                &words[..],
                &["--host=127.0.0.1", "--username=nutri", "--tuples-only", "--command", sql],
            ]
            .concat(),
        );
        said.trim().parse().unwrap()
    };
    // The one of the README has eaten too.
    let people = "SELECT count(DISTINCT user_id) FROM meals JOIN users ON users.id = user_id \
                  WHERE email LIKE '%@nutri.example' AND email <> 'me@nutri.example'";
    assert_eq!(count(people), 3);
    let days = "SELECT count(DISTINCT eaten_on) FROM meals";
    assert!((30..=31).contains(&count(days)), "a month: {} days", count(days));
    assert!(count("SELECT count(*) FROM meals") > 200);
    // The services are under row level security; only whoever looks here is the owner.
    let services = "FROM pg_stat_activity WHERE backend_type = 'client backend' \
                    AND pid <> pg_backend_pid()";
    assert_eq!(count(&format!("SELECT count(*) {services} AND usename <> 'nutri_app'")), 0);
    assert!(count(&format!("SELECT count(*) {services} AND usename = 'nutri_app'")) > 0);
}

/// A file is edited on this machine; the container answers otherwise, and nothing was built.
fn an_edit_of_either_service_is_a_new_answer(scratch: &Scratch) {
    for ([file, from, to, path], port) in EDITS.iter().zip(scratch.ports) {
        let url = format!("http://127.0.0.1:{port}{path}");
        let text = scratch.read(file);
        assert_eq!(text.matches(from).count(), 1, "`{file}` has that line");
        scratch.write(file, &text.replace(from, to));
        scratch.until(|| web::get(&url).is_ok_and(|answer| answer.contains("edited")));
        scratch.write(file, &text);
        scratch.until(|| web::get(&url).is_ok_and(|answer| !answer.contains("edited")));
    }
    what_cannot_be_compiled_leaves_what_runs(scratch);
}

fn what_cannot_be_compiled_leaves_what_runs(scratch: &Scratch) {
    let [file, _, _, path] = EDITS[0];
    let text = scratch.read(file);
    scratch.write(file, "export const = broken");
    scratch.until(|| {
        let logs = scratch.xtask(&["dev", "logs", "backend", "--json"]).succeeds();
        logs.to_string().contains("what runs is left as it is")
    });
    web::get(&format!("http://127.0.0.1:{}{path}", scratch.ports[0])).unwrap();
    scratch.write(file, &text);
}

fn the_production_stack_is_confined(scratch: &Scratch) {
    let mine = format!("label=com.docker.compose.project={}-prod", scratch.project);
    let ids = scratch.docker(&["ps", "--quiet", "--filter", &mine]);
    assert_eq!(ids.lines().count(), 4);
    for id in ids.lines() {
        let found: Value = serde_json::from_str(&scratch.docker(&["inspect", id])).unwrap();
        let (found, host) = (&found[0], &found[0]["HostConfig"]);
        let service = found["Config"]["Labels"]["com.docker.compose.service"].as_str().unwrap();
        assert_eq!(host["ReadonlyRootfs"], true, "{service}");
        assert!(host["Memory"].as_u64().unwrap() > 0, "{service} has a limit of memory");
        assert!(host["NanoCpus"].as_u64().unwrap() > 0, "{service} has a limit of processor time");
        assert!(host["PidsLimit"].as_u64().unwrap() > 0, "{service}");
        assert_eq!(host["LogConfig"]["Config"]["max-size"], "10m", "{service} rotates its log");
        assert_eq!(host["RestartPolicy"]["Name"], "unless-stopped", "{service}");
        let published = found["NetworkSettings"]["Ports"].as_object().unwrap();
        let published: Vec<&Value> = published.values().filter(|it| it.is_array()).collect();
        if service == "backend" {
            assert_eq!(published[0][0]["HostIp"], "127.0.0.1");
        } else {
            assert!(published.is_empty(), "nothing of {service} is published: {published:?}");
        }
        if ["backend", "ml-service"].contains(&service) {
            assert_eq!(host["CapDrop"][0], "ALL", "{service}");
            assert_eq!(found["Config"]["User"], "65532:65532", "{service}");
        }
    }
    let health = web::get(&format!("http://127.0.0.1:{}/api/health", scratch.ports[0])).unwrap();
    assert!(health.contains(r#""status":"healthy""#), "{health}");
}
