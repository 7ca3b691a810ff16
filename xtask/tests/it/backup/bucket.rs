//! A bucket with keys that may do different things, on moto's S3 with authentication on.

use super::town::{self, Town};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

const MOTO: &str = "moto[server,s3]==5.2.5";

/// Makes a bucket and two keys: of the job, which reads, adds and removes its own locks; and of
/// who prunes. From then on nobody gets in without a key.
const SET_UP: &str = r#"
import json, sys, boto3, urllib.request
url = sys.argv[1]
root = dict(endpoint_url=url, region_name="us-east-1", aws_access_key_id="root", aws_secret_access_key="root")
boto3.client("s3", **root).create_bucket(Bucket="backups")
boto3.client("s3", **root).put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": "Enabled"})
iam = boto3.client("iam", **root)
def key(name, statements):
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return made["AccessKeyId"] + " " + made["SecretAccessKey"]
allow = lambda actions, resource: {"Effect": "Allow", "Action": actions, "Resource": resource}
print(key("job", [allow(["s3:Get*", "s3:List*", "s3:HeadBucket", "s3:PutObject"], "*"), allow(["s3:DeleteObject"], "arn:aws:s3:::backups/nutri/locks/*")]))
print(key("prune", [allow(["s3:*"], "*")]))
urllib.request.urlopen(urllib.request.Request(url + "/moto-api/reset-auth", data=b"0", method="POST", headers={"Content-Type": "text/plain"}))
"#;

struct Moto {
    server: Child,
    url: String,
    job: (String, String),
    prune: (String, String),
}

impl Moto {
    fn start(uv: &Path, log: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let out = std::fs::File::create(log).unwrap();
        let server = Command::new(uv)
            .args(["tool", "run", "--from", MOTO, "moto_server", "-H", "127.0.0.1", "-p"])
            .arg(port.to_string())
            .env("INITIAL_NO_AUTH_ACTION_COUNT", "1000")
            .stdout(Stdio::null())
            .stderr(out)
            .spawn()
            .unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let answers = || std::net::TcpStream::connect(("127.0.0.1", port));
        xtask::edge::clock::wait_for(Duration::from_secs(180), Duration::from_millis(100), answers)
            .unwrap_or_else(|error| panic!("{error}: {}", std::fs::read_to_string(log).unwrap()));
        let made = Command::new(uv)
            .args(["run", "--no-project", "--with", MOTO, "python", "-c", SET_UP, &url])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let text = String::from_utf8(made.stdout).unwrap();
        let mut keys = text.lines().map(|line| line.split_once(' ').unwrap());
        let mut next = || keys.next().map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        Self { server, url, job: next(), prune: next() }
    }

    fn variables(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("JOB_KEY", &self.job.0),
            ("JOB_SECRET", &self.job.1),
            ("PRUNE_KEY", &self.prune.0),
            ("PRUNE_SECRET", &self.prune.1),
        ]
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // `uv` hands signals on to what it runs.
        let id = rustix::process::Pid::from_child(&self.server);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).ok();
        self.server.wait().ok();
    }
}

#[test]
fn the_job_adds_and_only_the_other_key_deletes() {
    let uv = required!(required_program("uv"));
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    let moto = Moto::start(&uv, &town.world.path("../moto.log"));
    let text = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    let (text, _) = text.split_once("[environments.staging.backup]").unwrap();
    let of = |prune: &str| {
        format!(
            "{text}[environments.staging.backup]\nrepository = \"s3:{}/backups/nutri\"\n\
             password = \"env:BACKUP_PASSWORD\"\nkey = \"env:JOB_KEY\"\nsecret = \"env:JOB_SECRET\"\n{prune}",
            moto.url
        )
    };
    let other = "[environments.staging.backup.prune]\nkey = \"env:PRUNE_KEY\"\nsecret = \"env:PRUNE_SECRET\"\n";
    town.world.write("deploy.toml", &of(other));
    let variables = moto.variables();
    let run = |words: &[&str]| town.world.run_with(words, &variables);
    for _ in 0..2 {
        let taken = run(&["backup", "run", "staging", "--init"]);
        assert_eq!(taken.code, Some(0), "{taken:?}");
        assert!(!taken.stderr.contains(&moto.job.1), "{taken:?}");
    }
    let listed = run(&["backup", "list", "staging"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");

    // The bucket hides what is deleted, and no rule ends that.
    let checked = run(&["backup", "check", "staging"]);
    assert_eq!(checked.code, Some(3), "{checked:?}");
    assert!(checked.stdout.contains("hidden versions"), "{checked:?}");

    let pruned = run(&["backup", "prune", "staging", "--apply"]);
    assert_eq!(pruned.code, Some(0), "{pruned:?}");
    assert!(run(&["backup", "list", "staging"]).stdout.lines().count() == 2, "one stays");

    // With the key of the job alone nothing is deleted.
    town.world.write("deploy.toml", &of(""));
    let said = run(&["backup", "prune", "staging", "--apply"]).ends(4);
    assert!(said.contains("no key may delete"), "{said}");
    let swapped = [("PRUNE_KEY", moto.job.0.as_str()), ("PRUNE_SECRET", &moto.job.1)];
    town.world.write("deploy.toml", &of(other));
    run(&["backup", "run", "staging"]).ends(0);
    let mut stolen = variables.clone();
    stolen.retain(|(name, _)| !name.starts_with("PRUNE"));
    stolen.extend(swapped);
    let refused = town.world.run_with(&["backup", "prune", "staging", "--apply"], &stolen);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    let listed = run(&["backup", "list", "staging"]);
    assert_eq!(listed.stdout.lines().count(), 3, "both are there: {listed:?}");

    let nobody = [("JOB_KEY", "AKIANOBODY"), ("JOB_SECRET", "none")];
    let denied = town.world.run_with(&["backup", "list", "staging"], &nobody);
    assert_ne!(denied.code, Some(0), "authentication is on: {denied:?}");
}
