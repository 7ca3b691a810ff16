//! What a dump needs of the place that it is restored into, and what of a repository is ours.

use super::town::{self, Town};
use serde_json::{Value, json};
use xtask_fakes::required;

/// Extensions that are used in one way each, and one that nothing uses. Of `keeper` only the default
/// privileges tell, and of `narrow` only what it may not do with its own table.
const APP: &str = "CREATE SCHEMA app; COMMENT ON SCHEMA app IS 'the services';
    CREATE SCHEMA more; SET search_path TO app, more;
    CREATE EXTENSION pg_trgm SCHEMA app;
    CREATE EXTENSION citext SCHEMA more; CREATE EXTENSION unaccent SCHEMA more;
    CREATE EXTENSION hstore SCHEMA more; CREATE EXTENSION pgcrypto SCHEMA more;
    CREATE EXTENSION intarray SCHEMA more; CREATE EXTENSION isn SCHEMA more;
    CREATE EXTENSION cube SCHEMA more; CREATE EXTENSION earthdistance SCHEMA more;
    CREATE EXTENSION ltree SCHEMA more; CREATE EXTENSION seg SCHEMA more;
    CREATE TABLE foods (name text, tags citext[]);
    INSERT INTO foods VALUES ('Crème', '{a,B}');
    CREATE INDEX foods_name ON foods USING gin (name gin_trgm_ops);
    CREATE VIEW plain AS SELECT unaccent(name) FROM foods;
    CREATE FUNCTION pairs(hstore) RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION depends() RETURNS integer LANGUAGE sql AS 'SELECT 1';
    ALTER FUNCTION depends() DEPENDS ON EXTENSION seg;
    CREATE DOMAIN near AS earth;
    CREATE TYPE book AS (number isbn);
    CREATE POLICY hashed ON foods USING (digest(name, 'md5') IS NOT NULL);
    CREATE RULE sorted AS ON INSERT TO foods WHERE sort('{1}'::integer[]) IS NULL
        DO INSTEAD NOTHING;
    CREATE ROLE keeper; CREATE ROLE reader;
    ALTER DEFAULT PRIVILEGES FOR ROLE keeper IN SCHEMA app GRANT SELECT ON TABLES TO reader;
    CREATE ROLE narrow; ALTER TABLE foods OWNER TO narrow; REVOKE TRUNCATE ON foods FROM narrow;
    ALTER SCHEMA app OWNER TO keeper";

const USED: [&str; 10] = [
    "citext",
    "cube",
    "earthdistance",
    "hstore",
    "intarray",
    "isn",
    "pg_trgm",
    "pgcrypto",
    "seg",
    "unaccent",
];

#[test]
fn the_schema_of_the_services_comes_back_at_once_with_all_that_it_uses() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.source.ask(APP);
    // `deploy.toml` names no schemas: the address does.
    let of_app = town.source.url("schema=app");
    let words = ["backup", "run", "staging", "--init", "--json"];
    let taken = town.world.run_with(&words, &[(town::URL, &of_app)]);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    let taken: Value = serde_json::from_str(&taken.stdout).unwrap();
    let manifest = &taken["backup"]["manifest"];
    assert_eq!(manifest["facts"]["tables"]["app.foods"]["rows"], 1);
    let extensions = manifest["facts"]["extensions"].as_object().unwrap();
    assert_eq!(extensions.keys().collect::<Vec<_>>(), USED, "and not ltree");
    assert_eq!((&extensions["pg_trgm"], &extensions["citext"]), (&json!("app"), &json!("more")));
    assert_eq!(manifest["facts"]["roles"], json!(["eater", "keeper", "narrow", "reader"]));

    let restore = ["backup", "restore", "staging", "--into", "env:COPY_URL", "--apply"];
    let restored = town.run(&[&restore[..], &["--make-roles"]].concat());
    assert_eq!(restored.code, Some(0), "{restored:?}");
    let asked = "SELECT concat_ws(' ', (SELECT count(*) FROM app.plain),
        (SELECT count(*) FROM pg_default_acl), obj_description('app'::regnamespace),
        (SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'app'))";
    assert_eq!(town.copy.ask(asked), "1 1 the services keeper", "an extension made the schema");
}

/// `low` sees no meal: the only policy is for somebody else.
const LOW: &str = "CREATE ROLE low; GRANT SELECT ON meals TO low;
    CREATE VIEW seen AS SELECT * FROM meals; ALTER VIEW seen OWNER TO low;
    CREATE FUNCTION who() RETURNS name LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user';
    ALTER FUNCTION who() OWNER TO low;
    CREATE TYPE span AS RANGE (subtype = integer); ALTER TYPE span OWNER TO low";

