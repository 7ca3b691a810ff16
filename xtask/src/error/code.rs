//! Stable names of failures: for scripts, for searching, and for `xtask explain`.
//!
//! A code is never renamed and never given to something else; its words may change. What has no
//! code of its own carries the general one of its exit code.

use crate::exit::Exit;

/// The stable name of one kind of failure.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Such as `E-port-taken`.
    pub name: &'static str,
    /// What is the matter, in a sentence.
    pub means: &'static str,
    /// The heading in `docs/OPERATING.md` below which it stands what to do.
    pub section: &'static str,
}

macro_rules! codes {
    ($($constant:ident = $name:literal, $means:literal, $section:literal;)+) => {
        $(
            #[doc = $means]
            pub static $constant: Code =
                Code { name: $name, means: $means, section: $section };
        )+
        /// Every code, in the order of the page.
        pub static ALL: &[&Code] = &[$(&$constant),+];
    };
}

codes! {
    USAGE = "E-usage", "The command line, or a file that a person wrote, is wrong.",
        "A word or a file is wrong";
    CONFIG = "E-config", "`deploy.toml` has mistakes; all of them are listed with their lines.",
        "A word or a file is wrong";
    DEFINITION = "E-definition", "The definition of an image has mistakes, or contradicts its files.",
        "An image is refused";
    IMAGE_BEGUN = "E-image-begun", "A file that an image is to begin with is there already.",
        "An image is refused";
    NETWORK_SETTING = "E-network-setting", "A variable names a proxy or a file of authorities that cannot be used.",
        "A word or a file is wrong";
    REFUSED = "E-refused", "Something was refused before anything was changed.",
        "A word or a file is wrong";
    NOT_UP = "E-not-up", "Nothing of the environment runs for this user.",
        "Nothing runs, or it is not reached";
    NOT_ROLLED_OUT = "E-not-rolled-out", "No release is rolled out there.",
        "Nothing runs, or it is not reached";
    LEASE_HELD = "E-lease-held", "Somebody else is changing the environment.",
        "Somebody else is changing it";
    LEASE_LOST = "E-lease-lost", "The lease was not renewed in time, and the run stopped between two steps.",
        "Somebody else is changing it";
    CACHE_BUSY = "E-cache-busy", "A build uses the cache, so nothing may be removed from it.",
        "The disk is full";
    PORT_TAKEN = "E-port-taken", "Another process listens on a port that is wanted.",
        "A port is taken";
    FOREIGN = "E-foreign", "Something has one of our names and does not belong to this environment.",
        "What is there is not ours";
    BACKUP_TOOL = "E-backup-tool", "A program that backs up or restores is too old, or too new, for what it is to do.",
        "Back-ups";
    BACKUP_NONE = "E-backup-none", "The environment has no repository for back-ups, or no such back-up.",
        "Back-ups";
    BACKUP_REPOSITORY = "E-backup-repository", "The repository of back-ups is not there, or cannot be opened.",
        "Back-ups";
    BACKUP_LOCKED = "E-backup-locked", "Somebody else has locked the repository of back-ups.",
        "Back-ups";
    BACKUP_DATABASE = "E-backup-database", "What the database holds could not be read for a back-up.",
        "Back-ups";
    BACKUP_FAILED = "E-backup-failed", "No back-up was recorded, because the dump did not come to its end.",
        "Back-ups";
    BACKUP_CLOCK = "E-backup-clock", "This machine and the database do not agree on the time.",
        "Back-ups";
    BACKUP_ALARM = "E-backup-alarm", "Nothing is deleted while there is something to worry about.",
        "Back-ups";
    RESTORE_REFUSED = "E-restore-refused", "Nothing is restored there: it is not empty, lacks what is needed, or is where the back-up came from.",
        "Back-ups";
    RESTORE_FAILED = "E-restore-failed", "A restore did not come to its end, or what came back is not what was backed up.",
        "Back-ups";
    STATE_REFUSED = "E-state-refused", "The state of a server is not as it must be to be backed up or restored.",
        "Back-ups";
    DATABASE_FOREIGN = "E-database-foreign", "The database's volume holds something that `up` has not made.",
        "What is there is not ours";
    DATABASE_VERSION = "E-database-version", "The database's volume was made by another major version of Postgres.",
        "What is there is not ours";
    TRIAL_FAILED = "E-trial-failed", "A release that was started on a copy of the database does not work there.",
        "A migration is refused";
    CONNECTIONS_FEW = "E-connections-few", "The database does not let in all who come while a release is rolled out.",
        "The database is full";
    PASSWORD_LOST = "E-password-lost", "There is a database, and its password is not in the secrets.",
        "A secret is missing";
    PASSWORD_WRONG = "E-password-wrong", "The database has another password than the secrets.",
        "A secret is missing";
    SECRET_MISSING = "E-secret-missing", "A secret is not where `deploy.toml` says that it comes from.",
        "A secret is missing";
    SECRETS_DAMAGED = "E-secrets-damaged", "The file with the secrets cannot be read as one.",
        "A secret is missing";
    AGE_IDENTITY = "E-age-identity", "There is no age identity, or it does not open the file.",
        "Secrets in the repository";
    VAULT_DAMAGED = "E-vault-damaged", "An encrypted file of secrets, or the list of who may read it, cannot be used.",
        "Secrets in the repository";
    SECRET_UNKNOWN = "E-secret-unknown", "There is no secret of that name.",
        "Secrets in the repository";
    SECRET_UNFIT = "E-secret-unfit", "A value would not reach the service that wants it, or is none.",
        "Secrets in the repository";
    EDITOR = "E-editor", "The editor failed, or could not be started.",
        "Secrets in the repository";
    GITHUB_TOKEN = "E-github-token", "GitHub does not know the token, or does not show it what is asked for.",
        "Secrets in the repository";
    GITHUB_ANSWER = "E-github-answer", "GitHub did not do what it was asked, or gave no answer.",
        "Secrets in the repository";
    ROTATION = "E-rotation", "The next step of a rotation is not due, or cannot be made here.",
        "Secrets in the repository";
    NOT_CONFIRMED = "E-not-confirmed", "What destroys data was not confirmed.",
        "Remove everything";
    PLAN_MOVED = "E-plan-moved", "What would be done is not the plan that was reviewed.",
        "Review a change before it is made";
    TREE_CHANGED = "E-tree-changed", "The tree changed while it was built, so it has no version.",
        "Edit";
    SCAN_BLOCKS = "E-scan-blocks", "The scanner found what must not be shipped.",
        "An image is refused";
    RELEASE_CONFLICT = "E-release-conflict", "A release of that version exists, with other images.",
        "An image is refused";
    RELEASE_UNKNOWN = "E-release-unknown", "The registry has no such release.",
        "Roll back";
    RELEASE_REFUSED = "E-release-refused", "Something of a release does not belong to the rest of it.",
        "A release is not let in";
    RELEASE_UNVERIFIED = "E-release-unverified", "No verdict that counts says that the release may enter.",
        "A release is not let in";
    RELEASE_UNCHECKED = "E-release-unchecked", "Whether a release is whole could not be found out.",
        "A release is not let in";
    IMAGE_NOT_PUSHED = "E-image-not-pushed", "An image is not in the registry, or not for that platform.",
        "A release is not let in";
    KEY_FOREIGN = "E-key-foreign", "The key is none of those that the environment believes.",
        "A signature is refused";
    NO_ROLLBACK_TARGET = "E-no-rollback-target", "The ledger knows no other release that was verified.",
        "Roll back";
    SCHEMA_AHEAD = "E-schema-ahead", "The schema holds a migration that the release does not know.",
        "Roll back";
    STRANGE_RELEASE = "E-strange-release", "Somebody else has a release serve that the interrupted run was not about.",
        "Roll back";
    TREE_DIRTY = "E-tree-dirty", "The tree holds what no commit has, and others use the environment.",
        "A word or a file is wrong";
    SCHEMA_BEHIND = "E-schema-behind", "The release expects a migration that is not applied.",
        "A migration is refused";
    MIGRATION_REFUSED = "E-migration-refused", "Migrations are edited, half done or out of order.",
        "A migration is refused";
    MIGRATION_RUNNING = "E-migration-running", "Another runner is migrating this database.",
        "A migration is refused";
    MIGRATION_FAILED = "E-migration-failed", "A migration failed; nothing of that file was kept.",
        "A migration is refused";
    MIGRATION_LOCKED = "E-migration-locked", "A migration did not get its lock in time; nothing of that file was kept.",
        "A migration is refused";
    MIGRATION_HALF = "E-migration-half", "A migration failed, and something of that file may stand.",
        "A migration failed half-way";
    MIGRATION_UNKNOWN = "E-migration-unknown", "The connection was cut while a migration was committed.",
        "A migration failed half-way";
    MIGRATION_DESTROYS = "E-migration-destroys", "A migration destroys data, breaks what serves or blocks people, and nobody said that it may.",
        "A migration wants consent";
    DATABASE_POOLED = "E-database-pooled", "The address leads to a transaction pooler, where locks and settings get lost.",
        "The database's address is a pooler";
    DATABASE_NOT_EMPTY = "E-database-not-empty", "The database has tables and no history of migrations.",
        "The database has tables and no history";
    ROLLOUT_NOT_READY = "E-rollout-not-ready", "A new release did not become ready; what served before serves.",
        "A release does not start";
    VERIFY_FAILED = "E-verify-failed", "From outside, the new release does not answer as it should.",
        "A release does not start";
    DEPLOYMENT = "E-deployment", "A deployment at Coolify did not come to serve, or cannot be asked for.",
        "Coolify refuses";
    LEDGER_BROKEN = "E-ledger-broken", "The chain of the ledger is not whole.",
        "The ledger is not whole";
    LEDGER_UNPROVEN = "E-ledger-unproven", "That nothing is missing at the end of the ledger could not be found out.",
        "The ledger is not whole";
    LOCK_STALE = "E-lock-stale", "A lock does not fit its definition, its encoder or its own checksum.",
        "A lock is refused";
    PACKAGE_GONE = "E-package-gone", "A locked Debian package is in no archive that was asked.",
        "The mirror dropped a package";
    SCRIPT_UNREAD = "E-script-unread", "A package has a script that nobody has read.",
        "The mirror dropped a package";
    ARCHIVE_REFUSED = "E-archive-refused", "An index of Debian's archive is not signed as it must be.",
        "Debian's archive is refused";
    SIGNATURE_REFUSED = "E-signature-refused", "Nothing believed says of the image what is asked.",
        "A signature is refused";
    KEY_UNUSABLE = "E-key-unusable", "There is no key to sign with, or it cannot be opened.",
        "A signature is refused";
    TOOL_MISSING = "E-tool-missing", "A program that is needed is not on this machine.",
        "A program or a server fails";
    TOOL_FAILED = "E-tool-failed", "A program that we ran ended badly.",
        "A program or a server fails";
    ENGINE_SILENT = "E-engine-silent", "No Docker engine can be reached, and none could be started.",
        "Docker does not start";
    ENGINE_FORBIDDEN = "E-engine-forbidden", "This user may not ask the Docker engine.",
        "Docker does not start";
    BACKING_SILENT = "E-backing-silent", "Something that runs beside the services does not answer.",
        "Postgres, Redis, the registry or the proxy does not answer";
    DATABASE_UNREACHED = "E-database-unreached", "Postgres cannot be reached.",
        "Postgres, Redis, the registry or the proxy does not answer";
    DATABASE_FORBIDDEN = "E-database-forbidden", "The role may not read or write our tables in the database.",
        "Postgres, Redis, the registry or the proxy does not answer";
    REGISTRY_REFUSED = "E-registry-refused", "A registry refused, or could not be asked.",
        "A program or a server fails";
    COOLIFY_TOKEN = "E-coolify-token", "Coolify does not accept the token.",
        "Coolify refuses";
    COOLIFY_ABILITY = "E-coolify-ability", "The token of Coolify lacks an ability, or its owner a role.",
        "Coolify refuses";
    COOLIFY_OFF = "E-coolify-off", "Coolify's API is switched off, or not open to this machine.",
        "Coolify refuses";
    COOLIFY_VERSION = "E-coolify-version", "This version of Coolify is not known, or too old for what is asked.",
        "Coolify refuses";
    COOLIFY_ANSWER = "E-coolify-answer", "Coolify could not be asked, or refused what was asked.",
        "Coolify refuses";
    HETZNER_TOKEN = "E-hetzner-token", "Hetzner Cloud does not accept the token, or it may only read.",
        "Hetzner refuses";
    HETZNER_LIMIT = "E-hetzner-limit", "What is to be bought is out of stock, or more than the account may have.",
        "Hetzner refuses";
    HETZNER_ANSWER = "E-hetzner-answer", "Hetzner Cloud could not be asked, or refused what was asked.",
        "Hetzner refuses";
    OVER_BUDGET = "E-over-budget", "What is to be bought costs more a month than `deploy.toml` allows.",
        "Hetzner refuses";
    INFRA_REFUSED = "E-infra-refused", "What is there can never become what `deploy.toml` wants.",
        "Coolify refuses";
    SERVER_UNREACHED = "E-server-unreached", "The server could not be logged in to over SSH.",
        "The server lets nobody in";
    SERVER_SCRIPT = "E-server-script", "The script that makes a server ready did not end well, or its work did not stay.",
        "The server lets nobody in";
    INFRA_UNFINISHED = "E-infra-unfinished", "After everything was applied, something is still not as wanted.",
        "Coolify refuses";
    REQUESTS_LOST = "E-requests-lost", "A rehearsal lost requests, or could not show that it lost none.",
        "Requests are lost";
    TRAFFIC_WORSE = "E-traffic-worse", "The new release served people clearly worse than the one before, which was brought back.",
        "Requests are lost";
    PREFLIGHT = "E-preflight", "The environment is not fit for a rollout; everything that is wrong is listed.",
        "Coolify refuses";
    NOT_TOLD = "E-not-told", "Somebody who is to hear of a rollout could not be told; the rollout is as it is.",
        "Somebody is not told";
    DISK = "E-disk", "A file could not be read or written.",
        "The disk is full";
    SIGNALLED = "E-signalled", "A signal ended the run before its work was done.",
        "Stop a run";
    TIME_LIMIT = "E-time-limit", "A program did not end within its limit, and was ended.",
        "A command does not end";
    OUTSIDE = "E-outside", "Something outside failed; nothing is half-done.",
        "A program or a server fails";
}

impl Code {
    /// What carries no code of its own.
    pub(super) fn general(exit: Exit) -> &'static Self {
        match exit {
            Exit::Usage => &USAGE,
            Exit::Refused => &REFUSED,
            Exit::Signalled(_) => &SIGNALLED,
            _ => &OUTSIDE,
        }
    }

    /// Whether it says no more than the exit code.
    pub(super) fn is_general(&self) -> bool {
        [&USAGE, &REFUSED, &OUTSIDE].contains(&self)
    }

    /// The code of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().copied().find(|code| code.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_name_is_given_twice_and_all_are_of_one_form() {
        let names: BTreeSet<&str> = ALL.iter().map(|code| code.name).collect();
        assert_eq!(names.len(), ALL.len());
        let is_plain = |it: char| it.is_ascii_lowercase() || it == '-';
        for name in names {
            assert!(name.strip_prefix("E-").is_some_and(|it| it.chars().all(is_plain)), "{name}");
        }
    }
}
