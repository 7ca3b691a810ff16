//! What a database consists of, read by one set of queries in one snapshot.
//!
//! With an empty `search_path` the server writes every name with its schema, so that the same thing
//! reads the same wherever it is.

use super::{Database, refusal, within};
use crate::error::{Context as _, Result};
use std::time::Duration;
use tokio_postgres::{Client, Error, IsolationLevel, Row};
use xtask_core::database::catalogue::{Catalogue, Fact};

/// Three hundred tables take less than a second; a server that is busy takes its time.
const LIMIT: Duration = Duration::from_secs(120);

/// Schemas that belong to neither the server, nor us, nor the provider of the database.
const OURS: &str = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'xtask')
    AND pg_get_userbyid(n.nspowner) NOT LIKE 'supabase\\_%'";

/// Schemas, relations, types and functions; `$FACTS(…)` stands for the pairs of their properties.
const OBJECTS: [&str; 6] = [
    "SELECT 'schema', n.nspname::text, p.key, p.value FROM pg_namespace n, $FACTS(
        'owner', pg_get_userbyid(n.nspowner), 'grants', $ACL(n.nspacl, 'n', n.nspowner),
        'comment', obj_description(n.oid, 'pg_namespace')) p
    WHERE $OURS",
    "SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view'
            WHEN 'm' THEN 'materialized view' ELSE 'table' END,
        format('%s.%s', n.nspname, c.relname), p.key, p.value
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_sequence s ON s.seqrelid = c.oid, $FACTS(
        'owner', pg_get_userbyid(c.relowner),
        'grants', $ACL(c.relacl, CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END, c.relowner),
        'comment', obj_description(c.oid, 'pg_class'),
        'row level security', CASE WHEN c.relkind IN ('r', 'p') THEN
            CASE WHEN NOT c.relrowsecurity THEN 'off' WHEN c.relforcerowsecurity THEN 'forced'
            ELSE 'on' END END,
        'persistence', NULLIF(c.relpersistence::text, 'p'),
        'options', array_to_string(c.reloptions, ', '),
        'replica identity', NULLIF(c.relreplident::text, 'd'),
        'partitioned by', pg_get_partkeydef(c.oid),
        'partition', pg_get_expr(c.relpartbound, c.oid),
        'inherits', (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno)
            FROM pg_inherits i WHERE i.inhrelid = c.oid),
        'definition', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
        'populated', CASE WHEN c.relkind = 'm' THEN c.relispopulated::text END,
        'values', CASE WHEN s.seqrelid IS NOT NULL THEN format(
            '%s from %s to %s by %s, start %s, cache %s%s', format_type(s.seqtypid, NULL),
            s.seqmin, s.seqmax, s.seqincrement, s.seqstart, s.seqcache,
            CASE WHEN s.seqcycle THEN ', cycle' ELSE '' END) END,
        'of', (SELECT $NAME(d.refobjid) FROM pg_depend d
            WHERE s.seqrelid = c.oid AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
            AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1)) p
    WHERE $OURS AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND $OWN('pg_class', c.oid)
        AND c.relname <> '_prisma_migrations'",
    "SELECT 'type', format('%s.%s', n.nspname, t.typname), p.key, p.value
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_class c ON c.oid = t.typrelid, $FACTS(
        'form', t.typtype::text, 'owner', pg_get_userbyid(t.typowner),
        'grants', $ACL(t.typacl, 'T', t.typowner), 'comment', obj_description(t.oid, 'pg_type'),
        'labels', (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
            FROM pg_enum e WHERE e.enumtypid = t.oid),
        'base', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
        'not null', CASE WHEN t.typtype = 'd' THEN t.typnotnull::text END, 'default', t.typdefault,
        'range of', (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r
            WHERE r.rngtypid = t.oid),
        'fields', CASE WHEN t.typtype = 'c' THEN (SELECT string_agg(format('%I %s', a.attname,
            format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) FROM pg_attribute a
            WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END) p
    WHERE $OURS AND $OWN('pg_type', t.oid)
        AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c')",
    "SELECT 'function', format('%s.%s(%s)', n.nspname, f.proname,
        pg_get_function_identity_arguments(f.oid)), p.key, p.value
    FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace, $FACTS(
        'owner', pg_get_userbyid(f.proowner), 'grants', $ACL(f.proacl, 'f', f.proowner),
        'comment', obj_description(f.oid, 'pg_proc'),
        'definition', CASE WHEN f.prokind <> 'a' THEN pg_get_functiondef(f.oid) ELSE
            (SELECT format('aggregate %s %s %s %s', a.aggtransfn, a.aggfinalfn, a.aggsortop,
                a.agginitval) FROM pg_aggregate a WHERE a.aggfnoid = f.oid) END) p
    WHERE $OURS AND $OWN('pg_proc', f.oid)",
    "SELECT 'collation', format('%s.%s', n.nspname, l.collname), p.key, p.value
    FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace, $FACTS(
        'owner', pg_get_userbyid(l.collowner), 'comment', obj_description(l.oid, 'pg_collation'),
        'definition', format('%s %s %s %s', l.collprovider, l.collcollate, l.collctype,
            l.collisdeterministic)) p
    WHERE $OURS AND $OWN('pg_collation', l.oid)",
    "SELECT 'statistics', format('%s.%s', n.nspname, s.stxname), p.key, p.value
    FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace, $FACTS(
        'of', $NAME(s.stxrelid), 'definition', pg_get_statisticsobjdef(s.oid),
        'owner', pg_get_userbyid(s.stxowner)) p
    WHERE $OURS AND $OWN('pg_statistic_ext', s.oid)",
];

