//! What the address of a database is, and what it may be used for.

use super::line::{Line, State};
use crate::ship::database::{Address, Check, Tls};
use std::fmt;

/// Whose address it is, by its host and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A server on this machine.
    Local,
    /// Supabase's server itself; IPv6 only, unless IPv4 is paid for.
    Direct,
    /// Supabase's PgBouncer beside the server: transactions only.
    DedicatedPooler,
    /// Supabase's shared pooler, one connection for a session; IPv4 only.
    SessionPooler,
    /// The same, one connection for a transaction.
    TransactionPooler,
    /// An address of no kind that Supabase gives out.
    Other,
}

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The services ask their questions there.
    Services,
    /// Migrations, ledger, lease and back-ups: what needs a session of its own.
    Sessions,
}

/// How a look over one version of IP ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// The name has no address of this version.
    NoAddress,
    /// Something accepts connections there.
    Reached,
    /// Nothing did, and why.
    Unreached(String),
}

/// What the server said of itself and of us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub version: String,
    pub is_encrypted: bool,
    /// Whether policies of row level security are not asked for the role.
    pub passes_policies: bool,
    /// Whether two transactions of one connection met different servers; `None` if it could not be
    /// found out.
    pub is_pooled: Option<bool>,
    /// Why nothing can be written there.
    pub unwritable: Option<Unwritable>,
}

/// Why a server takes no writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwritable {
    /// It follows another server.
    Standby,
    /// Sessions of this role or database begin so.
    ReadOnly,
}

impl Unwritable {
    /// What to do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Standby => "name the primary in `direct_url`",
            Self::ReadOnly => {
                "take `default_transaction_read_only` from the role and the database \
                 (`ALTER ROLE … RESET default_transaction_read_only`), or name another role"
            }
        }
    }
}

impl fmt::Display for Unwritable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Standby => "it is a standby, which only reads",
            Self::ReadOnly => "`default_transaction_read_only` is on, so nothing can be written",
        })
    }
}

/// All that was found out about one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its name in `deploy.toml`.
    pub name: String,
    pub purpose: Purpose,
    pub address: Address,
    /// Over IPv4, and over IPv6.
    pub ways: [Way; 2],
    /// What was answered, or why nothing was.
    pub answer: Result<Answer, String>,
}

impl Kind {
    /// Whose address it is.
    pub fn of(address: &Address) -> Self {
        let host = address.host.to_ascii_lowercase();
        let is_direct = host.starts_with("db.") && host.ends_with(".supabase.co");
        let is_shared = host.ends_with(".pooler.supabase.com");
        match address.port {
            _ if address.is_loopback() => Self::Local,
            6543 if is_direct => Self::DedicatedPooler,
            _ if is_direct => Self::Direct,
            6543 if is_shared => Self::TransactionPooler,
            _ if is_shared => Self::SessionPooler,
            _ => Self::Other,
        }
    }

    /// Whether its name alone says that each transaction may meet another server.
    pub fn is_by_transaction(self) -> bool {
        matches!(self, Self::DedicatedPooler | Self::TransactionPooler)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Local => "a server on this machine",
            Self::Direct => "Supabase, direct",
            Self::DedicatedPooler => "Supabase, dedicated pooler (by transaction)",
            Self::SessionPooler => "Supabase, shared pooler by session",
            Self::TransactionPooler => "Supabase, shared pooler by transaction",
            Self::Other => "another server",
        })
    }
}

/// What is said of an address, one line for each thing that matters.
pub fn judge(facts: &Facts) -> Vec<Line> {
    let kind = Kind::of(&facts.address);
    let of =
        |state, part: &str, said: String| Line::new(state, format!("{} {part}", facts.name), said);
    let mut lines = vec![of(State::Good, "kind", format!("{kind}: {}", facts.address.place()))];
    lines.extend(user(facts, kind).map(|(said, hint)| of(State::Bad, "user", said).hint(hint)));
    lines.push(encryption(facts));
    lines.extend(ways(facts, kind));
    match &facts.answer {
        Err(why) => lines.push(of(State::NotChecked, "answer", why.clone())),
        Ok(answer) => {
            lines.push(of(State::Good, "answer", format!("Postgres {}", answer.version)));
            lines.extend(policies(facts, answer));
        }
    }
    lines.push(use_of(facts, kind));
    lines
}

/// The shared poolers find the project by the user's name, the server itself does not know it.
fn user(facts: &Facts, kind: Kind) -> Option<(String, &'static str)> {
    let names_project = facts.address.user.contains('.');
    match kind {
        Kind::SessionPooler | Kind::TransactionPooler if !names_project => Some((
            "it names no project, so the pooler finds no tenant".to_owned(),
            "write it as `ROLE.PROJECT`",
        )),
        Kind::Direct | Kind::DedicatedPooler if names_project => Some((
            "it names a project, as only the shared pooler wants it".to_owned(),
            "write the role alone",
        )),
        _ => None,
    }
}

