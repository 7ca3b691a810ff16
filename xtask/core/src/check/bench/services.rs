//! What the services bear: one case an endpoint, and how far it is above what is wanted of it.

use serde::{Deserialize, Serialize};

/// The line before the generated table, in the page that shows it.
pub const BEGIN: &str = "<!-- made by `cargo xtask bench services --record` -->";

/// How many times more than its design load an endpoint must bear.
pub const HEADROOM: f64 = 10.0;

/// Everything that one run found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceLoads {
    /// How many cores the machine has.
    pub cores: usize,
    /// What the load generator says it is.
    pub generator: String,
    /// The limits that the containers ran under, in words.
    pub limits: String,
    pub endpoints: Vec<EndpointLoad>,
    /// The most memory that each service had, in megabytes.
    pub memory_mb: Vec<(String, f64)>,
}

/// What one endpoint bore.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointLoad {
    pub name: String,
    /// What is wanted of it, in requests a second.
    pub design: f64,
    /// What it bore, in requests a second.
    pub throughput: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    /// Answers that were no success.
    pub refused: u64,
    /// Requests without an answer.
    pub broken: u64,
    /// Processor time of each service for one request, in milliseconds.
    pub cpu_ms: Vec<(String, f64)>,
}

impl EndpointLoad {
    /// How many times its design load it bore.
    pub fn headroom(&self) -> f64 {
        self.throughput / self.design
    }

    fn is_met(&self) -> bool {
        self.headroom() >= HEADROOM && self.refused + self.broken == 0
    }

    fn row(&self) -> Vec<String> {
        let cpu = self.cpu_ms.iter().map(|(_, ms)| format!("{ms:.1}")).collect::<Vec<_>>();
        vec![
            self.name.clone(),
            format!("{:.0}/s", self.throughput),
            format!("{:.0} × {}/s", self.headroom(), self.design),
            format!("{:.0} / {:.0} / {:.0} ms", self.p50_ms, self.p95_ms, self.p99_ms),
            cpu.join(" + ") + " ms",
            (self.refused + self.broken).to_string(),
            if self.is_met() { "yes" } else { "no" }.to_owned(),
        ]
    }
}

impl ServiceLoads {
    /// Whether every endpoint bears what it must.
    pub fn is_met(&self) -> bool {
        self.endpoints.iter().all(EndpointLoad::is_met)
    }

    /// Every case as rows of cells, a heading first.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let heading =
            ["endpoint", "bore", "headroom", "p50 / p95 / p99", "processor, each", "errors", "met"];
        let heading = heading.map(ToOwned::to_owned).to_vec();
        [heading].into_iter().chain(self.endpoints.iter().map(EndpointLoad::row)).collect()
    }

    /// What the run was made with, in sentences.
    pub fn setting(&self) -> String {
        let memory = self.memory_mb.iter().map(|(name, mb)| format!("{name} {mb:.0} MB"));
        format!(
            "Machine: {} cores, shared by the services, Postgres, Redis and the load generator. \
             {}. Limits: {}. Most memory: {}.",
            self.cores,
            self.generator,
            self.limits,
            memory.collect::<Vec<_>>().join(", "),
        )
    }

    /// The page that holds the generated part, with this record in its place.
    pub fn in_page(&self, page: &str) -> Option<String> {
        let made = format!("{}\n\n{}", self.setting(), super::markdown(self.rows()));
        super::placed(page, BEGIN, &made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(throughput: f64, refused: u64) -> EndpointLoad {
        EndpointLoad {
            name: "GET /a".into(),
            design: 10.0,
            throughput,
            p50_ms: 1.0,
            p95_ms: 2.0,
            p99_ms: 3.4,
            refused,
            broken: 0,
            cpu_ms: vec![("backend".into(), 0.51), ("ml-service".into(), 0.0)],
        }
    }

    #[test]
    fn an_endpoint_that_refuses_bears_nothing() {
        assert!(load(100.0, 0).is_met());
        assert!(!load(99.0, 0).is_met() && !load(1000.0, 1).is_met());
    }

    #[test]
    fn the_table_stands_where_the_page_has_room() {
        let run = ServiceLoads {
            cores: 2,
            generator: "wrk 4".into(),
            limits: "as in production".into(),
            endpoints: vec![load(990.0, 0)],
            memory_mb: vec![("backend".into(), 100.4)],
        };
        let page = format!("# Title\n{BEGIN}\nold\n{}\nrest\n", super::super::END);
        let made = run.in_page(&page).unwrap();
        let row = "| GET /a | 990/s | 99 × 10/s | 1 / 2 / 3 ms | 0.5 + 0.0 ms | 0 | yes |";
        assert!(made.contains(row) && made.ends_with("rest\n") && !made.contains("old"), "{made}");
        assert_eq!(run.in_page("# No room\n"), None);
    }
}
