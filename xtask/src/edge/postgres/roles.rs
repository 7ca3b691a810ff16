//! Roles of a cluster: what one may do, and making one that may do little.

use super::{Database, Unanswered, quoted, refusal};
use crate::error::Result;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, GenericClient};
use xtask_core::secret::Secret;

/// What a role is allowed, as far as it matters to row level security and to logging in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    pub may_login: bool,
    /// Whether policies are not asked for it: a superuser, or one with BYPASSRLS.
    pub passes_policies: bool,
    /// Whether it may make databases or roles, or replicate.
    pub may_more: bool,
}

/// Roles that carry the name of a scratch database that is not there.
const SCRATCH_ROLES: &str = "SELECT rolname::text FROM (
        SELECT rolname, shobj_description(oid, 'pg_authid') AS mark FROM pg_roles) marked
    WHERE starts_with(mark, 'xtask_scratch_')
    AND NOT EXISTS (SELECT FROM pg_database WHERE datname = mark) ORDER BY 1";

const ROLES: &str = "SELECT rolname::text FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1";

/// Makes those of these roles that are not there.
pub(super) async fn ensure(client: &impl GenericClient, names: &[String]) -> Result<(), Error> {
    let rows = client.query(ROLES, &[]).await?;
    let there: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let made = names.iter().filter(|name| !there.contains(name));
    let made = made.map(|it| format!("CREATE ROLE {} NOLOGIN; ", quoted(it)));
    client.batch_execute(&made.collect::<String>()).await
}

fn is_used(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST)
}

/// The password as the server keeps it: statements may end in its log.
pub fn verifier(password: &Secret) -> String {
    postgres_protocol::password::scram_sha_256(password.expose().as_bytes())
}

impl Database {
    /// What the role of that name is allowed, if there is one.
    pub fn role(&self, name: &str) -> Result<Option<Role>> {
        let sql = "SELECT rolcanlogin, rolsuper OR rolbypassrls,
            rolcreatedb OR rolcreaterole OR rolreplication FROM pg_roles WHERE rolname = $1";
        let row = self.ask(self.client.query_opt(sql, &[&name]));
        let row = row.map_err(|error| refusal::asked("failed to look at roles", &error))?;
        Ok(row.map(|row| Role {
            may_login: row.get(0),
            passes_policies: row.get(1),
            may_more: row.get(2),
        }))
    }

    /// As which role it is asked.
    pub fn user(&self) -> Result<String> {
        let row = self.ask(self.client.query_one("SELECT current_user::text", &[]));
        row.map(|row| row.get(0)).map_err(|it| refusal::asked("failed to ask who we are", &it))
    }

    /// Every role but the server's own.
    pub fn roles(&self) -> Result<Vec<String>> {
        let rows = self.ask(self.client.query(ROLES, &[]));
        let rows = rows.map_err(|error| refusal::asked("failed to list roles", &error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Makes those of these roles that are not there. They may not log in, and are granted nothing.
    pub fn ensure_roles(&self, names: &[String]) -> Result<()> {
        let made = self.ask(ensure(&self.client, names));
        made.map_err(|error| refusal::asked("failed to make roles", &error))
    }

    /// Makes a role that nobody can log in as; `mark` is the scratch database that it is made for.
    pub fn make_role(&self, name: &str, mark: Option<&str>) -> Result<()> {
        let name_quoted = quoted(name);
        let mark = mark.map(|it| format!("; COMMENT ON ROLE {name_quoted} IS '{it}'"));
        let made = self.ask(async {
            // Who is no superuser gives only to roles that it is a member of.
            let sql = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user";
            let is_superuser = self.client.query_one(sql, &[]).await?.get(0);
            let member = if is_superuser { "" } else { " ROLE CURRENT_USER" };
            // Both in one transaction: a role of ours is never there without its mark.
            let mark = mark.unwrap_or_default();
            let sql = format!("CREATE ROLE {name_quoted} NOLOGIN{member}{mark}");
            self.client.batch_execute(&sql).await
        });
        made.map_err(|error| refusal::asked(&format!("failed to make role `{name}`"), &error))
    }

    /// Removes the roles that were made for scratch databases that are gone. One that somebody has
    /// granted something since is theirs, and stays.
    pub fn drop_scratch_roles(&self) -> Result<()> {
        let rows = self.ask(self.client.query(SCRATCH_ROLES, &[]));
        let rows = rows.map_err(|error| refusal::asked("failed to look for roles", &error))?;
        rows.iter().map(|row| row.get::<_, String>(0)).try_for_each(|name| {
            let sql = format!("DROP ROLE IF EXISTS {}", quoted(&name));
            match self.ask(self.client.batch_execute(&sql)) {
                Err(Unanswered::Refused(error)) if is_used(&error) => Ok(()),
                dropped => dropped
                    .map_err(|it| refusal::asked(&format!("failed to remove role `{name}`"), &it)),
            }
        })
    }

    /// Lets a role log in with this password and do nothing that it is not granted; it is made if
    /// it is not there. The name was checked to be a plain one.
    pub fn ensure_login(&self, name: &str, password: &Secret) -> Result<()> {
        let made = if self.role(name)?.is_some() { "ALTER" } else { "CREATE" };
        let sql = format!(
            "{made} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE \
             NOREPLICATION PASSWORD '{}'",
            quoted(name),
            verifier(password)
        );
        let done = self.ask(self.client.batch_execute(&sql));
        done.map_err(|error| refusal::asked(&format!("failed to make role `{name}`"), &error))
    }
}
