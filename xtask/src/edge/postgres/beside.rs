//! What is in a database beside the schemas that are dumped: a dump by schema holds nothing of it.

use super::{Database, refusal};
use crate::error::Result;
use xtask_core::database::provider::{SUPABASE, SUPABASE_ROLE};

/// Schemas that hold something, and are neither the server's, nor ours, nor a provider's. What an
/// extension brought is nothing of a person's; what stands beside that in its schema is.
const SCHEMAS: &str = "SELECT n.nspname::text FROM pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'xtask')
    AND NOT (n.nspname = ANY($1) AND EXISTS (SELECT FROM pg_roles WHERE rolname = $2))
    AND EXISTS (SELECT FROM (
            SELECT 'pg_class'::regclass AS class, oid, relnamespace AS schema FROM pg_class
                WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
            UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
            UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
                WHERE typtype IN ('d', 'e', 'r')
            UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace FROM pg_operator
            UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace FROM pg_collation
            UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace FROM pg_ts_config
            UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace FROM pg_ts_dict
        ) o WHERE o.schema = n.oid AND NOT EXISTS (SELECT FROM pg_depend d
            WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e'))
    ORDER BY 1";

/// What belongs to the whole database. What an extension or the provider made is theirs.
const BESIDE: &str = "SELECT o.called FROM (
        SELECT 'pg_publication'::regclass AS class, oid, 'publication ' || pubname AS called,
            pubowner AS owner FROM pg_publication
        UNION ALL SELECT 'pg_event_trigger'::regclass, oid, 'event trigger ' || evtname, evtowner
            FROM pg_event_trigger
        UNION ALL SELECT 'pg_foreign_server'::regclass, oid, 'foreign server ' || srvname, srvowner
            FROM pg_foreign_server
        UNION ALL SELECT 'pg_language'::regclass, oid, 'language ' || lanname, lanowner
            FROM pg_language WHERE oid >= 16384
        UNION ALL SELECT 'pg_cast'::regclass, oid, 'cast from ' || format_type(castsource, NULL)
            || ' to ' || format_type(casttarget, NULL), NULL FROM pg_cast WHERE oid >= 16384
        UNION ALL SELECT 'pg_transform'::regclass, t.oid, 'transform of ' || format_type(trftype, NULL)
            || ' for ' || lanname, NULL FROM pg_transform t JOIN pg_language l ON l.oid = trflang
            WHERE t.oid >= 16384
        UNION ALL SELECT 'pg_am'::regclass, oid, 'access method ' || amname, NULL
            FROM pg_am WHERE oid >= 16384
        UNION ALL SELECT 'pg_default_acl'::regclass, oid, 'default privileges of '
            || pg_get_userbyid(defaclrole) || ' in every schema', defaclrole
            FROM pg_default_acl WHERE defaclnamespace = 0
    ) o WHERE coalesce(pg_get_userbyid(o.owner) NOT LIKE 'supabase\\_%', true)
    AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e')
    UNION ALL SELECT 'large objects: ' || count(*) FROM pg_largeobject_metadata HAVING count(*) > 0
    UNION ALL SELECT 'subscription ' || subname FROM pg_subscription
        WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT 'rights on the database itself' FROM pg_database
        WHERE datname = current_database() AND datacl IS NOT NULL
    UNION ALL SELECT 'settings of ' || CASE setrole WHEN 0 THEN 'the database'
            ELSE pg_get_userbyid(setrole)::text || ' in this database' END
        FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase
        WHERE d.datname = current_database()
    ORDER BY 1";

const FOREIGN: &str = "SELECT n.nspname || '.' || c.relname FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'f' AND n.nspname = ANY($1) ORDER BY 1";

impl Database {
    /// The schemas that hold something of a person's, ours aside.
    pub fn schemas_of_people(&self) -> Result<Vec<String>> {
        let known: &[&str] = &SUPABASE;
        let rows = self.ask(self.client.query(SCHEMAS, &[&known, &SUPABASE_ROLE]));
        let rows = rows.map_err(|error| refusal::asked("failed to list schemas", &error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// What no dump of schemas holds, each with its kind.
    pub fn beside_schemas(&self) -> Result<Vec<String>> {
        let rows = self.ask(self.client.query(BESIDE, &[]));
        let rows =
            rows.map_err(|error| refusal::asked("failed to look at what is in no schema", &error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Tables of `schemas` whose rows are at another server.
    pub fn foreign_tables(&self, schemas: &[String]) -> Result<Vec<String>> {
        let rows = self.ask(self.client.query(FOREIGN, &[&schemas]));
        let rows = rows.map_err(|error| refusal::asked("failed to list foreign tables", &error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}