#[test]
fn a_view_and_a_function_of_a_low_role_come_back_as_its_own() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.source.ask(LOW);
    let taken = town.taken();
    let owners = taken["manifest"]["facts"]["owners"].as_object().unwrap();
    assert_eq!(owners["type public.span"], "low");
    let constructs = |it: &&String| it.starts_with("function public.span(");
    assert_eq!(
        owners.keys().find(constructs),
        None,
        "they are the server's, whoever owns the type"
    );
    let restore = ["backup", "restore", "staging", "--into", "env:COPY_URL", "--apply"];
    let into = |url: &str, more: &[&str]| {
        town.world.run_with(&[&restore[..], more].concat(), &[("COPY_URL", url)])
    };
    let url = town.copy.url("");
    let said = into(&url, &[]).ends(4);
    assert!(said.contains("missing: eater, low"), "owners are named too: {said}");
    let restored = into(&url, &["--make-roles"]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    let asked = "SELECT (SELECT count(*) FROM seen) || ' ' || who()";
    assert_eq!(town.copy.ask(asked), "0 low");

    // Who may not give to others is told, and all is its own only where that is said.
    town.copy.ask("CREATE ROLE plain LOGIN PASSWORD 'correct-horse'");
    town.copy.ask("CREATE DATABASE plain OWNER plain");
    let url = town.copy.url_as("plain", "").replace("/postgres?", "/plain?");
    let said = into(&url, &[]).ends(4);
    for part in ["`plain` may not make `ann`, `low` the owner", "GRANT \"low\" TO \"plain\";"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(town.copy.ask_of("plain", tables), "0", "{said}");
    let restored = into(&url, &["--without-owners"]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    assert!(restored.stdout.contains("owners: not compared: left out"), "{restored:?}");
    let owner = "SELECT relowner::regrole FROM pg_class WHERE relname = 'seen'";
    assert_eq!(town.copy.ask_of("plain", owner), "plain");
}

#[test]
fn no_schema_is_forgotten_and_what_a_dump_leaves_out_is_told() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.source.ask(
        "CREATE SCHEMA later; CREATE TABLE later.t (n int); INSERT INTO later.t VALUES (1);
        CREATE SCHEMA auth; CREATE TABLE auth.users (n int);
        SELECT lo_create(0); CREATE PUBLICATION told FOR ALL TABLES;
        CREATE TYPE mood AS ENUM ('good'); CREATE CAST (mood AS integer) WITH INOUT;
        ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
        REVOKE CONNECT ON DATABASE postgres FROM PUBLIC; ALTER DATABASE postgres SET work_mem = '8MB'",
    );
    let taken = town.taken();
    let schemas = json!(["auth", "later", "public", "xtask"]);
    assert_eq!(taken["manifest"]["schemas"], schemas, "no list names one");
    let left_out = json!([
        "cast from mood to integer",
        "default privileges of ann in every schema",
        "large objects: 1",
        "publication told",
        "rights on the database itself",
        "settings of the database",
    ]);
    assert_eq!(taken["manifest"]["left_out"], left_out);
    let told = "large objects: 1, publication told, rights on the database itself";
    for words in [&["backup", "show", "staging"][..], &["backup", "check", "staging"]] {
        let said = town.run(words);
        assert!(said.stdout.contains("not in it") && said.stdout.contains(told), "{said:?}");
    }
    let warned = town.run(&["backup", "run", "staging"]);
    assert!(warned.stderr.contains(told), "{warned:?}");

    // What its provider looks after is not kept.
    town.source.ask("CREATE ROLE supabase_admin");
    let own = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    let naming = |more: &str| {
        let table = "[environments.staging.backup]\n";
        town.world.write("deploy.toml", &own.replace(table, &format!("{table}{more}")));
    };
    naming("schemas = [\"public\"]\n");
    let said = town.run(&["backup", "run", "staging"]).ends(4);
    assert!(said.contains("no list names schema `later`") && !said.contains("auth"), "{said}");
    naming("schemas = [\"public\"]\nwithout_schemas = [\"later\"]\n");
    let taken = town.taken();
    assert_eq!(taken["manifest"]["schemas"], json!(["public", "xtask"]));
    assert_eq!(taken["manifest"]["left_out"][0], "schema later");

    town.source.ask(
        "CREATE EXTENSION postgres_fdw; CREATE SERVER there FOREIGN DATA WRAPPER postgres_fdw;
        CREATE FOREIGN TABLE far (n int) SERVER there",
    );
    let said = town.run(&["backup", "run", "staging"]).ends(4);
    assert!(said.contains("foreign tables, whose servers no dump holds: `public.far`"), "{said}");
}

#[test]
fn a_program_that_is_too_new_for_the_server_is_refused_before_anything_is_made() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.taken();
    let script = "case $1 in --version) echo 'pg_restore (PostgreSQL) 17.6'; exit;; esac\n\
        exec $real \"$@\"";
    let town = town.with_program("pg_restore", script);
    let words =
        ["backup", "restore", "staging", "--into", "env:COPY_URL", "--apply", "--make-roles"];
    let said = town.run(&words).ends(4);
    for part in ["E-backup-tool", "`pg_restore (PostgreSQL) 17.6` on a server of version 15"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.contains("put Postgres's client programs of version 15 to 16 first"), "{said}");
    assert_eq!(town.copy.ask("SELECT count(*) FROM pg_roles WHERE rolname = 'eater'"), "0");
    // That says nothing of the back-up.
    let drilled = town.run(&["backup", "drill", "staging", "--cluster", "env:COPY_URL"]);
    assert_eq!(drilled.code, Some(75), "{drilled:?}");
}

#[test]
fn what_another_project_keeps_in_the_same_repository_is_neither_listed_pruned_nor_restored() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    let ours = town.taken()["id"].as_str().unwrap().to_owned();
    let own = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    let other = own.replace("project = \"nutri\"", "project = \"other\"");
    assert_ne!(own, other);
    town.world.write("deploy.toml", &other);
    let theirs = [town.taken(), town.taken()];
    town.world.write("deploy.toml", &own);

    let listed = town.run(&["backup", "list", "staging"]);
    assert_eq!(listed.stdout.lines().count(), 2, "a head and ours: {listed:?}");
    let shown = town.run(&["backup", "show", "staging"]);
    assert!(shown.stdout.contains(&ours), "the newest of ours: {shown:?}");
    let id = theirs[1]["id"].as_str().unwrap();
    let said = town
        .run(&["backup", "restore", "staging", id, "--into", "env:COPY_URL", "--apply"])
        .ends(4);
    assert!(said.contains("no whole back-up begins with"), "{said}");
    // Of theirs the older one would go, and ours beside their newer one.
    town.run(&["backup", "prune", "staging", "--apply"]).ends(0);
    assert_eq!(town.snapshots(), 6, "each a dump and a manifest");
}
