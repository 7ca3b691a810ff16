//! Whether a server lets everybody in who comes while a release is rolled out.

use super::line::{Line, State};

/// A migration, the lease that is renewed beside it, a rehearsal, a person with `psql`.
pub const OURS: u64 = 5;
/// While a service is rolled out, what served before runs beside what is to serve.
pub const AT_ONCE: u64 = 2;

/// What one instance of a service opens at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub service: String,
    /// All connections of one instance.
    pub connections: u64,
}

/// What a server allows, and who is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// `max_connections`.
    pub server: u64,
    /// What it keeps for superusers.
    pub reserved: u64,
    /// Of the services' role, if it has a limit.
    pub role: Option<u64>,
    /// Of the database, if it has a limit.
    pub database: Option<u64>,
    /// Connections of others to the same server: neither the services' nor ours.
    pub others: u64,
}

/// A pooler between the services and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pooler {
    /// Connections that it lets in.
    pub clients: u64,
    /// Connections that it opens to the server.
    pub size: u64,
}

/// What is said of it; one line for each limit that is there.
pub fn judge(wanted: &[Wanted], allowed: &Allowed, pooler: Option<Pooler>) -> Vec<Line> {
    let services: u64 = wanted.iter().map(|it| it.connections * AT_ONCE).sum();
    let parts: Vec<String> =
        wanted.iter().map(|it| format!("{} {AT_ONCE}×{}", it.service, it.connections)).collect();
    let parts = parts.join(", ");
    let to_server = pooler.map_or(services, |it| it.size);
    let mut lines = Vec::new();
    if let Some(pooler) = pooler {
        let what = "connections to the pooler";
        lines.push(line(what, services, pooler.clients, &parts));
    }
    let from = match pooler {
        Some(pooler) => format!("the pooler {}, ours {OURS}", pooler.size),
        None => format!("{parts}, ours {OURS}"),
    };
    let room = allowed.server.saturating_sub(allowed.reserved + allowed.others);
    let others = format!("{from}; {} taken by others", allowed.others);
    lines.push(line("connections to the server", to_server + OURS, room, &others));
    if let Some(role) = allowed.role {
        lines.push(line("connections of the services' role", to_server, role, &parts));
    }
    if let Some(database) = allowed.database {
        lines.push(line("connections to the database", to_server + OURS, database, &from));
    }
    lines
}

fn line(what: &str, needed: u64, room: u64, from: &str) -> Line {
    let said = format!("a rollout needs {needed} of {room} ({from})");
    let state = if needed <= room { State::Good } else { State::Bad };
    let line = Line::new(state, what, said);
    match state {
        State::Bad => line.hint(
            "lower the pools of the services, `database_connections` with them, or raise the limit",
        ),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: Allowed =
        Allowed { server: 60, reserved: 3, role: None, database: None, others: 10 };

    fn backend(connections: u64) -> [Wanted; 1] {
        [Wanted { service: "backend".into(), connections }]
    }

    fn states(lines: &[Line]) -> Vec<State> {
        lines.iter().map(|it| it.state).collect()
    }

    #[test]
    fn two_instances_of_each_service_and_ours_must_fit() {
        // 60 - 3 - 10 = 47 = 2 × 21 + 5
        assert_eq!(states(&judge(&backend(21), &ALLOWED, None)), [State::Good]);
        let lines = judge(&backend(22), &ALLOWED, None);
        assert_eq!(states(&lines), [State::Bad]);
        assert_eq!(
            lines[0].said,
            "a rollout needs 49 of 47 (backend 2×22, ours 5; 10 taken by others)"
        );
    }

    #[test]
    fn with_a_pooler_its_own_limits_count_and_only_its_size_reaches_the_server() {
        let pooler = Some(Pooler { clients: 200, size: 15 });
        assert_eq!(states(&judge(&backend(90), &ALLOWED, pooler)), [State::Good, State::Good]);
        assert_eq!(states(&judge(&backend(101), &ALLOWED, pooler)), [State::Bad, State::Good]);
        let wide = Some(Pooler { clients: 200, size: 43 });
        assert_eq!(states(&judge(&backend(90), &ALLOWED, wide)), [State::Good, State::Bad]);
    }

    #[test]
    fn limits_of_the_role_and_the_database_count_as_well() {
        let allowed = Allowed { role: Some(41), database: Some(47), ..ALLOWED };
        let expected = [State::Good, State::Bad, State::Good];
        assert_eq!(states(&judge(&backend(21), &allowed, None)), expected);
    }
}
