//! A server of the environments: a Coolify with its proxy over simulated containers. It pulls what
//! is in the registry and nothing else, as somebody who may read it; a container answers what it was
//! told when it was started, as our services do.

use serde_json::json;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use xtask::runtime;
use xtask_core::reference::Reference;
use xtask_core::secret::Secret;
use xtask_fakes::coolify::api::{Coolify, Options};
use xtask_fakes::coolify::update::proxy::Proxy;
use xtask_fakes::coolify::update::simulated::Image;
use xtask_fakes::coolify::update::{Containers as _, Simulated};
use xtask_fakes::http::{Admission, Handler, Request, Response, Server as Http};
use xtask_fakes::registry::READING_PASSWORD;
use xtask_registry::{Credentials, Registry};

pub(crate) struct Server {
    pub(crate) double: Coolify,
    pub(crate) proxy: Proxy,
    pub(crate) host: Arc<Simulated>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let host = Arc::new(Simulated::new());
        let (weak, running) = (Arc::downgrade(&host), Mutex::new(Vec::new()));
        host.pull_from(move |image| {
            is_in_registry(image).then(|| {
                let http = Http::start(Arc::new(Told { host: weak.clone(), image: image.into() }));
                let http = http.unwrap();
                let served = Some(http.host().parse().unwrap());
                running.lock().unwrap().push(http);
                Image { served, ..Image::without_shell().with_own_check() }
            })
        });
        let options = Options { limit: 1_000_000, ..Options::default() };
        let double = Coolify::start(options, host.clone());
        let proxy = Proxy::start(host.clone(), 0, Duration::from_millis(20)).unwrap();
        Self { double, proxy, host }
    }

    /// The release that each running container of `service` was started for.
    pub(crate) fn releases(&self, service: &str) -> Vec<String> {
        let all = self.host.all();
        let own = all.iter().filter(|it| it.image.contains(&format!("/{service}@")));
        own.map(|it| self.host.environment(&it.name).unwrap()["APP_VERSION"].clone()).collect()
    }
}

fn is_in_registry(image: &str) -> bool {
    let Ok(reference) = image.parse::<Reference>() else { return false };
    let (user, password) = ("octo".to_owned(), Secret::new(READING_PASSWORD));
    let ask = || {
        let credentials = Some(Credentials { user, password });
        let registry = Registry::new(reference.repository.registry(), credentials);
        runtime::wait(registry.head_manifest(&reference)).unwrap().is_some()
    };
    // Whoever pulls may wait for something of its own.
    std::thread::scope(|scope| scope.spawn(ask).join().unwrap())
}

struct Told {
    host: Weak<Simulated>,
    image: String,
}

impl Told {
    /// What the newest container of a fitting image was told.
    fn of(&self, fits: impl Fn(&str) -> bool) -> Option<String> {
        let host = self.host.upgrade()?;
        let newest = host.all().into_iter().find(|it| fits(&it.image))?;
        host.environment(&newest.name)?.get("APP_VERSION").cloned()
    }
}

impl Handler for Told {
    fn admit(&self, _head: &Request) -> Admission {
        Admission::Read
    }

    fn answer(&self, _request: &Request) -> Response {
        let own = self.of(|it| it == self.image);
        let ml = self.of(|it| it.contains("/ml-service@"));
        let status = json!({
            "status": "healthy", "version": own, "checks": { "ml_service": { "version": ml } },
        });
        Response::new(200).body(status.to_string())
    }
}
