//! Every verb that is handed the secrets of an environment, whether it succeeds or fails, with as
//! much told as can be: none of them is left anywhere.

use super::town::{Backend, Town};
use crate::canary::{Canary, noting};
use crate::postgres::server::Cluster;
use crate::world::Run;
use xtask_fakes::required;

struct Watched<'a> {
    town: Town<'a>,
    canary: Canary,
    variables: Vec<(&'static str, String)>,
}

impl<'a> Watched<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        let (mut town, mut canary) = (Town::new(cluster, "root"), Canary::default());
        town.world = noting(town.world, &["git", "docker", "sh"]);
        canary.watch(&town.double.token("root"));
        let redis = format!("rediss://default:{}@cache.example.org", canary.plant("redis"));
        let variables = vec![
            ("PRODUCTION_JWT_SECRET", canary.plant("jwt")),
            ("PRODUCTION_JWT_SECRET_PREVIOUS", canary.plant("previous")),
            ("PRODUCTION_REDIS_URL", redis),
            ("REGISTRY_TOKEN", canary.plant("registry")),
            ("GITHUB_TOKEN", canary.plant("github")),
        ];
        Self { town, canary, variables }
    }

    fn run_with(&self, args: &[&str], more: &[(&str, &str)]) -> Run {
        let own = self.variables.iter().map(|(name, value)| (*name, value.as_str()));
        let variables: Vec<(&str, &str)> = own.chain(more.iter().copied()).collect();
        self.canary.run_with(&self.town.world, args, &variables)
    }

    fn run(&self, words: &str) -> Run {
        self.run_with(&words.split(' ').collect::<Vec<_>>(), &[])
    }
}

#[test]
fn no_verb_leaves_a_secret_anywhere_whether_it_succeeds_or_fails() {
    let cluster = required!(Cluster::new());
    let mut watched = Watched::new(&cluster);
    watched.town.release("r1", Backend::Good);
    watched.town.release("r2", Backend::Good);
    watched.town.release("r3", Backend::Unready);
    for (words, code) in [
        ("infra plan production", 3),
        ("rollout production r1 --apply", 4),
        ("infra apply production --apply", 0),
        ("infra drift production", 0),
        ("infra import production", 3),
        ("migrate plan production", 3),
        ("rollout production r1 --dry-run", 3),
        ("rollout production r1 --apply", 0),
        ("secrets sync production", 0),
        ("secrets check production", 3),
        ("secrets list production", 0),
        ("secrets rotate production jwt", 4),
        ("rollout production r2 --apply", 0),
        ("rollout production r3 --apply", 5),
        ("status production", 0),
        ("--json status production", 0),
        ("audit list production", 0),
        ("release list production", 0),
        ("rollback production --apply", 0),
    ] {
        let run = watched.run(words);
        assert_eq!(run.code, Some(code), "{words}: {run:?}");
    }
    let run = watched.run("preflight production");
    assert!(run.code.is_some(), "{run:?}");
    let broken = [
        ("PRODUCTION_DATABASE_URL", "postgres://nutri:hunter2-7f3c19@127.0.0.1:9/nutri"),
        ("PRODUCTION_DIRECT_URL", "postgres://nutri:hunter2-7f3c19@127.0.0.1:9/nutri"),
        ("PRODUCTION_COOLIFY_TOKEN", "1|token-that-nobody-gave-7f3c19"),
    ];
    watched.canary.watch("hunter2-7f3c19");
    watched.canary.watch("token-that-nobody-gave-7f3c19");
    for words in ["rollout production r1 --apply", "audit production", "infra plan production"] {
        let args: Vec<&str> = words.split(' ').collect();
        for at in 0..broken.len() {
            let run = watched.run_with(&args, &broken[at..=at]);
            assert!(run.code.is_some(), "{words}: {run:?}");
        }
    }
}