/// Parts of relations.
const PARTS: [&str; 6] = [
    "SELECT 'column', format('%s.%s.%s', n.nspname, c.relname, a.attname), p.key, p.value
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum, $FACTS(
        'of', format('%s.%s', n.nspname, c.relname), 'type', format_type(a.atttypid, a.atttypmod),
        'null', CASE WHEN a.attnotnull THEN 'no' ELSE 'yes' END,
        'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
        'generated', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
        'identity', NULLIF(a.attidentity::text, ''),
        'collation', CASE WHEN a.attcollation <> t.typcollation
            THEN a.attcollation::regcollation::text END,
        'grants', CASE WHEN a.attacl IS NOT NULL THEN $ACL(a.attacl, 'c', c.relowner) END,
        'comment', col_description(a.attrelid, a.attnum)) p
    WHERE $OURS AND $TABLE AND a.attnum > 0 AND NOT a.attisdropped",
    "SELECT 'constraint', format('%s.%s.%s', n.nspname, c.relname, k.conname), p.key, p.value
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace, $FACTS(
        'of', format('%s.%s', n.nspname, c.relname), 'definition', pg_get_constraintdef(k.oid),
        'comment', obj_description(k.oid, 'pg_constraint')) p
    WHERE $OURS AND $TABLE AND k.contype <> 't'
    UNION ALL SELECT 'constraint', format('%s.%s.%s', n.nspname, t.typname, k.conname), p.key,
        p.value
    FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid
    JOIN pg_namespace n ON n.oid = t.typnamespace, $FACTS(
        'of', format('%s.%s', n.nspname, t.typname), 'definition', pg_get_constraintdef(k.oid)) p
    WHERE $OURS AND $OWN('pg_type', t.oid)",
    "SELECT 'index', format('%s.%s', n.nspname, i.relname), p.key, p.value
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace, $FACTS(
        'of', format('%s.%s', n.nspname, c.relname), 'definition', pg_get_indexdef(x.indexrelid),
        'valid', (x.indisvalid AND x.indisready)::text,
        'options', array_to_string(i.reloptions, ', '), 'clustered', NULLIF(x.indisclustered, false),
        'comment', obj_description(i.oid, 'pg_class')) p
    WHERE $OURS AND $TABLE",
    "SELECT 'trigger', format('%s.%s.%s', n.nspname, c.relname, t.tgname), p.key, p.value
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace, $FACTS(
        'of', format('%s.%s', n.nspname, c.relname), 'definition', pg_get_triggerdef(t.oid),
        'enabled', t.tgenabled::text, 'comment', obj_description(t.oid, 'pg_trigger')) p
    WHERE $OURS AND $TABLE AND NOT t.tgisinternal",
    "SELECT 'policy', format('%s.%s.%s', n.nspname, c.relname, y.polname), p.key, p.value
    FROM pg_policy y JOIN pg_class c ON c.oid = y.polrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace, $FACTS(
        'of', format('%s.%s', n.nspname, c.relname), 'command', y.polcmd::text,
        'permissive', y.polpermissive::text,
        'roles', (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r) END,
            ', ' ORDER BY 1) FROM unnest(y.polroles) r),
        'using', pg_get_expr(y.polqual, y.polrelid),
        'check', pg_get_expr(y.polwithcheck, y.polrelid),
        'comment', obj_description(y.oid, 'pg_policy')) p
    WHERE $OURS AND $TABLE",
    "SELECT 'rule', format('%s.%s.%s', n.nspname, c.relname, r.rulename), p.key, p.value
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    JOIN pg_namespace n ON n.oid = c.relnamespace, $FACTS(
        'of', format('%s.%s', n.nspname, c.relname), 'definition', pg_get_ruledef(r.oid),
        'enabled', r.ev_enabled::text) p
    WHERE $OURS AND $TABLE AND r.rulename <> '_RETURN'",
];

