//! What an environment on Coolify may say, and how each mistake is named.

use super::*;
use crate::deploy::Deploy;

/// The committed file without its keys.
fn committed() -> String {
    let whole = include_str!("../../../../../deploy.toml");
    whole.split_once("\n# Whose signatures").expect("keys stand last").0.to_owned()
}

fn mistakes(text: &str) -> String {
    Deploy::parse(text).unwrap_err().to_string()
}

/// The committed file with `text` below `[environments.production.coolify]`.
fn with(text: &str) -> String {
    let server = "server = \"localhost\"\n";
    let (before, after) = committed().rsplit_once(server).map(own).unwrap();
    format!("{before}{server}{text}{after}")
}

fn own((before, after): (&str, &str)) -> (String, String) {
    (before.to_owned(), after.to_owned())
}

#[test]
fn the_committed_servers_are_read_with_their_defaults() {
    let deploy = Deploy::parse(&committed()).unwrap();
    let production = &deploy.environments["production"];
    let coolify = production.coolify.as_ref().unwrap();
    assert_eq!(
        (coolify.environment.as_str(), coolify.destination.as_str()),
        ("production", "coolify")
    );
    assert_eq!((coolify.images_to_keep, coolify.cleanup.as_ref().unwrap().threshold), (5, 80));
    assert_eq!(coolify.token, SecretSource::Variable("PRODUCTION_COOLIFY_TOKEN".into()));
    let database = production.database.as_ref().unwrap();
    assert_eq!(database.direct(), &SecretSource::Variable("PRODUCTION_DIRECT_URL".into()));
    let staging = deploy.environments["staging"].coolify.as_ref().unwrap();
    assert_eq!((staging.environment.as_str(), &staging.cleanup), ("staging", &None));
}

#[test]
fn without_an_address_of_its_own_the_ledger_is_where_the_services_look() {
    let text = committed().replace("direct_url = \"env:PRODUCTION_DIRECT_URL\"\n", "");
    let deploy = Deploy::parse(&text).unwrap();
    let database = deploy.environments["production"].database.clone().unwrap();
    assert_eq!(database.direct(), &SecretSource::Variable("PRODUCTION_DATABASE_URL".into()));
}

#[test]
fn an_environment_that_is_backed_up_does_not_say_why_it_is_not() {
    let table = "[environments.production]\n";
    let text = committed().replace(table, &format!("{table}without_backup = \"it is new\"\n"));
    let said = mistakes(&text);
    assert!(said.contains("it has `backup` as well; say one of the two"), "{said}");
}

#[test]
fn every_mistake_of_a_server_is_named_at_once() {
    let more = "destination = \"a b\"\nimages_to_keep = 0\nenvironment = \"p\"\ntags = 1\n\
        [environments.production.coolify.storage]\nname = \"backups\"\nbucket = \" \"\n\
        endpoint = \"http://s3.example.org\"\nkey = \"AKIA\"\nsecret = \"generate\"\n\
        [environments.production.coolify.notifications]\nwebhook = \"https://hooks.example.org\"\n";
    let text = with(more)
        .replace("\"0 3 * * *\"", "\"daily\"")
        .replace("threshold = 80", "threshold = 100")
        .replace("\"env:PRODUCTION_COOLIFY_TOKEN\"", "\"generate\"")
        .replace("\"env:PRODUCTION_REDIS_URL\"", "\"generate\"")
        .replace("\"env:PRODUCTION_JWT_SECRET\"", "\"generate\"");
    insta::assert_snapshot!(mistakes(&text));
}

#[test]
fn a_token_does_not_go_out_in_the_open() {
    let with = |url: &str| committed().replace("https://coolify.nutri.app", url);
    let said = mistakes(&with("http://203.0.113.7:8000"));
    assert_eq!(said.matches("secrets in the open").count(), 2, "{said}");
    Deploy::parse(&with("http://127.0.0.1:8000")).unwrap();
}

#[test]
fn each_target_has_its_own_tables() {
    let text = committed();
    let local = "\n[environments.local.redis]\nurl = \"env:X\"\n";
    let said = mistakes(&format!("{text}{local}"));
    assert!(said.contains("`local` is a Docker target, which has no `redis`"), "{said}");
    let said =
        mistakes(&text.replace("environments.staging.coolify", "environments.local.coolify"));
    for wanted in [
        "`local` is a Docker target, which has no `coolify`",
        "`environments.staging.coolify`: missing; `staging` is a Coolify target and needs one",
    ] {
        assert!(said.contains(wanted), "{said}");
    }
    let said =
        mistakes(&text.replace("environments.local.backing", "environments.staging.backing"));
    assert!(said.contains("`staging` is a Coolify target, which has no `backing`"), "{said}");
}

#[test]
fn what_services_ask_for_is_asked_of_each_environment() {
    let text = committed()
        .replace("[environments.staging.redis]\nurl = \"env:STAGING_REDIS_URL\"\n", "")
        .replace("jwt = \"env:STAGING_JWT_SECRET\"", "");
    let said = mistakes(&text);
    for wanted in [
        "`environments.staging.redis`: no answer to `${redis.url}`, which a service asks for",
        "`environments.staging.secrets`: no answer to `${secrets.jwt}`, which a service asks for",
    ] {
        assert_eq!(said.matches(wanted).count(), 1, "{said}");
    }
}

