//! Hetzner Cloud, as far as one server goes: types with stock and prices, images, SSH keys,
//! firewalls, servers and their actions, in memory, for whoever has the token. Actions take time of
//! its own clock, which goes on with every request. What it does otherwise than the real one stands
//! in `README.md`.

mod actions;
mod catalogue;
mod firewalls;
mod page;
mod rate;
mod refusal;
mod servers;
mod ssh_keys;
mod state;
mod trouble;

pub use state::State;
pub use trouble::{Moment, Trouble};

use crate::double::{Answers, Double};
use crate::http::{Request, Response};
use refusal::Refusal;
use serde_json::Value;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The token that it knows.
pub const TOKEN: &str = "fake-hetzner-token";
/// A token that reads and does not write.
pub const READ_ONLY: &str = "fake-hetzner-token-that-reads";

/// How long a request is held, should nobody let it go.
const HELD_AT_MOST: Duration = Duration::from_secs(60);

/// A running Hetzner Cloud with one project that has nothing in it.
pub type FakeHetzner = Double<Hetzner>;

/// What it has.
#[derive(Debug, Default)]
pub struct Hetzner {
    state: Mutex<State>,
    let_go: Condvar,
}

/// What one request comes to.
type Answer = Result<(u16, Value), Refusal>;

impl FakeHetzner {
    pub fn start() -> Self {
        Self::of(Hetzner::default())
    }

    /// Where its API begins.
    pub fn api(&self) -> String {
        format!("{}/v1", self.url())
    }

    /// Somebody changes what there is.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.own().lock());
        self.own().let_go.notify_all();
        changed
    }

    /// What there is now.
    pub fn state(&self) -> State {
        self.own().lock().clone()
    }

    /// Waits until a request is held; whether one is.
    pub fn waits_until_held(&self, limit: Duration) -> bool {
        let state = self.own().lock();
        let waited = self.own().let_go.wait_timeout_while(state, limit, |it| !it.is_holding);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_holding
    }

    /// Lets a held request go, and holds no other.
    pub fn let_go(&self) {
        self.change(|state| {
            state.hold = None;
            state.is_holding = false;
        });
    }
}

impl Hetzner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits where a test wants this request held.
    fn hold(&self, moment: Moment, number: u64) -> bool {
        let mut state = self.lock();
        if state.hold != Some((number, moment)) {
            return false;
        }
        state.is_holding = true;
        self.let_go.notify_all();
        let waited = self.let_go.wait_timeout_while(state, HELD_AT_MOST, |it| it.is_holding);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        true
    }
}

impl Answers for Hetzner {
    const FAULTS: &'static str = "application/json";

    fn answer(&self, request: &Request) -> Response {
        let number = self.lock().begin(request);
        if self.hold(Moment::Before, number) {
            // Whoever asked is gone, and the request never came.
            return Refusal::unavailable().response();
        }
        let trouble = self.lock().trouble_of(request);
        let response = match &trouble {
            Some(Trouble::Instead(fault)) => fault.clone().response(Self::FAULTS),
            _ => {
                let mut state = self.lock();
                let answer = state.serve(request);
                state.response(answer)
            }
        };
        self.hold(Moment::After, number);
        match trouble {
            Some(Trouble::CutAfterwards) => Response { cut_after: Some(0), ..response },
            Some(Trouble::Afterwards(fault)) => fault.response(Self::FAULTS),
            _ => response,
        }
    }
}
