//! What another type does to the values of a column: what we say of it beside what a server does.

use crate::postgres::server::{Cluster, Server};
use xtask::edge::postgres::Database;
use xtask_core::database::sql::Type;
use xtask_fakes::required;

/// Types, each with a value that needs all of it.
const TYPES: [(&str, &str); 37] = [
    ("smallint", "-32767"),
    ("integer", "16777217"),
    ("bigint", "9007199254740993"),
    ("numeric", "12345.678901234567890123"),
    ("numeric(10,2)", "12345678.91"),
    ("numeric(12,4)", "12345678.9123"),
    ("numeric(5,-2)", "12300"),
    ("real", "0.1"),
    ("double precision", "0.30000000000000004"),
    ("money", "1.05"),
    ("text", "ab "),
    ("varchar", "ab "),
    ("varchar(4)", "ab  "),
    ("varchar(6)", "ab    "),
    ("char(4)", "abcd"),
    ("name", "ab "),
    ("\"char\"", "a"),
    ("boolean", "true"),
    ("date", "2026-03-04"),
    ("timestamp", "2026-03-04 05:06:07.891234"),
    ("timestamp(3)", "2026-03-04 05:06:07.891"),
    ("timestamptz", "2026-10-25 00:30:07.891234+00"),
    ("timestamptz(3)", "2026-10-25 00:30:07.891+00"),
    ("time", "05:06:07.891234"),
    ("time(2)", "05:06:07.89"),
    ("timetz", "05:06:07.891234+05"),
    ("interval", "1 day 02:03:04.567891"),
    ("interval(3)", "1 day 02:03:04.568"),
    ("inet", "10.0.0.1/8"),
    ("cidr", "10.0.0.0/8"),
    ("json", "{\"b\":1, \"a\":2, \"b\":3}"),
    ("jsonb", "{\"a\": 2, \"b\": 3}"),
    ("bit(3)", "101"),
    ("bit varying", "10101"),
    ("numeric(10,2)[]", "{12345678.91}"),
    ("bigint[]", "{9007199254740993}"),
    ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
];

/// Gives a column each other type, and notes what became of its value. The clocks of the session go
/// back in the hour of the value.
const TRY: &str = "SET timezone = 'Europe/Berlin'; SET client_min_messages = error;
    CREATE TABLE outcome (\"from\" text, \"to\" text, what text);
    DO $$ DECLARE f record; t record; was text; is_now text; BEGIN
        FOR f IN SELECT * FROM kinds LOOP FOR t IN SELECT * FROM kinds LOOP
            EXECUTE format('CREATE TEMP TABLE it AS SELECT %L::%s AS a', f.value, f.name);
            EXECUTE format('SELECT a::text FROM it') INTO was;
            BEGIN
                EXECUTE format('ALTER TABLE it ALTER a TYPE %s', t.name);
                BEGIN
                    EXECUTE format('SELECT a::%s::text FROM it', f.name) INTO is_now;
                EXCEPTION WHEN OTHERS THEN
                    EXECUTE format('SELECT a::text FROM it') INTO is_now;
                END;
                INSERT INTO outcome VALUES (f.name, t.name,
                    CASE WHEN is_now = was THEN 'kept' ELSE 'lost' END);
            EXCEPTION WHEN OTHERS THEN INSERT INTO outcome VALUES (f.name, t.name, 'refused');
            END;
            DROP TABLE it;
        END LOOP; END LOOP;
    END $$;
    SELECT \"from\" || '|' || \"to\" || '|' || what FROM outcome";

#[test]
fn what_we_say_keeps_every_value_keeps_it_on_a_real_server() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    are_read_as_they_were_written(&server);
    let rows = TYPES.map(|(name, value)| format!("('{name}', '{value}')"));
    server.ask(&format!(
        "CREATE TABLE kinds (name text, value text); INSERT INTO kinds VALUES {}",
        rows.join(", ")
    ));
    let (mut lost, mut kept) = (Vec::new(), 0);
    for line in server.ask(TRY).lines() {
        let [from, to, what] = line.split('|').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let to_type = Type::parse(to);
        let is_said = to_type.keeps(Some(&Type::parse(from)));
        assert!(what != "lost" || !is_said, "{line}");
        // Nobody who does not know the type before says more.
        assert!(!to_type.keeps(None) || is_said, "{line}");
        kept += usize::from(is_said && what == "kept");
        lost.extend((what == "lost").then(|| format!("{from} to {to}")));
    }
    assert!(kept > 100, "{kept}");
    for wanted in [
        "numeric(10,2) to bigint",
        "numeric to double precision",
        "bigint to double precision",
        "double precision to numeric",
        "numeric(12,4) to numeric(10,2)",
        "numeric(10,2)[] to bigint[]",
        "timestamp to timestamp(3)",
        "timestamptz to timestamptz(3)",
        "timestamptz to timestamp",
        "time to time(2)",
        "interval to interval(3)",
        "timestamp to date",
        "inet to cidr",
        "json to jsonb",
        "varchar(6) to varchar(4)",
        "numeric to money",
    ] {
        assert!(lost.iter().any(|it| it == wanted), "{wanted}: {lost:?}");
    }
}

/// Of which type a column is, the server says as a file would.
fn are_read_as_they_were_written(server: &Server<'_>) {
    let columns = TYPES.iter().enumerate().map(|(number, it)| format!("a{number} {}", it.0));
    server.ask(&format!("CREATE TABLE meals ({})", columns.collect::<Vec<_>>().join(", ")));
    let database = Database::connect(&server.url("").parse().unwrap()).unwrap();
    let mut read = database.column_types().unwrap();
    read.retain(|it| it[0] == "public.meals");
    assert_eq!(read.len(), TYPES.len());
    for [_, column, name] in read {
        let written = TYPES[column[1..].parse::<usize>().unwrap()].0;
        assert_eq!(Type::parse(&name), Type::parse(written), "{written}");
    }
}
