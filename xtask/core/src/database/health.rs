//! What a look at a living database means: what is big, idle, broken, old or nearly full.

use super::line::{Line, State};

/// A table, as the server's statistics know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    /// With its indexes and what lies beside it.
    pub bytes: u64,
    pub rows: u64,
    /// Rows that are deleted or replaced and still take room.
    pub dead: u64,
    /// Transactions since its oldest row was frozen.
    pub age: u64,
}

/// An index that is of no use, or of none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub name: String,
    pub bytes: u64,
}

/// A transaction that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    pub pid: i32,
    pub role: String,
    pub seconds: u64,
    /// Whether it waits for its client and does nothing.
    pub is_idle: bool,
}

/// Connections of one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connections {
    pub role: String,
    pub now: u64,
    /// What the role is allowed, if it has a limit.
    pub limit: Option<u64>,
}

/// A sequence that is on its way to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    pub name: String,
    /// Of its values, in percent.
    pub used: u64,
}

/// All that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub database: String,
    pub bytes: u64,
    /// The biggest first.
    pub tables: Vec<Table>,
    pub invalid: Vec<Index>,
    /// Indexes that no query has read since statistics began, and that hold no rule.
    pub unread: Vec<Index>,
    /// For how long statistics have been kept; `None` if the server does not say.
    pub days_of_statistics: Option<u64>,
    pub open: Vec<Open>,
    pub connections: Vec<Connections>,
    /// `max_connections`, without what is kept for superusers.
    pub connections_max: u64,
    pub not_validated: Vec<String>,
    /// Tables under forced row level security whose owner it applies to.
    pub bound_owners: Vec<String>,
    pub sequences: Vec<Sequence>,
}

/// Fewer dead rows are not worth a word.
const DEAD_MIN: u64 = 10_000;
/// A week has a Monday and a weekend in it.
const DAYS_MIN: u64 = 7;
const LONG_SECONDS: u64 = 300;
const IDLE_SECONDS: u64 = 60;
/// Transactions until the server shuts itself off are two thousand million.
const AGE_MAX: u64 = 1_000_000_000;
const FULL_PERCENT: u64 = 80;

/// What is said of a database.
pub fn judge(facts: &Facts) -> Vec<Line> {
    let size = format!("`{}` has {}", facts.database, bytes(facts.bytes));
    let mut lines = vec![Line::new(State::Good, "size", size)];
    lines.extend(facts.tables.iter().take(5).map(|table| {
        let said = format!("{}, about {} rows", bytes(table.bytes), table.rows);
        Line::new(State::Good, format!("table {}", table.name), said)
    }));
    lines.extend(facts.tables.iter().flat_map(of_table));
    lines.extend(indexes(facts));
    lines.extend(facts.open.iter().filter_map(open));
    lines.extend(connections(facts));
    lines.extend(facts.not_validated.iter().map(|name| {
        Line::new(State::Note, format!("constraint {name}"), "old rows were never held to it")
            .hint("`ALTER TABLE … VALIDATE CONSTRAINT …` in a migration of its own")
    }));
    lines.extend(facts.bound_owners.iter().map(|name| {
        let said = "its owner is under its policies: a migration, a seed or a dump misses rows";
        Line::new(State::Bad, format!("table {name}"), said)
            .hint("`ALTER ROLE … BYPASSRLS` for the role that migrates")
    }));
    lines.extend(facts.sequences.iter().filter(|it| it.used >= FULL_PERCENT).map(|it| {
        let said = format!("{} % of its values are used", it.used);
        Line::new(State::Bad, format!("sequence {}", it.name), said)
            .hint("make the column and the sequence `bigint`")
    }));
    lines
}

fn of_table(table: &Table) -> Vec<Line> {
    let what = format!("table {}", table.name);
    let mut lines = Vec::new();
    if table.dead >= DEAD_MIN && table.dead * 4 > table.rows {
        let said = format!("{} dead rows beside {} that live", table.dead, table.rows);
        lines.push(Line::new(State::Note, &what, said).hint(format!("`VACUUM {}`", table.name)));
    }
    if table.age >= AGE_MAX {
        let said = format!(
            "{} transactions without a freeze; at 2 100 000 000 the server stops",
            table.age
        );
        lines.push(
            Line::new(State::Bad, what, said).hint(format!("`VACUUM FREEZE {}`", table.name)),
        );
    }
    lines
}

