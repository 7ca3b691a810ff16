//! What all threads of one Coolify share.

use super::rate::Buckets;
use super::state::State;
use crate::coolify::update::{Containers, Delays};
use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(super) struct Hub {
    state: Mutex<State>,
    buckets: Mutex<Buckets>,
    failures: Mutex<Buckets>,
    pub(super) containers: Arc<dyn Containers>,
    pub(super) delays: Delays,
    /// Where webhooks say that the panel is.
    pub(super) panel: Mutex<String>,
    gate: Arc<Gate>,
}

impl Hub {
    pub(super) fn new(state: State, containers: Arc<dyn Containers>, delays: Delays) -> Self {
        Self {
            state: Mutex::new(state),
            buckets: Mutex::default(),
            failures: Mutex::default(),
            containers,
            delays,
            panel: Mutex::default(),
            gate: Arc::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        held(&self.state)
    }

    pub(super) fn buckets(&self) -> MutexGuard<'_, Buckets> {
        held(&self.buckets)
    }

    pub(super) fn failures(&self) -> MutexGuard<'_, Buckets> {
        held(&self.failures)
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Lets so much of Coolify's time pass, and waits while its time stands still.
    pub(super) fn pass(&self, milliseconds: u64) {
        self.gate.wait();
        self.delays.work(milliseconds);
        self.gate.wait();
    }
}

/// Where background work waits while a test holds the time, and the count of that work.
#[derive(Debug, Default)]
pub(super) struct Gate {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    is_held: bool,
    /// How often work may pass while it is held.
    permits: usize,
    /// Who waits, first come first.
    waiting: BTreeSet<u64>,
    tickets: u64,
    is_over: bool,
    at_work: usize,
}

impl Inner {
    fn lets_pass(&self, ticket: u64) -> bool {
        let is_next = self.permits > 0 && self.waiting.first() == Some(&ticket);
        !self.is_held || self.is_over || is_next
    }
}

/// How long one step may take on a machine that is busy.
const MOVING: Duration = Duration::from_secs(20);

impl Gate {
    /// Holds or lets go.
    pub(super) fn hold(&self, is_held: bool) {
        held(&self.inner).is_held = is_held;
        self.changed.notify_all();
    }

    /// Lets the work that waits longest pass, though it is held, and returns when all work waits
    /// again or is done.
    pub(super) fn step(&self) {
        held(&self.inner).permits = 1;
        self.changed.notify_all();
        let moving = |inner: &mut Inner| {
            inner.at_work > 0 && (inner.permits > 0 || inner.waiting.len() < inner.at_work)
        };
        let waited = self.changed.wait_timeout_while(held(&self.inner), MOVING, moving);
        waited.unwrap_or_else(PoisonError::into_inner).0.permits = 0;
    }

    /// Returns when nobody holds the time, or when this work may pass.
    pub(super) fn wait(&self) {
        let mut inner = held(&self.inner);
        inner.tickets += 1;
        let own = inner.tickets;
        inner.waiting.insert(own);
        self.changed.notify_all();
        let waited = self.changed.wait_while(inner, |inner| !inner.lets_pass(own));
        let mut inner = waited.unwrap_or_else(PoisonError::into_inner);
        inner.waiting.remove(&own);
        inner.permits = inner.permits.saturating_sub(1);
        self.changed.notify_all();
    }

    /// Whether nothing is done in the background.
    pub(super) fn is_idle(&self) -> bool {
        held(&self.inner).at_work == 0
    }

    /// Whether the instance is being shut down.
    pub(super) fn is_over(&self) -> bool {
        held(&self.inner).is_over
    }

    /// Runs background work in a thread of its own.
    pub(super) fn spawn(hub: &Arc<Hub>, work: impl FnOnce(&Arc<Hub>) + Send + 'static) {
        held(&hub.gate.inner).at_work += 1;
        let (gate, hub) = (Arc::clone(&hub.gate), Arc::clone(hub));
        std::thread::spawn(move || {
            let leaving = Leaving(gate);
            // It lets go of the hub first: whoever waits for its leaving ends the containers.
            let hub = hub;
            work(&hub);
            drop(hub);
            drop(leaving);
        });
    }

    /// Ends all background work, and waits for it.
    pub(super) fn end(&self) {
        held(&self.inner).is_over = true;
        self.changed.notify_all();
        let busy = |inner: &mut Inner| inner.at_work > 0;
        let waited =
            self.changed.wait_timeout_while(held(&self.inner), Duration::from_secs(30), busy);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

struct Leaving(Arc<Gate>);

impl Drop for Leaving {
    fn drop(&mut self) {
        held(&self.0.inner).at_work -= 1;
        self.0.changed.notify_all();
    }
}

/// A panic in another thread does not spoil what is kept.
pub(super) fn held<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
