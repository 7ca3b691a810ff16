//! What the containers of a town answer.

use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use xtask_fakes::coolify::update::{Containers as _, Simulated};
use xtask_fakes::http::{Admission, Handler, Request, Response};

/// What a container of one image answers: what it was told, as our own services do.
pub(super) struct Told {
    pub(super) host: Arc<Simulated>,
    pub(super) image: String,
    /// Of an image that was built from old code: what it answers whatever it is told.
    pub(super) fixed: Option<&'static str>,
    /// Whether it says that it is not ready.
    pub(super) is_sick: Arc<AtomicBool>,
}

impl Told {
    fn of(&self, fits: impl Fn(&str) -> bool) -> Option<String> {
        let all = self.host.all();
        let newest = all.iter().find(|it| fits(&it.image))?;
        self.host.environment(&newest.name)?.get("APP_VERSION").cloned()
    }
}

impl Handler for Told {
    fn admit(&self, _head: &Request) -> Admission {
        Admission::Read
    }

    fn answer(&self, request: &Request) -> Response {
        if request.path.ends_with("/ready") && self.is_sick.load(Ordering::Relaxed) {
            return Response::new(503);
        }
        let own = self.fixed.map(ToOwned::to_owned).or_else(|| self.of(|it| it == self.image));
        let ml = self.of(|it| it.contains("/ml-service@"));
        let status = json!({
            "status": "healthy", "version": own, "checks": { "ml_service": { "version": ml } },
        });
        Response::new(200).body(status.to_string())
    }
}
