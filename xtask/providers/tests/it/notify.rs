//! Webhooks: what is posted arrives, what is refused is said, and the address is never shown.

use serde_json::{Value, json};
use xtask_core::secret::Secret;
use xtask_core::ship::ledger::Action;
use xtask_core::ship::notify::{Ending, Message, Requests, Told, discord, slack};
use xtask_fakes::causes::with_causes;
use xtask_fakes::discord::FakeDiscord;
use xtask_fakes::faults::Fault;
use xtask_fakes::slack::FakeSlack;
use xtask_http::{Client, Settings};
use xtask_providers::call::{Error, Kind, Unanswered};
use xtask_providers::notify::{Discord, Slack};

fn client() -> Client {
    Client::new(Settings::of(|_| None))
}

fn discord_at(url: &str) -> Discord {
    Discord::new(client(), &Secret::new(url))
}

fn slack_at(url: &str) -> Slack {
    Slack::new(client(), Secret::new(url))
}

/// A change whose every text tries to be more than a text, with `phases` that all take long.
fn hostile(word: &str) -> Message {
    let told = Told {
        project: word.repeat(50),
        environment: word.repeat(50),
        url: "https://api.example".into(),
        action: Action::Rollback,
        from: Some(word.repeat(400)),
        to: word.repeat(400),
        commit: word.repeat(400),
        who: word.repeat(400),
        began: word.repeat(400),
        ended: String::new(),
        ending: Ending::Failed { phase: word.repeat(50), error: word.repeat(10_000) },
        requests: Some(Requests { sent: 1, lost: 1, is_void: false }),
        phases: vec![(word.repeat(400), 1)],
        run_url: Some("https://ci.example/7".into()),
    };
    Message::of(&told)
}

const WORDS: [&str; 9] = [
    "@everyone ",
    "<@1>",
    "`",
    "\u{1f468}\u{200d}\u{1f680}",
    "&<>",
    "\u{202e}\u{5d0}",
    "*_~|\\",
    "\u{200b}",
    "\n",
];

#[tokio::test]
async fn whatever_the_words_are_both_take_the_message_and_nobody_is_called() {
    let (fake_discord, fake_slack) = (FakeDiscord::start(), FakeSlack::start());
    for word in WORDS {
        let message = hostile(word);
        let id = discord_at(&fake_discord.webhook()).post(&discord::body(&message)).await;
        assert!(!id.unwrap().is_empty(), "{word:?}");
        slack_at(&fake_slack.webhook()).post(&slack::body(&message)).await.unwrap();
    }
    assert_eq!((fake_discord.messages().len(), fake_slack.messages().len()), (9, 9));
    assert!(fake_discord.messages().iter().all(|it| it["pings"] == json!(false)));
}

#[tokio::test]
async fn the_doubles_refuse_what_the_real_ones_do() {
    let (fake_discord, fake_slack) = (FakeDiscord::start(), FakeSlack::start());
    let discord = discord_at(&fake_discord.webhook());
    let embed = |key: &str, count| json!({ "embeds": [{ key: "x".repeat(count) }] });
    let wide = json!({ "embeds": [{ "description": "x".repeat(4000) }, { "description": "x".repeat(2001) }] });
    for body in [
        json!({}),
        embed("title", 257),
        embed("description", 4097),
        wide,
        json!({ "content": "x".repeat(2001) }),
    ] {
        let error = discord.post(&body).await.unwrap_err();
        assert_eq!((error.kind(), error.status().unwrap().as_u16()), (&Kind::Invalid, 400));
    }
    let fits = json!({ "content": "\u{1f680}".repeat(2000) });
    discord.post(&fits).await.unwrap();
    discord.post(&json!({ "content": "@everyone" })).await.unwrap();
    assert_eq!(fake_discord.messages()[1]["pings"], json!(true), "the double would notice");
    let slack = slack_at(&fake_slack.webhook());
    let section = |count: usize| json!({ "type": "section", "text": { "type": "mrkdwn", "text": "x".repeat(count) } });
    for (blocks, word) in [
        (vec![section(3001)], "invalid_blocks"),
        (vec![section(2900); 5], "msg_blocks_too_long"),
        (Vec::new(), "no_text"),
    ] {
        let error = slack.post(&json!({ "blocks": blocks })).await.unwrap_err();
        assert!(error.in_one_line().ends_with(&format!("Slack said: {word}")), "{error:?}");
    }
}

/// Everything that can be printed of an error.
fn shown(error: &Error) -> String {
    format!("{} {} {error:?}", with_causes(error), error.in_one_line())
}

