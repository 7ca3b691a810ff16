//! From a workflow to the text of its file.

use super::yaml::Yaml;
use super::{Does, Input, Job, Overtaken, Step, Trigger, Workflow};

/// How every generated file opens.
pub const HEAD: &str = "# Generated, do not edit: `cargo xtask workflows` writes it from `xtask/core/src/check/workflow`.\n";

/// Every workflow as its path and its text.
pub fn files(workflows: &[Workflow]) -> Vec<(String, String)> {
    let file = |it: &Workflow| (format!(".github/workflows/{}.yml", it.file), it.text());
    workflows.iter().map(file).collect()
}

impl Workflow {
    /// The text of its file.
    pub fn text(&self) -> String {
        let jobs = self.jobs.iter().map(|job| (job.id.to_string(), job.yaml()));
        let document = map([
            ("name", Yaml::text(self.name)),
            ("on", triggers(&self.triggers)),
            ("permissions", Yaml::Map(Vec::new())),
            ("concurrency", self.concurrency()),
            ("jobs", Yaml::Map(jobs.collect())),
        ]);
        format!("{HEAD}# {}\n{}", self.purpose, document.document())
    }

    fn concurrency(&self) -> Yaml {
        // Runs of a pull request overtake each other; those of `main` share one group.
        let branch = || format!("{}-${{{{ github.ref }}}}", self.file);
        let mut entries =
            vec![("group", Yaml::text(self.group.map_or_else(branch, ToOwned::to_owned)))];
        match self.overtaken {
            Overtaken::IsCancelled => entries.push(("cancel-in-progress", Yaml::bare("true"))),
            // Without this only the newest waits, and the commits between are never built.
            Overtaken::Finishes => entries.push(("queue", Yaml::text("max"))),
        }
        map(entries)
    }
}

fn triggers(triggers: &[Trigger]) -> Yaml {
    let main = || map([("branches", Yaml::texts(["main"]))]);
    let mut events = Vec::new();
    let mut times = Vec::new();
    for trigger in triggers {
        match trigger {
            Trigger::PullRequest => {
                events.push(("pull_request", main()));
                events.push(("merge_group", Yaml::bare("")));
            }
            Trigger::Push => events.push(("push", main())),
            Trigger::Time(cron) => times.push(map([("cron", Yaml::text(*cron))])),
            Trigger::Person => events.push(("workflow_dispatch", Yaml::bare(""))),
            Trigger::Asked(inputs) => {
                let inputs = Yaml::Map(inputs.iter().map(Input::yaml).collect());
                events.push(("workflow_dispatch", map([("inputs", inputs)])));
            }
        }
    }
    if !times.is_empty() {
        events.push(("schedule", Yaml::List(times)));
    }
    map(events)
}

impl Input {
    fn yaml(&self) -> (String, Yaml) {
        let mut entries = vec![("description", Yaml::text(self.description))];
        if self.options.is_empty() {
            entries.push(("type", Yaml::text("string")));
            entries.push(("required", Yaml::bare("false")));
        } else {
            entries.push(("type", Yaml::text("choice")));
            entries.push(("required", Yaml::bare("true")));
            entries.push(("options", Yaml::texts(&self.options)));
        }
        (self.name.to_owned(), map(entries))
    }
}

impl Job {
    fn yaml(&self) -> Yaml {
        let mut entries = vec![("name", Yaml::text(self.name.as_ref()))];
        if !self.needs.is_empty() {
            entries.push(("needs", Yaml::texts(&self.needs)));
        }
        entries.extend(self.condition.as_deref().map(|it| ("if", Yaml::text(it))));
        // The image by its version: the newest one would change under us.
        entries.push(("runs-on", Yaml::text("ubuntu-24.04")));
        entries.push(("timeout-minutes", Yaml::bare(self.minutes.to_string())));
        let permissions = self.permissions.iter();
        let permission =
            |it: &super::Permission| (it.scope.to_owned(), Yaml::text(it.access).noted(it.reason));
        entries.push(("permissions", Yaml::Map(permissions.map(permission).collect())));
        entries.extend(self.group.as_deref().map(|it| {
            let group = [("group", Yaml::text(it)), ("queue", Yaml::text("max"))];
            ("concurrency", map(group))
        }));
        entries.extend(self.environment.as_deref().map(|it| match &self.url {
            Some(url) => ("environment", map([("name", Yaml::text(it)), ("url", Yaml::text(url))])),
            None => ("environment", Yaml::text(it)),
        }));
        entries.extend(pairs("outputs", &self.outputs));
        entries.extend(pairs("env", &self.env));
        entries.push(("steps", Yaml::List(self.steps.iter().map(Step::yaml).collect())));
        map(entries)
    }
}

