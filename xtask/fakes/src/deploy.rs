//! The repository's `deploy.toml`, changed for tests that are about something else.

use std::path::Path;

/// The line that says why production is not backed up.
pub const NO_BACKUP: &str = "without_backup = \"it is a test\"\n";

/// `text` without the back-ups of production, for a test that has no bucket.
///
/// # Panics
///
/// Where production has no back-ups, or its table `coolify` does not stand behind them.
pub fn without_backup(text: &str) -> String {
    let production = "[environments.production]\n";
    let (before, rest) = text.split_once("[environments.production.backup]").expect("back-ups");
    let (_, after) = rest.split_once("[environments.production.coolify]").expect("its Coolify");
    let before = before.replace(production, &format!("{production}{NO_BACKUP}"));
    format!("{before}[environments.production.coolify]{after}")
}

/// `text` with `environment` backed up into `repository`, which `password` opens: a source as
/// `deploy.toml` names it. What said that it is not backed up is gone.
///
/// # Panics
///
/// Where there is no such environment.
pub fn with_backup(text: &str, environment: &str, repository: &Path, password: &str) -> String {
    let head = format!("[environments.{environment}]\n");
    let (before, table) = text.split_once(&head).expect("the environment");
    let (table, after) = table.split_at(table.find("\n[").unwrap_or(table.len()));
    let says_why = |line: &&str| line.starts_with("without_backup = ");
    let table: String = table.split_inclusive('\n').filter(|line| !says_why(line)).collect();
    let repository = repository.display();
    format!(
        "{before}{head}{table}{after}\n[environments.{environment}.backup]\n\
         repository = \"{repository}\"\npassword = \"{password}\"\n"
    )
}