fn encryption(facts: &Facts) -> Line {
    let (state, said) = match &facts.address.tls {
        _ if facts.address.is_loopback() => (State::Good, "not needed: it stays on this machine"),
        Tls::Disable => (State::Bad, "off: passwords and rows are sent in the open"),
        Tls::Prefer(_) => (State::Bad, "only if the server offers it: who is between may say no"),
        Tls::Require(Check::Nothing) => (State::Note, "on; whoever answers is believed"),
        Tls::Require(Check::Authority(_)) => (State::Good, "on; its authority is checked"),
        Tls::Require(Check::Name(_)) => (State::Good, "on; its authority and its name are checked"),
    };
    let line = Line::new(state, format!("{} TLS", facts.name), said);
    match state {
        State::Bad => line.hint("`sslmode=verify-full&sslrootcert=FILE`"),
        State::Note => line.hint("`sslmode=verify-full` also knows who answers"),
        _ => line,
    }
}

fn ways(facts: &Facts, kind: Kind) -> Vec<Line> {
    let versions = ["IPv4", "IPv6"];
    let is_reached = facts.ways.contains(&Way::Reached);
    let line = |(version, way): (&str, &Way)| {
        let what = format!("{} {version}", facts.name);
        match way {
            Way::Reached => Line::new(State::Good, what, "reached from here"),
            Way::NoAddress => Line::new(State::Note, what, "the name has no such address"),
            // The other version does: that one of them is not there stops nobody.
            Way::Unreached(why) if is_reached => Line::new(State::Note, what, why.clone()),
            Way::Unreached(why) => Line::new(State::Bad, what, why.clone()),
        }
    };
    let mut lines: Vec<Line> = versions.into_iter().zip(&facts.ways).map(line).collect();
    if !is_reached && kind == Kind::Direct {
        lines[1].hint = Some(
            "this machine has no IPv6, as GitHub's runners and most containers: \
             take the shared pooler by session (port 5432)"
                .to_owned(),
        );
        lines[1].state = State::Bad;
    }
    lines
}

/// Only what services use must be under policies: who migrates owns the tables.
fn policies(facts: &Facts, answer: &Answer) -> Option<Line> {
    if facts.purpose != Purpose::Services {
        return None;
    }
    let what = format!("{} role", facts.name);
    let user = &facts.address.user;
    Some(if answer.passes_policies {
        Line::new(
            State::Bad,
            what,
            format!(
                "`{user}` passes row level security by: a forgotten WHERE shows everybody's rows"
            ),
        )
        .hint("let the services log in as a role that is neither a superuser nor has BYPASSRLS")
    } else {
        Line::new(State::Good, what, format!("`{user}` is under row level security"))
    })
}