#[test]
fn names_inside_the_network_are_labels_of_dns() {
    let (project, environment) = ("a-project-with-quite-a-long-name", "and-an-environment-as-well");
    let text = committed()
        .replace("project = \"nutri\"\n\n[s", &format!("project = \"{project}\"\n\n[s"))
        .replace("environments.staging", &format!("environments.{environment}"));
    let said = mistakes(&text);
    assert!(said.contains("-ml-service` is too long to be a name in the network"), "{said}");
    let said = mistakes(&committed().replace("environments.staging", "environments.Staging"));
    assert!(said.contains("`Staging` is not a name"), "{said}");
}

/// The committed file with `text` below `[environments.production]`, and with these keys.
fn asking(text: &str, keys: &str) -> String {
    let head = "[environments.production]\n";
    let signing = format!("[signing]\npublic_keys = [{keys}]\n\n");
    committed().replace(head, &format!("{head}{text}")) + "\n" + &signing
}

#[test]
fn what_is_committed_lets_nothing_onto_a_server_that_nobody_verified() {
    let deploy = Deploy::parse(include_str!("../../../../../deploy.toml")).unwrap();
    let demand = |name: &str| deploy.environments[name].demand(&deploy.signing);
    assert_eq!(demand("production"), Some(Demand::Demanded));
    assert_eq!(demand("staging"), Some(Demand::Demanded));
    assert_eq!(demand("local"), None);
}

#[test]
fn a_verdict_is_asked_for_where_keys_are_named_and_only_there() {
    let demand = |text: &str, keys: &str, name: &str| {
        let deploy = Deploy::parse(&asking(text, keys)).unwrap();
        deploy.environments[name].demand(&deploy.signing)
    };
    let key = "\"keys/a.pub\"";
    assert_eq!(demand("", "", "production"), Some(Demand::Optional));
    assert_eq!(demand("", key, "production"), Some(Demand::Demanded));
    assert_eq!(demand("", key, "local"), None);
    assert_eq!(demand("verdict = \"optional\"\n", key, "production"), Some(Demand::Optional));
    let deploy = Deploy::parse(&asking("builders = 2\n", "\"a.pub\", \"b.pub\"")).unwrap();
    let production = &deploy.environments["production"];
    assert_eq!((production.entry.builders, production.entry.verdict_hours), (2, 168));
}

#[test]
fn what_no_keys_could_fulfil_is_not_asked_for() {
    let said = mistakes(&asking("builders = 2\n", "\"a.pub\""));
    assert!(said.contains("wants 2 different keys; `signing.public_keys` names 1"), "{said}");
    let said = mistakes(&asking("verdict = \"demanded\"\n", ""));
    assert!(said.contains("nobody can sign one"), "{said}");
    let text = "builders = 2\nverdict = \"optional\"\n";
    let said = mistakes(&asking(text, "\"a.pub\", \"b.pub\""));
    assert!(said.contains("`builders` would not be held"), "{said}");
    let said = mistakes(&asking("builders = 0\nverdict = \"maybe\"\n", ""));
    assert!(said.contains("builders") && said.contains("`demanded` or `optional`"), "{said}");
}

/// The committed file with `text` as whom production tells.
fn telling(text: &str) -> String {
    format!("{}\n[environments.production.notify]\n{text}", committed())
}

#[test]
fn whom_we_tell_is_read_with_where_the_secrets_are() {
    let text = telling(
        "discord = \"env:HOOK\"\nslack = \"file:/run/slack\"\n\
         [environments.production.notify.github]\nrepository = \"acme/nutri\"\ntoken = \"env:T\"\n\
         [environments.production.notify.sentry]\nurl = \"https://de.sentry.io\"\n\
         organisation = \"acme\"\nprojects = [\"backend\"]\ntoken = \"env:S\"\n",
    );
    let deploy = Deploy::parse(&text).unwrap();
    let production = &deploy.environments["production"];
    assert_eq!(production.notify.github.as_ref().unwrap().url, "https://api.github.com");
    let names: Vec<String> = production.notify_sources().into_keys().collect();
    assert_eq!(
        names,
        ["notify.discord", "notify.github.token", "notify.sentry.token", "notify.slack"]
    );
    assert!(!production.sources().contains_key("notify.discord"), "no rollout waits for it");
    assert_eq!(deploy.environments["staging"].notify, Notify::default());
}

#[test]
fn every_mistake_about_whom_we_tell_is_named_and_no_address_is_repeated() {
    let text = telling(
        "discord = \"https://discord.example/api/webhooks/1/hunter2\"\nslack = \"generate\"\n\
         teams = \"env:X\"\n\
         [environments.production.notify.github]\nrepository = \"acme\"\ntoken = \"hunter2\"\n\
         url = \"http://github.example\"\n\
         [environments.production.notify.sentry]\norganisation = \"Acme Inc\"\nprojects = []\n",
    );
    let said = mistakes(&text);
    assert!(!said.contains("hunter2"), "{said}");
    insta::assert_snapshot!(said);
}
