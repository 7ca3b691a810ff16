//! How long the parts of an exchange may take.

use crate::error::{Error, Whom};
use crate::settings::Limits;
use crate::upload::Moves;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The limits of one exchange, which began at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    limits: Limits,
    end: Option<Instant>,
    pub(crate) moves: Moves,
    whom: Whom,
}

impl Watch {
    pub(crate) fn begin(limits: Limits, whom: Whom) -> Self {
        let end = limits.total.map(|total| Instant::now() + total);
        Self { limits, end, moves: Moves::none(), whom }
    }

    /// Waits for the head of the answer. While a body leaves, each of its pieces starts the wait
    /// anew.
    pub(crate) async fn head<T>(
        &self,
        head: impl Future<Output = reqwest::Result<T>>,
    ) -> Result<T, Error> {
        let mut head = std::pin::pin!(head);
        loop {
            let (due, what, limit) = self.due();
            match timeout_at(due, head.as_mut()).await {
                Ok(outcome) => return outcome.map_err(|error| self.whom.clone().failed(error)),
                // A byte has moved meanwhile.
                Err(_) if self.due().0 > due => {}
                Err(_) => return Err(self.whom.clone().timed_out(what, limit)),
            }
        }
    }

    /// Waits for the next bytes of the answer.
    pub(crate) async fn next<T>(
        &self,
        next: impl Future<Output = reqwest::Result<T>>,
    ) -> Result<T, Error> {
        let idle = (Instant::now() + self.limits.idle, NO_BYTE, self.limits.idle);
        let (due, what, limit) = self.sooner(idle);
        match timeout_at(due, next).await {
            Ok(outcome) => outcome.map_err(|error| self.whom.clone().failed(error)),
            Err(_) => Err(self.whom.clone().timed_out(what, limit)),
        }
    }

    pub(crate) fn failed(self, error: reqwest::Error) -> Error {
        self.whom.failed(error)
    }

    pub(crate) fn too_large(&self, limit: u64) -> Error {
        self.whom.clone().too_large(limit)
    }

    fn due(&self) -> Due {
        let (last, is_more) = self.moves.last();
        let Limits { idle, answer, .. } = self.limits;
        self.sooner(match is_more {
            true => (last + idle, NO_BYTE, idle),
            false => (last + answer, NO_ANSWER, answer),
        })
    }

    fn sooner(&self, due: Due) -> Due {
        match (self.end, self.limits.total) {
            (Some(end), Some(total)) if end < due.0 => (end, NO_WHOLE, total),
            _ => due,
        }
    }
}

type Due = (Instant, &'static str, Duration);

const NO_BYTE: &str = "no byte moved";
const NO_ANSWER: &str = "no answer began";
const NO_WHOLE: &str = "no whole answer came";
