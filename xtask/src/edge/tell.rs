//! Those who are told of a rollout: webhooks, GitHub, Sentry. An error is one line for a person,
//! and holds no secret.

use std::time::Duration;
use xtask_core::deploy::{NotifyGitHub, NotifySentry};
use xtask_core::secret::Secret;
use xtask_core::ship::notify::github::{self, State};
use xtask_core::ship::notify::{Ending, Message, Told, discord, sentry, slack};
use xtask_http::{Client, Settings};
use xtask_providers::call::{EXCHANGE_LIMIT, Error};
use xtask_providers::github::{Deployments, NewDeployment, NewStatus};
use xtask_providers::notify::{Discord, Slack};
use xtask_providers::sentry::{Commit, Deploy, Sentry};

/// As far back as one looks for the deployment that served before.
const LOOKED_AT: u8 = 10;

fn client() -> Client {
    let mut settings = Settings::of_environment().within(EXCHANGE_LIMIT);
    settings.limits.connect = Duration::from_secs(5);
    Client::new(settings)
}

fn line(error: &Error) -> String {
    error.in_one_line()
}

/// Posts to a webhook of Discord.
pub async fn discord(url: Secret, message: Message) -> Result<(), String> {
    let posted = Discord::new(client(), &url).post(&discord::body(&message)).await;
    posted.map(drop).map_err(|error| line(&error))
}

/// Posts to a webhook of Slack.
pub async fn slack(url: Secret, message: Message) -> Result<(), String> {
    let posted = Slack::new(client(), url).post(&slack::body(&message)).await;
    posted.map_err(|error| line(&error))
}

/// Makes a deployment and says how it ended; what served before becomes inactive.
pub async fn github(place: NotifyGitHub, token: Secret, told: Told) -> Result<(), String> {
    let all = Deployments::new(client(), &place.url, &place.repository, token);
    deployed(&all, &told).await.map_err(|error| line(&error))
}

async fn deployed(all: &Deployments, told: &Told) -> Result<(), Error> {
    let description = github::description(told);
    let is_production = told.environment == "production";
    let new = NewDeployment {
        commit: told.commit.clone(),
        environment: told.environment.clone(),
        description: description.clone(),
        production_environment: is_production,
    };
    let status = |state| NewStatus {
        state,
        description: description.clone(),
        environment_url: told.url.clone(),
        log_url: told.run_url.clone(),
    };
    let made = all.create(&new).await?;
    all.say(made, &status(State::InProgress)).await?;
    all.say(made, &status(State::of(&told.ending))).await?;
    if told.ending == Ending::Done && is_production {
        // Elsewhere GitHub does it itself.
        for earlier in all.newest(&told.environment, LOOKED_AT).await? {
            if earlier != made && all.serves(earlier).await? {
                all.say(earlier, &status(State::Inactive)).await?;
            }
        }
    }
    Ok(())
}

/// Makes the release with its commits and, if it serves, says where it was deployed.
pub async fn sentry(
    place: NotifySentry,
    token: Secret,
    told: Told,
    commits: Vec<sentry::Commit>,
) -> Result<(), String> {
    let sentry = Sentry::new(client(), &place.url, &place.organisation, token);
    let commits: Vec<Commit> = commits.into_iter().map(commit).collect();
    released(&sentry, &place, &told, &commits).await.map_err(|error| line(&error))
}

async fn released(
    sentry: &Sentry,
    place: &NotifySentry,
    told: &Told,
    commits: &[Commit],
) -> Result<(), Error> {
    let version = sentry::version(told);
    sentry.release(&version, &place.projects, commits).await?;
    if told.ending != Ending::Done {
        return Ok(());
    }
    sentry.finalise(&version, &told.ended).await?;
    let deploy = Deploy {
        environment: sentry::environment(told),
        url: told.url.clone(),
        date_started: told.began.clone(),
        date_finished: told.ended.clone(),
    };
    sentry.deploy(&version, &deploy).await.map(drop)
}

fn commit(commit: sentry::Commit) -> Commit {
    let sentry::Commit { id, author, at, subject } = commit;
    Commit { id, message: subject, author_name: author, timestamp: at }
}