#[tokio::test]
async fn no_error_holds_the_address_whatever_is_wrong() {
    let fake = FakeDiscord::start();
    let closed = "http://127.0.0.1:1/api/webhooks/131/Zq8Xw3Yv5Ut7Sr9P?thread_id=5";
    let canary = "Zq8Xw3Yv5Ut7Sr9P";
    let base = fake.url();
    let addresses = [
        closed.to_owned(),
        format!("{base}/api/webhooks/9/{canary}"),
        format!("{base}/api/webhooks/1311111111111111111/{canary}"),
        format!("{base}/{canary}"),
        format!("http://hooks.example/{canary}"),
        format!("ftp://{base}/{canary}"),
        format!("https://a b/{canary}"),
        canary.to_owned(),
        String::new(),
    ];
    for url in &addresses {
        let body = json!({ "content": "x" });
        let errors = [
            discord_at(url).post(&body).await.unwrap_err(),
            slack_at(url).post(&body).await.unwrap_err(),
        ];
        for error in errors {
            assert!(!shown(&error).contains("Zq8X"), "{url}: {}", shown(&error));
            assert!(shown(&error).contains("its webhook"), "{url}: {}", shown(&error));
        }
        assert!(!format!("{:?} {:?}", discord_at(url), slack_at(url)).contains("Zq8X"));
    }
    let quoting = Fault::answer(400, json!({ "message": format!("bad {canary}") }).to_string());
    fake.fail([quoting, Fault::answer(502, format!("<html>{canary}</html>"))]);
    for _ in 0..2 {
        let error = discord_at(&format!("{base}/api/webhooks/1/{canary}")).post(&json!({})).await;
        assert!(!shown(&error.unwrap_err()).contains("Zq8X"));
    }
}

#[tokio::test]
async fn what_was_refused_is_said_in_the_providers_words() {
    let (fake_discord, fake_slack) = (FakeDiscord::start(), FakeSlack::start());
    let body = json!({ "content": "x", "text": "x" });
    let gone = format!("{}/api/webhooks/7/x", fake_discord.url());
    let error = discord_at(&gone).post(&body).await.unwrap_err();
    assert_eq!(
        error.in_one_line(),
        "failed to tell Discord (POST its webhook answered 404): there is no such thing, or not \
         for us: Discord said: Unknown Webhook"
    );
    let gone = format!("{}/services/T0FAKE/B0FAKE/x", fake_slack.url());
    let error = slack_at(&gone).post(&body).await.unwrap_err();
    assert!(error.in_one_line().ends_with("Slack said: invalid_token"), "{error:?}");
}

#[tokio::test]
async fn a_limit_is_waited_for_if_it_is_short_and_nothing_is_told_twice() {
    let fake = FakeDiscord::start();
    let body = json!({ "content": "x" });
    let limited = |seconds: f64| {
        let said = json!({ "message": "You are being rate limited.", "retry_after": seconds, "global": false });
        Fault::answer(429, said.to_string())
            .with("Retry-After", "1")
            .with("X-RateLimit-Remaining", "0")
    };
    fake.fail([limited(0.01), limited(0.02)]);
    discord_at(&fake.webhook()).post(&body).await.unwrap();
    fake.fail([limited(3600.0)]);
    let error = discord_at(&fake.webhook()).post(&body).await.unwrap_err();
    assert!(matches!(error.kind(), Kind::TooMany { .. }), "{error:?}");
    assert!(error.to_string().ends_with("too many requests were sent; the next one in 3600 s"));
    assert_eq!(fake.messages().len(), 1);
    fake.fail([Fault::answer(500, "oops")]);
    let error = discord_at(&fake.webhook()).post(&body).await.unwrap_err();
    assert_eq!(error.kind(), &Kind::ServerError { retry_after: None }, "it may have been kept");
    fake.fail([Fault::cut()]);
    let error = discord_at(&fake.webhook()).post(&body).await.unwrap_err();
    assert_eq!(error.kind(), &Unanswered::Unreachable.into());
    assert_eq!(fake.messages().len(), 1);
}

#[tokio::test]
async fn success_that_is_none_is_not_taken_for_one() {
    let (fake_discord, fake_slack) = (FakeDiscord::start(), FakeSlack::start());
    let page = || Fault::answer(200, "<html>Sign in</html>");
    fake_discord.fail([page(), Fault::answer(302, "").with("Location", "/x")]);
    fake_slack.fail([page(), Fault::answer(302, "").with("Location", "/x")]);
    let body: Value = json!({ "content": "x", "text": "x" });
    for kind in [Unanswered::NotUnderstood.into(), Kind::Unexpected] {
        assert_eq!(
            discord_at(&fake_discord.webhook()).post(&body).await.unwrap_err().kind(),
            &kind
        );
        assert_eq!(slack_at(&fake_slack.webhook()).post(&body).await.unwrap_err().kind(), &kind);
    }
}
