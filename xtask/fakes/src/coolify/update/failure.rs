//! How a deployment fails, and how the log says it.

use super::run::{End, Run};
use super::{Status, Stream};

/// What went wrong, the last words of Coolify's exception.
pub(super) struct Failure {
    /// After `Deployment failed: `.
    reason: String,
    /// What stood below it.
    cause: Option<String>,
}

const EXCEPTION: &str = "App\\Exceptions\\DeploymentException";
const RULE: &str = "========================================";

/// A command that ended with a status.
pub(super) fn command_failed(status: i32, command: &str, output: &str) -> String {
    format!("Command execution failed (exit code {status}): {command}\nError: {output}")
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

impl Failure {
    /// Outside of the update itself.
    pub(super) fn plain(reason: String) -> Self {
        Self { reason, cause: None }
    }

    /// The new container could not be started.
    pub(super) fn start(reason: &str) -> Self {
        let cause = format!("Failed to start container: {reason}");
        Self { reason: update_failed(&cause), cause: Some(cause) }
    }

    /// Its health could not be asked for.
    pub(super) fn check(reason: &str) -> Self {
        let cause = format!("Health check failed ({EXCEPTION}): {reason}");
        Self { reason: update_failed(&cause), cause: Some(cause) }
    }

    /// Writes the status, tells the reason, and removes the new container.
    pub(super) fn conclude(&self, run: &Run<'_>) -> Result<(), End> {
        run.end(Status::Failed);
        run.say_error(RULE);
        run.say_error(&format!("Deployment failed: {}", self.reason));
        for hidden in self.hidden() {
            run.hide(&hidden, Stream::Stderr);
        }
        run.say_error(RULE);
        run.say("Deployment failed. Removing the new version of your application.");
        run.discard(&run.name)
    }

    fn hidden(&self) -> Vec<String> {
        let mut lines = vec![format!("Error type: {EXCEPTION}"), "Error code: 0".to_owned()];
        if let Some(cause) = &self.cause {
            lines.push("Caused by:".to_owned());
            lines.push(format!("{EXCEPTION}: {cause}"));
        }
        lines
    }
}

fn update_failed(cause: &str) -> String {
    format!("Rolling update failed ({EXCEPTION}): {cause}")
}
