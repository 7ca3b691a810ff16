//! Our client of Hetzner Cloud against the double: pages, limits, and answers that do not come.

use std::time::Duration;
use xtask_core::secret::Secret;
use xtask_fakes::causes::with_causes;
use xtask_fakes::faults::Fault;
use xtask_fakes::hetzner::{FakeHetzner, READ_ONLY, TOKEN, Trouble};
use xtask_http::{Client, Settings as Http};
use xtask_providers::call::Unanswered;
use xtask_providers::hetzner::{Error, FirewallRule, Hetzner, Kind, NewServer, Settings};

fn hetzner(fake: &FakeHetzner, token: &str) -> Hetzner {
    let settings = Settings { unit: Duration::from_millis(2), tries: 5 };
    Hetzner::new(Client::new(Http::of(|_| None)), &fake.url(), Secret::new(token), settings)
}

async fn create(client: &Hetzner) -> Result<u64, Error> {
    let new = NewServer {
        name: "web",
        server_type: "cx33",
        location: "fsn1",
        image: 114_690_000,
        ssh_keys: &[],
        firewalls: &[],
        user_data: "",
        labels: &[].into(),
    };
    client.create_server(&new).await.map(|it| it.server.id)
}

fn key(number: usize) -> String {
    use base64::Engine as _;
    let mut bytes = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20".to_vec();
    bytes.extend([0; 28]);
    bytes.extend(u32::try_from(number).unwrap().to_be_bytes());
    format!("ssh-ed25519 {}", base64::engine::general_purpose::STANDARD.encode(bytes))
}

#[tokio::test]
async fn lists_are_read_to_their_last_page() {
    let fake = FakeHetzner::start();
    for number in 0..120 {
        fake.change(|state| state.plant_ssh_key(&format!("key-{number}"), &key(number)));
    }
    let client = hetzner(&fake, TOKEN);
    assert_eq!(client.ssh_keys().await.unwrap().len(), 120);
    assert_eq!(client.images("debian-12").await.unwrap().len(), 2);
    assert_eq!(client.server_types().await.unwrap().len(), 6);
    assert_eq!(client.pricing().await.unwrap().currency, "EUR");
}

#[tokio::test]
async fn a_bucket_that_is_empty_is_waited_for_and_nothing_is_sent_in_vain() {
    let fake = FakeHetzner::start();
    fake.change(|state| {
        state.set_limit(2);
        // Two requests are one second, in which one is granted.
        state.tick = 500;
    });
    let client = hetzner(&fake, TOKEN);
    for _ in 0..8 {
        client.pricing().await.unwrap();
    }
    let asked = fake.state().requests.len();
    assert!((9..=20).contains(&asked), "{asked}");
}

#[tokio::test]
async fn what_buys_is_sent_once_and_its_error_says_that_it_may_be_done() {
    for trouble in [
        Trouble::CutAfterwards,
        Trouble::Afterwards(Fault::answer(504, r#"{"error":{"code":"timeout","message":"t"}}"#)),
        Trouble::Afterwards(Fault::answer(502, "<html>")),
        Trouble::Afterwards(Fault::answer(201, r#"{"server":"#)),
    ] {
        let fake = FakeHetzner::start();
        fake.change(|state| {
            state.is_unique = false;
            state.trouble("POST", "/servers", trouble.clone());
        });
        let error = create(&hetzner(&fake, TOKEN)).await.unwrap_err();
        assert!(error.may_be_done(), "{trouble:?}: {error:?}");
        assert_eq!(fake.state().servers_made, 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn what_was_refused_before_it_was_begun_is_sent_again() {
    let limit = r#"{"error":{"code":"rate_limit_exceeded","message":"slow"}}"#;
    let conflict = r#"{"error":{"code":"conflict","message":"again"}}"#;
    let fake = FakeHetzner::start();
    fake.change(|state| {
        let fault = Fault::answer(429, limit).with("Retry-After", "1");
        state.trouble("POST", "/servers", Trouble::Instead(fault));
        state.trouble("POST", "/servers", Trouble::Instead(Fault::answer(409, conflict)));
    });
    create(&hetzner(&fake, TOKEN)).await.unwrap();
    assert_eq!((fake.state().servers_made, fake.state().writes().len()), (1, 3));
}

#[tokio::test]
async fn what_changes_nothing_twice_is_asked_again_until_it_is_answered() {
    let fake = FakeHetzner::start();
    fake.change(|state| {
        for fault in [Fault::cut(), Fault::answer(503, ""), Fault::answer(502, "<html>")] {
            state.trouble("GET", "/servers", Trouble::Instead(fault));
        }
    });
    assert!(hetzner(&fake, TOKEN).servers().await.unwrap().is_empty());
    assert_eq!(fake.state().requests.len(), 4);
}

#[tokio::test]
async fn refusals_are_told_apart_and_hold_no_token() {
    let fake = FakeHetzner::start();
    fake.change(|state| state.catalogue.out_of_stock.push(("cx33", "fsn1")));
    let error = create(&hetzner(&fake, TOKEN)).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::OutOfStock);
    let said = "failed to ask Hetzner (POST /v1/servers answered 412): it is out of stock\n  caused \
                by: Hetzner said: server type is out of stock (resource_unavailable)";
    assert_eq!(with_causes(&error), said);
    let error = create(&hetzner(&fake, READ_ONLY)).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::ReadOnly);
    let error = create(&hetzner(&fake, "hunter2-hunter2")).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::Unauthenticated);
    assert!(!format!("{error:?} {:?}", hetzner(&fake, "hunter2")).contains("hunter2"));
    fake.change(|state| {
        state.catalogue.out_of_stock.clear();
        state.servers_most = 0;
    });
    let error = create(&hetzner(&fake, TOKEN)).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::Limit(vec!["server_limit".to_owned()]));
    assert!(!error.may_be_done());
}

#[tokio::test]
async fn only_an_action_that_ended_well_means_that_there_is_a_server() {
    let fake = FakeHetzner::start();
    fake.change(|state| state.fails_to_place = true);
    let client = hetzner(&fake, TOKEN);
    let id = create(&client).await.unwrap();
    assert!(client.server(id).await.unwrap().is_some(), "it is listed before it is placed");
    let error = client.actions(&[999]).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::NotFound, "an action that is missing does not go on");
    fake.change(|state| state.advance(10_000));
    assert_eq!(client.server(id).await.unwrap(), None);
}

#[tokio::test]
async fn a_firewall_is_put_in_force_where_it_is_already() {
    let fake = FakeHetzner::start();
    let client = hetzner(&fake, TOKEN);
    let rule = FirewallRule {
        direction: "in".into(),
        protocol: "tcp".into(),
        port: Some("22".into()),
        source_ips: vec!["0.0.0.0/0".into()],
        destination_ips: Vec::new(),
    };
    let firewall = client.create_firewall("outer", &[rule], &[].into()).await.unwrap();
    let server = create(&client).await.unwrap();
    fake.change(|state| state.advance(10_000));
    for wanted in [1, 0] {
        let begun = client.apply_firewall(firewall.id, server).await.unwrap();
        assert_eq!(begun.len(), wanted);
        assert!(client.wait(&begun, 30).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_token_does_not_travel_in_the_open() {
    let client = Client::new(Http::of(|_| None));
    let token = Secret::new(TOKEN);
    let client = Hetzner::new(client, "http://api.example.org", token, Settings::default());
    assert_eq!(*client.servers().await.unwrap_err().kind(), Unanswered::InTheOpen.into());
}
