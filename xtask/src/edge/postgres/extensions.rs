//! Extensions of a database: which it uses, and making them where a copy of it is to be.

use super::{Database, Unanswered, quoted, refusal};
use crate::error::{Failure, Result, code};
use std::collections::BTreeMap;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, GenericClient};
use xtask_core::database::extensions::{Available, Plan, plan};

/// Extensions in those schemas, those that something there uses, and those that these require. What
/// an extension brought is its member, and so is what belongs to a member, such as the type of an
/// array. What only the text of a function names is seen by nobody.
const USED: &str = "WITH RECURSIVE member(extension, class, object) AS (
        SELECT refobjid, classid, objid FROM pg_depend
            WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
        UNION SELECT m.extension, d.classid, d.objid FROM member m
            JOIN pg_depend d ON d.refclassid = m.class AND d.refobjid = m.object AND d.deptype = 'i'
    ), placed(class, object, schema) AS (
        SELECT 'pg_class'::regclass, oid, relnamespace FROM pg_class
        UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
        UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
        UNION ALL SELECT 'pg_constraint'::regclass, oid, connamespace FROM pg_constraint
        UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace FROM pg_operator
        UNION ALL SELECT 'pg_opclass'::regclass, oid, opcnamespace FROM pg_opclass
        UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfnamespace FROM pg_opfamily
        UNION ALL SELECT 'pg_amop'::regclass, o.oid, f.opfnamespace
            FROM pg_amop o JOIN pg_opfamily f ON f.oid = o.amopfamily
        UNION ALL SELECT 'pg_amproc'::regclass, p.oid, f.opfnamespace
            FROM pg_amproc p JOIN pg_opfamily f ON f.oid = p.amprocfamily
        UNION ALL SELECT 'pg_conversion'::regclass, oid, connamespace FROM pg_conversion
        UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace FROM pg_ts_config
        UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace FROM pg_ts_dict
        UNION ALL SELECT 'pg_ts_parser'::regclass, oid, prsnamespace FROM pg_ts_parser
        UNION ALL SELECT 'pg_ts_template'::regclass, oid, tmplnamespace FROM pg_ts_template
        UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxnamespace FROM pg_statistic_ext
        UNION ALL SELECT part.class, part.object, c.relnamespace FROM (
            SELECT 'pg_attrdef'::regclass AS class, oid AS object, adrelid AS of FROM pg_attrdef
            UNION ALL SELECT 'pg_trigger'::regclass, oid, tgrelid FROM pg_trigger
            UNION ALL SELECT 'pg_rewrite'::regclass, oid, ev_class FROM pg_rewrite
            UNION ALL SELECT 'pg_policy'::regclass, oid, polrelid FROM pg_policy
        ) part JOIN pg_class c ON c.oid = part.of
    ), own AS (
        SELECT p.class, p.object FROM placed p JOIN pg_namespace n ON n.oid = p.schema
            WHERE n.nspname = ANY($1)
    ), used(extension) AS (
        SELECT e.oid FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
            WHERE n.nspname = ANY($1)
        UNION SELECT m.extension FROM own o
            JOIN pg_depend d ON d.classid = o.class AND d.objid = o.object
            JOIN member m ON m.class = d.refclassid AND m.object = d.refobjid
        UNION SELECT d.refobjid FROM own o
            JOIN pg_depend d ON d.classid = o.class AND d.objid = o.object
            WHERE d.refclassid = 'pg_extension'::regclass
        UNION SELECT d.refobjid FROM used u
            JOIN pg_depend d ON d.classid = 'pg_extension'::regclass AND d.objid = u.extension
            WHERE d.refclassid = 'pg_extension'::regclass
    )
    SELECT e.extname::text, n.nspname::text FROM used u JOIN pg_extension e ON e.oid = u.extension
        JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql' ORDER BY 1";

const ALL: &str = "SELECT e.extname::text, n.nspname::text FROM pg_extension e
    JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'";

const AVAILABLE: &str = "SELECT a.name::text, a.installed_version IS NOT NULL,
        coalesce(v.requires::text[], '{}')
    FROM pg_available_extensions a JOIN pg_available_extension_versions v
        ON v.name = a.name AND v.version = a.default_version";

/// Extensions by name, each with its schema, that `schemas` cannot do without.
pub(super) async fn used(
    client: &impl GenericClient,
    schemas: &[String],
) -> Result<BTreeMap<String, String>, Error> {
    let rows = client.query(USED, &[&schemas]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

impl Database {
    /// Every extension of the database, with its schema.
    pub fn extensions(&self) -> Result<BTreeMap<String, String>> {
        let rows = self.ask(self.client.query(ALL, &[]));
        let rows = rows.map_err(|error| refusal::asked("failed to list extensions", &error))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// What is to be done so that the extensions of `wanted` are in their schemas.
    pub fn plan_extensions(&self, wanted: &BTreeMap<String, String>) -> Result<Plan> {
        let planned = self.ask(planned(&self.client, wanted));
        planned.map_err(|error| refusal::asked("failed to list extensions", &error))
    }

    /// Makes an extension in its schema, which is made where it is not there.
    pub fn make_extension(&self, name: &str, schema: &str) -> Result<()> {
        let done = self.ask(make(&self.client, name, schema));
        done.map_err(|error| unmade(name, schema, &error))
    }

    /// Makes those of `wanted` that are not there; what the server does not have is left out.
    pub fn ensure_extensions(&self, wanted: &BTreeMap<String, String>) -> Result<()> {
        let plan = self.plan_extensions(wanted)?;
        plan.made.iter().try_for_each(|(name, schema)| self.make_extension(name, schema))
    }
}

async fn planned(
    client: &impl GenericClient,
    wanted: &BTreeMap<String, String>,
) -> Result<Plan, Error> {
    let rows = client.query(AVAILABLE, &[]).await?;
    let available = |row: &tokio_postgres::Row| {
        (row.get(0), Available { is_made: row.get(1), requires: row.get(2) })
    };
    Ok(plan(wanted, &rows.iter().map(available).collect()))
}

async fn make(client: &impl GenericClient, name: &str, schema: &str) -> Result<(), Error> {
    let found = client.query_opt("SELECT FROM pg_namespace WHERE nspname = $1", &[&schema]).await?;
    let (name, schema) = (quoted(name), quoted(schema));
    let mut sql = format!("CREATE EXTENSION IF NOT EXISTS {name} SCHEMA {schema} CASCADE");
    if found.is_none() {
        sql.insert_str(0, &format!("CREATE SCHEMA {schema}; "));
    }
    client.batch_execute(&sql).await
}

/// Makes those of `wanted` that are not there, each in its schema; what the server does not have is
/// left out.
pub(super) async fn ensure(
    client: &impl GenericClient,
    wanted: &BTreeMap<String, String>,
) -> Result<(), Error> {
    for (name, schema) in planned(client, wanted).await?.made {
        make(client, &name, &schema).await?;
    }
    Ok(())
}

fn unmade(name: &str, schema: &str, error: &Unanswered) -> Failure {
    let line = format!("failed to make extension `{name}`");
    match error {
        Unanswered::Refused(cause) if cause.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            let by_hand = format!("CREATE EXTENSION {} SCHEMA {};", quoted(name), quoted(schema));
            Failure::refused(line)
                .because(error)
                .code(&code::DATABASE_FORBIDDEN)
                .hint(format!("a superuser makes it in that database: `{by_hand}`"))
        }
        error => refusal::asked(&line, error),
    }
}