fn indexes(facts: &Facts) -> Vec<Line> {
    let invalid = facts.invalid.iter().map(|index| {
        let said = "invalid: it is written and never read; its making was cut off";
        Line::new(State::Bad, format!("index {}", index.name), said)
            .hint(format!("`DROP INDEX CONCURRENTLY {}`, then make it again", index.name))
    });
    let days = facts.days_of_statistics;
    let unread = facts.unread.iter().map(|index| {
        let what = format!("index {}", index.name);
        match days {
            Some(days) if days >= DAYS_MIN => {
                let said = format!("no query has read it in {days} days; {}", bytes(index.bytes));
                Line::new(State::Note, what, said).hint("drop it, if a replica does not read it")
            }
            _ => Line::new(
                State::NotChecked,
                what,
                "not read yet; statistics are younger than a week",
            ),
        }
    });
    invalid.chain(unread).collect()
}

fn open(it: &Open) -> Option<Line> {
    let limit = if it.is_idle { IDLE_SECONDS } else { LONG_SECONDS };
    let does = if it.is_idle { "does nothing and keeps its locks" } else { "is at work" };
    (it.seconds >= limit).then(|| {
        let said = format!("open for {} s, {does}", it.seconds);
        Line::new(State::Bad, format!("transaction of {}", it.role), said)
            .hint(format!("`SELECT pg_terminate_backend({})` ends it", it.pid))
    })
}

fn connections(facts: &Facts) -> Vec<Line> {
    let is_full = |now: u64, limit: u64| now * 100 >= limit * FULL_PERCENT;
    let line = |what: String, now: u64, limit: u64| {
        let state = if is_full(now, limit) { State::Bad } else { State::Good };
        Line::new(state, what, format!("{now} of {limit}"))
    };
    let all: u64 = facts.connections.iter().map(|it| it.now).sum();
    let mut lines = vec![line("connections".to_owned(), all, facts.connections_max)];
    lines.extend(facts.connections.iter().map(|it| {
        let what = format!("connections of {}", it.role);
        match it.limit {
            Some(limit) => line(what, it.now, limit),
            None => Line::new(State::Good, what, it.now.to_string()),
        }
    }));
    lines
}

/// Bytes as people say them.
pub fn bytes(count: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut rest = count;
    while rest >= 10 * 1024 && unit + 1 < units.len() {
        rest /= 1024;
        unit += 1;
    }
    format!("{rest} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::line::worst;

    fn healthy() -> Facts {
        Facts {
            database: "nutri".into(),
            bytes: 9_000_000,
            tables: vec![Table {
                name: "public.meals".into(),
                bytes: 8192,
                rows: 10,
                dead: 5,
                age: 900,
            }],
            connections: vec![Connections { role: "nutri_app".into(), now: 11, limit: None }],
            connections_max: 97,
            ..Facts::default()
        }
    }

    fn said(facts: &Facts, state: State) -> Vec<String> {
        let lines = judge(facts).into_iter().filter(|it| it.state == state);
        lines.map(|it| format!("{}: {}", it.what, it.said)).collect()
    }

    #[test]
    fn a_healthy_database_has_nothing_bad() {
        assert_eq!(worst(&judge(&healthy())), State::Good);
        assert_eq!(said(&healthy(), State::Good)[0], "size: `nutri` has 8789 KiB");
    }

    #[test]
    fn each_ailment_is_named() {
        let index = |name: &str| Index { name: name.into(), bytes: 1 << 21 };
        let sick = Facts {
            tables: vec![Table {
                name: "t".into(),
                bytes: 1,
                rows: 10,
                dead: 20_000,
                age: AGE_MAX,
            }],
            invalid: vec![index("broken")],
            open: vec![
                Open { pid: 7, role: "ann".into(), seconds: 61, is_idle: true },
                Open { pid: 8, role: "bob".into(), seconds: 61, is_idle: false },
            ],
            connections: vec![Connections { role: "app".into(), now: 78, limit: Some(90) }],
            not_validated: vec!["c".into()],
            bound_owners: vec!["t".into()],
            sequences: vec![
                Sequence { name: "s".into(), used: 81 },
                Sequence { name: "young".into(), used: 3 },
            ],
            ..healthy()
        };
        let bad = said(&sick, State::Bad);
        let words = [
            "without a freeze",
            "invalid",
            "does nothing",
            "connections: 78 of 97",
            "78 of 90",
            "misses rows",
            "81 %",
        ];
        assert!(
            bad.len() == words.len() && bad.iter().zip(words).all(|(it, word)| it.contains(word)),
            "{bad:#?}"
        );
        assert_eq!(said(&sick, State::Note).len(), 2);
    }

    #[test]
    fn an_index_that_nobody_read_is_judged_after_a_week_only() {
        let unread = |days| Facts {
            unread: vec![Index { name: "i".into(), bytes: 1 }],
            days_of_statistics: days,
            ..healthy()
        };
        assert_eq!(worst(&judge(&unread(Some(8)))), State::Note);
        assert_eq!(worst(&judge(&unread(Some(1)))), State::NotChecked);
        assert_eq!(worst(&judge(&unread(None))), State::NotChecked);
    }
}
