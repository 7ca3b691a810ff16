//! Who owns what in a database, and making somebody the owner.

use super::{Database, quoted, refusal};
use crate::error::Result;
use std::collections::BTreeMap;
use tokio_postgres::{Error, GenericClient};

/// Everything in those schemas that has an owner of its own. What an extension brought belongs to
/// whoever made that one, and the constructors of a range to the server's first role.
const OWNERS: &str = "SELECT i.type || ' ' || i.identity, pg_get_userbyid(o.owner)::text FROM (
        SELECT 'pg_namespace'::regclass AS class, oid, nspowner AS owner, oid AS schema
            FROM pg_namespace
        UNION ALL SELECT 'pg_class'::regclass, oid, relowner, relnamespace FROM pg_class
            WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        UNION ALL SELECT 'pg_proc'::regclass, oid, proowner, pronamespace FROM pg_proc p
            WHERE NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass
                AND i.objid = p.oid AND i.deptype = 'i')
        UNION ALL SELECT 'pg_type'::regclass, t.oid, t.typowner, t.typnamespace FROM pg_type t
            LEFT JOIN pg_class r ON r.oid = t.typrelid
            WHERE t.typtype IN ('d', 'e', 'r') OR (t.typtype = 'c' AND r.relkind = 'c')
            OR (t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid))
        UNION ALL SELECT 'pg_operator'::regclass, oid, oprowner, oprnamespace FROM pg_operator
        UNION ALL SELECT 'pg_opclass'::regclass, oid, opcowner, opcnamespace FROM pg_opclass
        UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfowner, opfnamespace FROM pg_opfamily
        UNION ALL SELECT 'pg_collation'::regclass, oid, collowner, collnamespace FROM pg_collation
        UNION ALL SELECT 'pg_conversion'::regclass, oid, conowner, connamespace FROM pg_conversion
        UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgowner, cfgnamespace FROM pg_ts_config
        UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictowner, dictnamespace FROM pg_ts_dict
        UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxowner, stxnamespace
            FROM pg_statistic_ext
    ) o JOIN pg_namespace n ON n.oid = o.schema
        CROSS JOIN LATERAL pg_identify_object(o.class, o.oid, 0) i
    WHERE n.nspname = ANY($1) AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e')";

/// Who owns each object of `schemas`.
pub(super) async fn of(
    client: &impl GenericClient,
    schemas: &[String],
) -> Result<BTreeMap<String, String>, Error> {
    let rows = client.query(OWNERS, &[&schemas]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Since this version a member is not always one who may act as the role.
const SET_SINCE: u32 = 160_000;

impl Database {
    /// Those of `roles` that whoever asks may not make the owner of something.
    pub fn not_givable(&self, roles: &[String]) -> Result<Vec<String>> {
        let right = if self.server_version()? >= SET_SINCE { "SET" } else { "MEMBER" };
        let sql = "SELECT rolname::text FROM pg_roles
            WHERE rolname = ANY($1) AND NOT pg_has_role(oid, $2) ORDER BY 1";
        let rows = self.ask(self.client.query(sql, &[&roles, &right]));
        let rows = rows.map_err(|error| refusal::asked("failed to look at roles", &error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Makes a role the owner of a schema.
    pub fn give_schema(&self, schema: &str, owner: &str) -> Result<()> {
        let sql = format!("ALTER SCHEMA {} OWNER TO {}", quoted(schema), quoted(owner));
        let done = self.ask(self.client.batch_execute(&sql));
        let line = || format!("failed to make `{owner}` the owner of schema `{schema}`");
        done.map_err(|error| refusal::asked(&line(), &error))
    }
}
