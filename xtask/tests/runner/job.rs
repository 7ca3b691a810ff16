//! Runs the jobs of a workflow, one after the other, as GitHub would: fresh workspace, its own
//! environment, outputs, conditions. An action is replaced by its documented effect, and one that
//! is not known here is refused.

use super::expression::{Contexts, evaluate, interpolate, is_true};
use super::github::{GitHub, WRITING_TOKEN, run};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask_core::digest::Digest;
use xtask_fakes::registry::READING_PASSWORD;

/// How every job of a run ended, with its outputs and all that its steps said.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) needs: Map<String, Value>,
    pub(crate) log: String,
    pub(crate) page: String,
}

impl Run {
    /// Runs `workflow` from its first job to its last; each stands behind those that it needs.
    pub(crate) fn of(github: &GitHub, workflow: &Value) -> Self {
        let mut run = Self::default();
        for (id, job) in workflow["jobs"].as_object().unwrap() {
            let ended = Job::new(github, &run, job, id).run(&mut run.log, &mut run.page);
            run.needs.insert(id.clone(), ended);
        }
        run
    }

    pub(crate) fn result(&self, job: &str) -> &str {
        self.needs[job]["result"].as_str().unwrap()
    }
}

struct Job<'a> {
    github: &'a GitHub,
    job: &'a Value,
    folder: PathBuf,
    needs: Map<String, Value>,
    steps: Map<String, Value>,
    env: Map<String, Value>,
    paths: Vec<String>,
    failed: bool,
    to_keep: Vec<(String, String)>,
}

impl<'a> Job<'a> {
    fn new(github: &'a GitHub, run: &Run, job: &'a Value, id: &str) -> Self {
        let needed = job["needs"].as_array().into_iter().flatten().map(|it| it.as_str().unwrap());
        let ended = |id: &str| run.needs.get(id).expect("a needed job stands before").clone();
        let needs: Map<_, _> = needed.map(|id| (id.to_owned(), ended(id))).collect();
        let folder = tempfile::Builder::new().prefix(id).tempdir_in(github.folder.path());
        let folder = folder.unwrap().keep();
        let failed = needs.values().any(|it| it["result"] != "success");
        let (steps, env) = (Map::new(), Map::new());
        let (paths, to_keep) = (Vec::new(), Vec::new());
        Self { github, job, folder, needs, steps, env, paths, failed, to_keep }
    }

    fn workspace(&self) -> PathBuf {
        self.folder.join("workspace")
    }

    fn run(mut self, log: &mut String, page: &mut String) -> Value {
        if !self.is_wanted(&self.job["if"]) {
            return json!({ "result": "skipped", "outputs": {} });
        }
        self.failed = false;
        self.env = self.interpolated(&self.job["env"]);
        for step in self.job["steps"].as_array().unwrap() {
            if !self.is_wanted(&step["if"]) {
                continue;
            }
            let told = self.interpolated(&json!({ "name": step["name"] }));
            log.push_str(&format!("== {}\n", told["name"].as_str().unwrap()));
            let before = self.failed;
            match step["uses"].as_str() {
                Some(action) => self.uses(action, &self.interpolated(&step["with"])),
                None => self.runs(step, log),
            }
            if step["continue-on-error"] == true {
                self.failed = before;
            }
        }
        if !self.failed {
            let keep = |(paths, key): &(String, String)| {
                self.github.keep(paths, key, &self.workspace());
            };
            self.to_keep.iter().for_each(keep);
        }
        page.push_str(&std::fs::read_to_string(self.folder.join("page")).unwrap_or_default());
        let result = if self.failed { "failure" } else { "success" };
        json!({ "result": result, "outputs": self.interpolated(&self.job["outputs"]) })
    }

    /// A condition that asks nothing about how things went means `success()` beside what it says.
    fn is_wanted(&self, condition: &Value) -> bool {
        let Some(text) = condition.as_str() else { return !self.failed };
        let asks = ["always()", "cancelled()", "failure()", "success()"];
        let wanted = is_true(&evaluate(text, self).unwrap());
        wanted && (asks.iter().any(|it| text.contains(it)) || !self.failed)
    }

    fn interpolated(&self, values: &Value) -> Map<String, Value> {
        let text = |value: &Value| match value {
            Value::String(text) => interpolate(text, self).unwrap_or_else(|why| panic!("{why}")),
            other => other.to_string(),
        };
        let values = values.as_object().into_iter().flatten();
        values.map(|(name, value)| (name.clone(), json!(text(value)))).collect()
    }

    fn uses(&mut self, action: &str, with: &Map<String, Value>) {
        let text = |name: &str| with.get(name).and_then(Value::as_str);
        let workspace = self.workspace();
        match action.split('@').next().unwrap() {
            "actions/checkout" => {
                assert_eq!(text("persist-credentials"), Some("false"));
                self.github.check_out(&workspace, text("ref"));
            }
            // Without Nix, `./x` makes the machine ready by itself.
            "cachix/install-nix-action" | "nix-community/cache-nix-action" => {}
            "actions/cache" => {
                let (paths, key) = (text("path").unwrap(), text("key").unwrap());
                if !self.github.restore(paths, key, &workspace) {
                    self.to_keep.push((paths.to_owned(), key.to_owned()));
                }
            }
            "actions/cache/restore" => {
                self.github.restore(text("path").unwrap(), text("key").unwrap(), &workspace);
            }
            "actions/upload-artifact" => {
                let path = workspace.join(text("path").unwrap());
                let wanted = text("if-no-files-found") != Some("ignore");
                self.failed |= wanted && !path.exists();
                if path.exists() {
                    self.github.upload(text("name").unwrap(), &path);
                }
            }
            "github/codeql-action/upload-sarif" => {
                assert_eq!(self.job["permissions"]["security-events"], "write");
                assert_eq!(self.job["permissions"]["actions"], "read");
                let path = workspace.join(text("sarif_file").unwrap());
                self.failed |= !path.is_file();
                if path.is_file() {
                    self.github.upload("code-scanning", &path);
                }
            }
            unknown => panic!("nobody knows here what `{unknown}` does"),
        }
    }