impl Step {
    fn yaml(&self) -> Yaml {
        let mut entries = vec![("name", Yaml::text(&self.name))];
        entries.extend(self.id.as_ref().map(|it| ("id", Yaml::text(it.as_ref()))));
        entries.extend(self.condition.as_deref().map(|it| ("if", Yaml::text(it))));
        entries.extend(self.is_tolerated.then(|| ("continue-on-error", Yaml::bare("true"))));
        match &self.does {
            Does::Uses(action, with) => {
                let pinned = Yaml::text(format!("{}@{}", action.name, action.commit));
                entries.push(("uses", pinned.noted(action.version)));
                entries.extend(pairs("with", with));
            }
            Does::Runs(words) => entries.push(("run", Yaml::text(format!("./x {words}")))),
            Does::Fails => entries.push(("run", Yaml::text("exit 1"))),
            Does::Tells => entries.push(("run", Yaml::text("exit 0"))),
        }
        entries.extend(pairs("env", &self.env));
        map(entries)
    }
}

fn pairs<T: AsRef<str>>(key: &'static str, pairs: &[(T, String)]) -> Option<(&'static str, Yaml)> {
    let entry = |(name, value): &(T, String)| (name.as_ref().to_owned(), value_of(value));
    let entries: Vec<_> = pairs.iter().map(entry).collect();
    (!entries.is_empty()).then_some((key, Yaml::Map(entries)))
}

/// Inputs of actions are strings to GitHub; flags and numbers are written without quotes.
fn value_of(value: &str) -> Yaml {
    match value {
        "true" | "false" => Yaml::bare(value),
        number if number.parse::<u32>().is_ok() => Yaml::bare(number),
        text => Yaml::text(text),
    }
}

fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Yaml)>) -> Yaml {
    Yaml::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::workflow::action::CHECKOUT;

    #[test]
    fn a_workflow_has_one_form() {
        let checkout = Step::uses("Check out", CHECKOUT, &[("persist-credentials", "false")]);
        let job = Job::new("all", "All", 5)
            .may("contents", "read", "reads the tree")
            .env("A", "${{ vars.A }}")
            .output("it", "make")
            .steps([checkout, Step::runs("Make", "ci --list").id("make").when("always()")]);
        let workflow = Workflow {
            file: "test",
            name: "Test",
            purpose: "For this test.",
            triggers: vec![Trigger::PullRequest, Trigger::Time("7 3 * * 1")],
            group: None,
            overtaken: Overtaken::IsCancelled,
            jobs: vec![job],
        };
        insta::assert_snapshot!(workflow.text(), @"
        # Generated, do not edit: `cargo xtask workflows` writes it from `xtask/core/src/check/workflow`.
        # For this test.
        name: Test
        on:
          pull_request:
            branches:
              - main
          merge_group:
          schedule:
            - cron: 7 3 * * 1
        permissions: {}
        concurrency:
          group: test-${{ github.ref }}
          cancel-in-progress: true
        jobs:
          all:
            name: All
            runs-on: ubuntu-24.04
            timeout-minutes: 5
            permissions:
              contents: read # reads the tree
            outputs:
              it: ${{ steps.make.outputs.it }}
            env:
              A: ${{ vars.A }}
            steps:
              - name: Check out
                uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
                with:
                  persist-credentials: false
              - name: Make
                id: make
                if: always()
                run: ./x ci --list
        ");
    }
}