/// What is of the whole database and in no schema.
const WHOLE: [&str; 4] = [
    "SELECT 'extension', x.extname::text, p.key, p.value
    FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace, $FACTS(
        'version', x.extversion, 'schema', n.nspname) p",
    "SELECT 'publication', b.pubname::text, p.key, p.value FROM pg_publication b, $FACTS(
        'owner', pg_get_userbyid(b.pubowner), 'all tables', b.puballtables::text,
        'of changes', format('%s %s %s %s', b.pubinsert, b.pubupdate, b.pubdelete, b.pubtruncate),
        'tables', (SELECT string_agg(r.prrelid::regclass::text, ', ' ORDER BY 1)
            FROM pg_publication_rel r WHERE r.prpubid = b.oid)) p
    WHERE pg_get_userbyid(b.pubowner) NOT LIKE 'supabase\\_%'",
    "SELECT 'event trigger', e.evtname::text, p.key, p.value FROM pg_event_trigger e, $FACTS(
        'owner', pg_get_userbyid(e.evtowner), 'definition', format('%s %s %s', e.evtevent,
            e.evtfoid::regproc, array_to_string(e.evttags, ', ')),
        'enabled', e.evtenabled::text) p
    WHERE $OWN('pg_event_trigger', e.oid)
        AND pg_get_userbyid(e.evtowner) NOT LIKE 'supabase\\_%'",
    "SELECT 'default privileges', format('%s of %s in %s', d.defaclobjtype,
        pg_get_userbyid(d.defaclrole), coalesce(n.nspname, 'every schema')), 'grants',
        $ACL(d.defaclacl, 'r', d.defaclrole)
    FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
    WHERE pg_get_userbyid(d.defaclrole) NOT LIKE 'supabase\\_%' AND (n.oid IS NULL OR $OURS)",
];

impl Database {
    /// What this database consists of, all of it as it was at one moment.
    pub fn catalogue(&mut self) -> Result<Catalogue> {
        let rows = within(LIMIT, read(&mut self.client));
        let rows = rows.map_err(|error| refusal::asked("failed to read the catalogue", &error))?;
        let facts = rows.iter().map(|row| Fact {
            kind: row.get(0),
            name: row.get(1),
            property: row.get(2),
            value: row.get::<_, Option<String>>(3).unwrap_or_default(),
        });
        Catalogue::read(facts).or_outside(|| "failed to read the catalogue".to_owned())
    }
}

async fn read(client: &mut Client) -> Result<Vec<Row>, Error> {
    let snapshot = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
    let snapshot = snapshot.read_only(true).start().await?;
    let limit = LIMIT.as_millis();
    let quiet = format!("SET LOCAL search_path = ''; SET LOCAL statement_timeout = {limit}");
    snapshot.batch_execute(&quiet).await?;
    let mut rows = Vec::new();
    for query in OBJECTS.iter().chain(&PARTS).chain(&WHOLE) {
        rows.extend(snapshot.query(&spelled(query), &[]).await?);
    }
    snapshot.rollback().await?;
    Ok(rows)
}

/// A query with its abbreviations spelled out.
fn spelled(query: &str) -> String {
    let query = query.replace(
        "$TABLE",
        "c.relkind IN ('r', 'p', 'f', 'v', 'm') AND c.relname <> '_prisma_migrations'
            AND $OWN('pg_class', c.oid)",
    );
    let query = call(&query, "$FACTS", |pairs| {
        format!("LATERAL jsonb_each_text(jsonb_strip_nulls(jsonb_build_object({pairs})))")
    });
    let query = call(&query, "$ACL", |it| {
        let mut parts = it.rsplitn(2, ", ");
        let (owner, rest) = (parts.next().unwrap_or(it), parts.next().unwrap_or(it));
        let (acl, kind) = rest.split_once(", ").unwrap_or((rest, rest));
        format!(
            "(SELECT string_agg(line, ', ' ORDER BY line COLLATE \"C\") FROM (SELECT format(
                '%s: %s%s', CASE g.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(g.grantee) END,
                g.privilege_type, CASE WHEN g.is_grantable THEN ' with grant option' ELSE '' END)
                AS line FROM aclexplode(coalesce({acl}, acldefault(({kind})::\"char\", {owner}))) g
                ) l)"
        )
    });
    let query = call(&query, "$OWN", |it| {
        let (class, object) = it.split_once(", ").unwrap_or((it, it));
        format!(
            "NOT EXISTS (SELECT FROM pg_depend own WHERE own.classid = {class}::regclass
                AND own.objid = {object} AND own.deptype = 'e')"
        )
    });
    let query = call(&query, "$NAME", |it| {
        format!(
            "(SELECT format('%s.%s', named.nspname, of.relname) FROM pg_class of
                JOIN pg_namespace named ON named.oid = of.relnamespace WHERE of.oid = {it})"
        )
    });
    query.replace("$OURS", OURS)
}

/// Replaces every `name(…)`, up to the bracket that closes it.
fn call(query: &str, name: &str, spell: impl Fn(&str) -> String) -> String {
    let mut spelled = String::new();
    let mut rest = query;
    while let Some((before, after)) = rest.split_once(name) {
        let end = closing(after);
        spelled.push_str(before);
        spelled.push_str(&spell(&after[1..end]));
        rest = &after[end + 1..];
    }
    spelled + rest
}

/// Where the bracket closes with which `text` begins.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    let closes = |letter: char| {
        depth += match letter {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    };
    text.find(closes).expect("every bracket of a query of ours is closed")
}