    fn runs(&mut self, step: &Value, log: &mut String) {
        let script = self.folder.join("step.sh");
        std::fs::write(&script, step["run"].as_str().unwrap()).unwrap();
        let output = self.folder.join("output");
        std::fs::write(&output, "").unwrap();
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-e", "-o", "pipefail"]).arg(&script);
        let place = if self.workspace().exists() { self.workspace() } else { self.folder.clone() };
        command.current_dir(place);
        for (name, _) in std::env::vars_os() {
            let foreign = ["GITHUB_", "REGISTRY", "CARGO_PKG_", "CARGO_BIN_", "NEXTEST"];
            if foreign.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        self.set_up(&mut command, step);
        let ended = command.output().unwrap();
        log.push_str(&String::from_utf8_lossy(&ended.stdout));
        log.push_str(&String::from_utf8_lossy(&ended.stderr));
        self.failed |= !ended.status.success();
        self.after(step, &output);
    }

    fn set_up(&self, command: &mut Command, step: &Value) {
        let file = |name: &str| self.folder.join(name);
        let files = [("OUTPUT", "output"), ("ENV", "env"), ("PATH", "path")];
        for (name, place) in files.into_iter().chain([("STEP_SUMMARY", "page")]) {
            command.env(format!("GITHUB_{name}"), file(place));
        }
        let context = self.github.context("");
        for name in ["sha", "ref", "repository", "actor", "workflow"] {
            let value = context[name].as_str().unwrap();
            command.env(format!("GITHUB_{}", name.to_uppercase()), value);
        }
        let own = [("SERVER_URL", "https://github.example"), ("RUN_ID", "7"), ("RUN_ATTEMPT", "1")];
        command.envs(own.iter().map(|(name, value)| (format!("GITHUB_{name}"), value)));
        command.env("GITHUB_ACTIONS", "true").env("NUTRI_NO_NIX", "1");
        command.envs(self.github.machine.iter().map(|(name, value)| (name, value)));
        let path = std::env::var("PATH").unwrap();
        let machine = self.github.machine.iter().find(|(name, _)| name == "PATH");
        let path = machine.map_or(path, |(_, path)| path.clone());
        command.env("PATH", [self.paths.join(":"), path].join(":").trim_start_matches(':'));
        for values in [self.env.clone(), self.interpolated(&step["env"])] {
            command.envs(values.iter().map(|(name, value)| (name, value.as_str().unwrap())));
        }
    }

    /// Takes over what the step wrote down.
    fn after(&mut self, step: &Value, output: &Path) {
        let pairs = |path: &Path| -> Map<String, Value> {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let pair = |line: &str| {
                let (name, value) = line.split_once('=').expect("NAME=VALUE");
                (name.to_owned(), json!(value))
            };
            text.lines().map(pair).collect()
        };
        if let Some(id) = step["id"].as_str() {
            self.steps.insert(id.to_owned(), json!({ "outputs": pairs(output) }));
        }
        self.env.extend(pairs(&self.folder.join("env")));
        let added = std::fs::read_to_string(self.folder.join("path")).unwrap_or_default();
        self.paths = added.lines().map(str::to_owned).collect();
    }

    /// The token is as good as the job's permissions.
    fn token(&self) -> &'static str {
        let writes = self.job["permissions"]["packages"] == "write";
        if writes { WRITING_TOKEN } else { READING_PASSWORD }
    }
}

impl Contexts for Job<'_> {
    fn context(&self, name: &str) -> Option<Value> {
        Some(match name {
            "github" => self.github.context(self.token()),
            "inputs" => json!(self.github.inputs),
            "vars" => json!(self.github.vars),
            "env" => json!(self.env),
            "needs" => json!(self.needs),
            "steps" => json!(self.steps),
            "runner" => json!({ "os": "Linux" }),
            "secrets" => {
                let environment = &self.job["environment"];
                let environment = environment.as_str().or_else(|| environment["name"].as_str());
                let environment = environment.expect("secrets are read in an environment only");
                self.github.secrets.get(environment).cloned().unwrap_or(json!({}))
            }
            _ => return None,
        })
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Value> {
        Some(match name {
            "always" => json!(true),
            "cancelled" => json!(false),
            "success" => json!(!self.failed),
            "failure" => json!(self.failed),
            "hashFiles" => {
                let globs = arguments.iter().map(|it| format!(":(glob){}", it.as_str().unwrap()));
                let globs: Vec<String> = globs.collect();
                let files =
                    run("git", &format!("ls-files -s -- {}", globs.join(" ")), &self.workspace());
                json!(Digest::of(files.as_bytes()).hex())
            }
            _ => return None,
        })
    }
}
