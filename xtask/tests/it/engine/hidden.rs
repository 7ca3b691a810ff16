//! The secrets of this machine, and every verb that hands them to an engine: neither a word that
//! `docker` is called with, nor a file but the one that keeps them, nor anything that is said.

use super::{DOCKER, OURS, engine_with_a_foreign_image};
use crate::canary::Canary;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn no_verb_of_docker_leaves_a_secret_in_an_argument_a_log_or_a_file() {
    let (engine, mut canary) = (engine_with_a_foreign_image(), Canary::default());
    engine.has("volume", "nutri-postgres", OURS);
    let secrets = engine.world.path("../state/nutri/local/secrets.json");
    std::fs::create_dir_all(secrets.parent().unwrap()).unwrap();
    let (database, jwt) = (canary.plant("database"), canary.plant("jwt"));
    let text = serde_json::json!({ "database": database, "jwt": jwt }).to_string();
    std::fs::write(&secrets, text).unwrap();
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o600)).unwrap();
    canary.are_kept_in(&secrets);
    // A cluster lies in the volume, so containers are started and told what they need; this engine
    // then refuses them, so that nobody waits for what they would serve.
    let noted = "echo \"$*\" >> \"$here/changes\"";
    let looks = format!(
        "  \"run --rm\") {noted}; echo \"whole 15\" ;;\n  \"run --detach\") {noted}; exit 125 ;;\n  *) "
    );
    let docker = engine.world.path("../bin/docker");
    std::fs::write(docker, DOCKER.replace("  *) ", &looks)).unwrap();
    for words in [
        "status",
        "--json status",
        "logs backend",
        "verify",
        "audit list",
        "preflight local",
        "rollback local",
        "rollout local 0123456789ab",
        "secrets check local",
        "secrets list local",
        "down",
    ] {
        let args: Vec<&str> = words.split(' ').collect();
        let run = canary.run(&engine.world, &args);
        assert!(run.code.is_some(), "{words}: {run:?}");
    }
    // What was looked for could have been there: an engine was told to run what needs them.
    let changes = engine.changes();
    assert!(changes.contains("--name nutri-postgres"), "{changes}");
}
