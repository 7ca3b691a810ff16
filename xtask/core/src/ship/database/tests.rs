use super::*;

const HEAD: &str = "postgresql://ann:hunter2@db.example/app";

fn parsed(text: &str) -> Address {
    text.parse().unwrap()
}

/// What is said of `text`; never its password.
fn refused(text: &str) -> String {
    let message = text.parse::<Address>().unwrap_err().to_string();
    assert!(!message.contains("hunter2") && !message.contains("w0rd"), "{message}");
    message
}

#[test]
fn every_part_is_read_and_unescaped() {
    let all = "postgres://a%40b:p%3A%2Fs%25@[::1]:6543/my%20db?connect_timeout=30&channel_binding=require&sslmode=disable";
    let address = parsed(all);
    let wanted = Address {
        schema: "public".to_owned(),
        host: "::1".into(),
        port: 6543,
        user: "a@b".into(),
        database: "my db".into(),
        password: Secret::new("p:/s%"),
        tls: Tls::Disable,
        channel_binding: ChannelBinding::Require,
        connect_limit: Duration::from_secs(30),
    };
    assert_eq!(address, wanted);
    assert_eq!((address.place(), address.is_loopback()), ("[::1]:6543/my db".into(), true));
    let plain = parsed(HEAD);
    assert_eq!((plain.port, plain.connect_limit), (5432, CONNECT_LIMIT));
    assert_eq!((plain.place(), plain.is_loopback()), ("db.example:5432/app".into(), false));
    assert!(!format!("{plain:?}").contains("hunter2"));
}

#[test]
fn each_mode_has_its_check() {
    let authority = |file: &str| Check::Authority(file.into());
    let file = Check::Name(Roots::File("/a/ca+1.pem".into()));
    let cases = [
        ("sslmode=disable", Tls::Disable),
        ("sslmode=prefer", Tls::Prefer(Check::Nothing)),
        ("sslmode=prefer&sslrootcert=ca.pem", Tls::Prefer(authority("ca.pem"))),
        ("sslmode=require", Tls::Require(Check::Nothing)),
        ("sslmode=require&sslrootcert=ca.pem", Tls::Require(authority("ca.pem"))),
        ("sslmode=verify-ca&sslrootcert=ca.pem", Tls::Require(authority("ca.pem"))),
        ("sslmode=verify-full&sslrootcert=/a/ca+1.pem", Tls::Require(file)),
        ("sslmode=verify-full", Tls::Require(Check::Name(Roots::System))),
        ("sslrootcert=system", Tls::Require(Check::Name(Roots::System))),
        ("", Tls::Require(Check::Nothing)),
        ("sslrootcert=%2Fb%2Fca.pem", Tls::Require(authority("/b/ca.pem"))),
    ];
    for (query, wanted) in cases {
        assert_eq!(parsed(&format!("{HEAD}?{query}")).tls, wanted, "{query}");
    }
    let here = |host: &str| parsed(&format!("postgresql://a:b@{host}/app")).tls;
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        assert_eq!(here(host), Tls::Prefer(Check::Nothing), "{host}");
    }
}

#[test]
fn tables_are_in_public_unless_the_address_says_another_schema() {
    assert_eq!(parsed(HEAD).schema, "public");
    assert_eq!(parsed(&format!("{HEAD}?schema=app_2")).schema, "app_2");
}

#[test]
fn what_is_no_address_is_refused_with_the_way_to_write_it() {
    let form = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE";
    let cases = [
        ("hunter2", form),
        ("mysql://ann:hunter2@db/app", form),
        ("postgresql://ann:hunter2@db:port/app", form),
        ("postgresql://ann:hunter2@db/app#w0rd", form),
        ("postgresql://db/app", "names no user"),
        ("postgresql://:hunter2@db/app", "names no user"),
        ("postgresql://ann@db/app", "names no password"),
        ("postgresql://ann:hunter2@/app", form),
        ("postgresql://ann:hunter2@db", "names no database"),
        ("postgresql://ann:hunter2@db/app/more", "more than a database"),
        ("postgresql://ann:hunter2%00@db/app", "its password holds a control character"),
        ("postgresql://ann:hunter2%ff@db/app", "its password holds"),
        ("postgresql://ann:hunter2@%2Frun%2Fpostgresql/app", "a socket of this machine"),
        ("postgresql://ann:hunter2@a,b/app", "several hosts"),
        // Passwords that were not escaped.
        ("postgresql://ann:hunter2/w0rd@db/app", "%2F"),
        ("postgresql://ann:hunter2?w0rd@db/app", "%3F"),
        ("postgresql://ann:hunter2#w0rd@db/app", "%23"),
        ("postgresql://ann:p@hunter2/x?w0rd@db/app", "%40"),
    ];
    for (text, words) in cases {
        let message = refused(text);
        assert!(message.contains(words), "{text}: {message}");
    }
}

#[test]
fn parameters_are_refused_by_name_and_values_are_not_repeated() {
    let known = "known: channel_binding, connect_timeout, schema, sslmode, sslrootcert";
    let cases = [
        ("sslcert=hunter2", "unknown parameter `sslcert`"),
        ("options=-c", known),
        ("schema=hunter2;", "wanted small letters, digits and `_`"),
        ("schema=pg_catalog", "`schema` is none that we know"),
        ("schema=xtask", "`schema` is none that we know"),
        ("password=hunter2", "unknown parameter `password`"),
        ("sslmode=hunter2", "wanted `disable`, `prefer`, `require`, `verify-ca` or `verify-full`"),
        ("sslmode=allow", "`sslmode` is none that we know"),
        ("sslmode=", "names no sslmode"),
        ("sslmode=require&sslmode=require", "`sslmode` is given twice"),
        ("sslmode=disable&sslrootcert=ca.pem", "has no use"),
        ("sslmode=verify-ca", "wants `sslrootcert`"),
        ("sslmode=verify-ca&sslrootcert=system", "wants `sslmode=verify-full`"),
        ("sslmode=require&sslrootcert=system", "wants `sslmode=verify-full`"),
        ("channel_binding=maybe", "wanted `disable`, `prefer` or `require`"),
        ("connect_timeout=0", "from 1 to 300"),
        ("connect_timeout=301", "from 1 to 300"),
        ("connect_timeout=soon", "from 1 to 300"),
        ("pgbouncer=true", "transaction pooler"),
    ];
    for (query, words) in cases {
        let message = refused(&format!("{HEAD}?{query}"));
        assert!(message.contains(words), "{query}: {message}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_is_misread_as_another_password(password in "[^\u{0}-\u{1f}\u{7f}-\u{9f}]{1,20}") {
        let all = percent_encoding::NON_ALPHANUMERIC;
        let escaped = percent_encoding::utf8_percent_encode(&password, all);
        let address = parsed(&format!("postgresql://ann:{escaped}@db/app"));
        proptest::prop_assert_eq!(address.password.expose(), password.as_str());
    }
}

#[test]
fn an_address_is_written_as_it_is_read() {
    let text = "postgresql://nutri_app:p%40ss%2Fword@db.example:6543/my_db?sslmode=require";
    let address: Address = text.parse().unwrap();
    assert_eq!(address.url().expose(), text);
    let again: Address = address.url().expose().parse().unwrap();
    assert_eq!(again.password.expose(), "p@ss/word");
}