fn use_of(facts: &Facts, kind: Kind) -> Line {
    let what = format!("{} use", facts.name);
    let asked = facts.answer.as_ref().ok().and_then(|it| it.is_pooled);
    let pooled = asked.or(kind.is_by_transaction().then_some(true));
    let unwritable = facts.answer.as_ref().ok().and_then(|it| it.unwritable);
    if let Some(why) = unwritable.filter(|_| facts.purpose == Purpose::Sessions) {
        let said = format!("no migrations, ledger and back-ups: {why}");
        return Line::new(State::Bad, what, said).hint(why.hint());
    }
    match (facts.purpose, pooled) {
        (Purpose::Services, Some(true)) => Line::new(
            State::Good,
            what,
            "services: what they set is local to a transaction, as a pooler wants it",
        ),
        (Purpose::Services, _) => Line::new(State::Good, what, "services"),
        (Purpose::Sessions, Some(true)) => Line::new(
            State::Bad,
            what,
            "a pooler by transaction: locks and settings are lost, or stay for ever",
        )
        .hint("name the server itself, or a pooler by session, in `direct_url`"),
        (Purpose::Sessions, Some(false)) => {
            Line::new(State::Good, what, "migrations, ledger and back-ups: a session stays one")
        }
        (Purpose::Sessions, None) => {
            Line::new(State::NotChecked, what, "nobody could say whether a session stays one")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUPABASE: [(&str, Kind); 6] = [
        ("postgresql://postgres:x@db.abcdefghijklmnopqrst.supabase.co:5432/postgres", Kind::Direct),
        (
            "postgresql://postgres:x@db.abcdefghijklmnopqrst.supabase.co:6543/postgres",
            Kind::DedicatedPooler,
        ),
        (
            "postgresql://postgres.abc:x@aws-0-eu-central-1.pooler.supabase.com:5432/postgres",
            Kind::SessionPooler,
        ),
        (
            "postgresql://postgres.abc:x@aws-1-eu-central-1.pooler.supabase.com:6543/postgres",
            Kind::TransactionPooler,
        ),
        ("postgresql://nutri:x@127.0.0.1:6543/nutri", Kind::Local),
        ("postgresql://nutri:x@db.example.com:5432/nutri", Kind::Other),
    ];

    fn facts(url: &str, purpose: Purpose) -> Facts {
        let answer = Answer {
            version: "15.8".into(),
            is_encrypted: true,
            passes_policies: false,
            is_pooled: Some(false),
            unwritable: None,
        };
        Facts {
            name: "database.url".into(),
            purpose,
            address: url.parse().unwrap(),
            ways: [Way::Reached, Way::NoAddress],
            answer: Ok(answer),
        }
    }

    fn bad(facts: &Facts) -> Vec<String> {
        let lines = judge(facts).into_iter().filter(|it| it.state == State::Bad);
        lines.map(|it| format!("{}: {}", it.what, it.said)).collect()
    }

    #[test]
    fn every_kind_is_told_by_host_and_port() {
        for (url, kind) in SUPABASE {
            assert_eq!(Kind::of(&url.parse().unwrap()), kind, "{url}");
        }
    }

    #[test]
    fn a_session_through_a_pooler_by_transaction_is_bad_and_services_there_are_not() {
        let url = format!("{}?sslmode=require", SUPABASE[3].0);
        let mut found = facts(&url, Purpose::Sessions);
        found.answer = Err("no answer".into());
        assert!(bad(&found)[0].contains("a pooler by transaction"), "by its name alone");
        let mut hidden =
            facts("postgresql://a:x@db.example.com/b?sslmode=require", Purpose::Sessions);
        assert_eq!(bad(&hidden), [""; 0]);
        hidden.answer.as_mut().unwrap().is_pooled = Some(true);
        assert!(bad(&hidden)[0].contains("a pooler by transaction"), "by asking");
        assert_eq!(bad(&facts(&url, Purpose::Services)), [""; 0]);
    }

    #[test]
    fn where_nothing_can_be_written_nothing_is_migrated() {
        for why in [Unwritable::Standby, Unwritable::ReadOnly] {
            let mut found = facts("postgresql://a:x@127.0.0.1/b", Purpose::Sessions);
            found.answer.as_mut().unwrap().unwritable = Some(why);
            let lines = bad(&found);
            assert!(lines.len() == 1 && lines[0].contains(&why.to_string()), "{lines:?}");
            found.purpose = Purpose::Services;
            assert_eq!(bad(&found), [""; 0]);
        }
    }

    #[test]
    fn what_could_not_be_asked_is_neither_good_nor_bad() {
        let mut found =
            facts("postgresql://a:x@db.example.com/b?sslmode=require", Purpose::Sessions);
        found.answer = Err("no answer".into());
        let lines = judge(&found);
        let states: Vec<State> =
            lines.iter().filter(|it| it.state > State::Note).map(|it| it.state).collect();
        assert_eq!(states, [State::NotChecked, State::NotChecked]);
    }

    #[test]
    fn a_direct_address_without_ipv6_names_the_pooler() {
        let mut found = facts(&format!("{}?sslmode=require", SUPABASE[0].0), Purpose::Sessions);
        found.ways = [Way::NoAddress, Way::Unreached("Network is unreachable".into())];
        let lines = judge(&found);
        let line = lines.iter().find(|it| it.what.ends_with("IPv6")).unwrap();
        assert!(line.state == State::Bad && line.hint.as_ref().unwrap().contains("by session"));
    }

    #[test]
    fn a_services_role_that_passes_policies_by_is_bad_and_an_owners_is_not() {
        for (purpose, count) in [(Purpose::Services, 1), (Purpose::Sessions, 0)] {
            let mut found = facts("postgresql://a:x@127.0.0.1/b", purpose);
            found.answer.as_mut().unwrap().passes_policies = true;
            assert_eq!(bad(&found).len(), count);
        }
    }

    #[test]
    fn an_open_connection_elsewhere_is_bad_and_users_fit_their_pooler() {
        for (url, word) in [
            ("postgresql://a:x@db.example.com/b?sslmode=disable", "in the open"),
            ("postgresql://a:x@db.example.com/b?sslmode=prefer", "may say no"),
            (
                "postgresql://postgres:x@aws-0-eu.pooler.supabase.com:5432/postgres?sslmode=require",
                "names no project",
            ),
            (
                "postgresql://postgres.abc:x@db.abc.supabase.co:5432/postgres?sslmode=require",
                "names a project",
            ),
        ] {
            let found = bad(&facts(url, Purpose::Services));
            assert!(found.len() == 1 && found[0].contains(word), "{url}: {found:?}");
        }
    }
}
