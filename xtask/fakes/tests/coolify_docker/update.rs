//! What becomes of the containers, and what they see.

use crate::world::{Image, Row, Stop, World, app, job, own_check};
use xtask_fakes::coolify::update::{AppSpec, Delays, Limits};
use xtask_fakes::coolify::update::{Cleanup, Containers as _, EnvRow, Event, Status, stop};
use xtask_fakes::required;

#[test]
fn a_container_is_made_as_coolify_makes_it() {
    let world = required!(World::start());
    world.publish(&Image::good("v1"));
    let limits = Limits { memory: "64m".to_owned(), cpus: "0.5".to_owned(), ..Limits::default() };
    let aliases = Some("nutri-test-app".to_owned());
    let mut job = job(1, AppSpec { limits, aliases, ..app(&world, "v1") });
    let literal = |key: &str, value: &str| EnvRow {
        key: key.to_owned(),
        value: Some(value.to_owned()),
        literal: true,
        runtime: true,
        ..EnvRow::default()
    };
    job.env = vec![literal("PEM", "one\ntwo"), literal("QUOTED", "a\\'b $HOME")];
    assert_eq!(world.run(&job).statuses(), [Status::Finished]);
    let name = world.container(1);
    let seen = |command: &str| world.docker.exec(&name, command).output;
    assert_eq!(seen("echo \"$PEM-$QUOTED-$PORT-$HOST\""), "one\ntwo-a'b $HOME-3000-0.0.0.0\n");
    let inspected = |format: &str| world.docker(&["inspect", "--format", format, &name]);
    assert_eq!(inspected("{{.HostConfig.RestartPolicy.Name}}"), "unless-stopped");
    assert_eq!(inspected("{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}"), "67108864 500000000");
    assert_eq!(inspected("{{index .Config.Labels \"coolify.managed\"}}"), "true");
    let aliases = inspected("{{range .NetworkSettings.Networks}}{{.Aliases}}{{end}}");
    assert!(aliases.contains("nutri-test-app"), "{aliases}");
    assert_eq!(world.docker.all().len(), 1);
    let images = world.docker.images(&world.repository());
    assert_eq!(images.into_iter().map(|it| it.tag).collect::<Vec<_>>(), ["v1"]);
}

#[test]
fn whatever_fails_leaves_the_old_container() {
    let world = required!(World::start());
    world.publish(&Image::good("v1"));
    world.publish(&Image { healthy: false, ..Image::good("bad") });
    world.publish(&Image { crashes: true, ..Image::good("crash") });
    world.publish(&Image { healthy: false, own_check: true, ..Image::good("hcbad") });
    world.finishes(1, app(&world, "v1"));
    let bad = world.deploy(2, app(&world, "bad"));
    assert_eq!((bad.statuses(), world.running()), (vec![Status::Failed], vec![world.container(1)]));
    assert!(bad.has_said("start bad"), "its log is shown: {:?}", bad.said());
    for (number, app) in [
        (3, app(&world, "crash")),
        (4, own_check(app(&world, "hcbad"))),
        (5, own_check(app(&world, "v1"))),
        (6, app(&world, "missing")),
    ] {
        let row = world.deploy(number, app);
        assert_eq!(row.statuses(), [Status::Failed], "{number}: {:?}", row.said());
        assert_eq!(world.running(), [world.container(1)], "{number}");
    }
    let silent = AppSpec { image: "127.0.0.1:9/double/app".to_owned(), ..app(&world, "v1") };
    let row = world.deploy(7, silent);
    assert!(row.has_said("SSH connection failed. Retrying... (Attempt 2/3"), "{:?}", row.said());
    assert_eq!((row.statuses(), world.running()), (vec![Status::Failed], vec![world.container(1)]));
}

#[test]
fn a_late_cancel_leaves_two_and_a_stop_leaves_none() {
    let world = required!(World::start());
    world.publish(&Image { stop: Stop::Deaf, ..Image::good("v1") });
    let deaf = || AppSpec { stop_grace: Some(1), ..app(&world, "v1") };
    world.finishes(1, deaf());
    let row = Row::cancelled_after("Waiting for the start period");
    let row = world.deploy_with(2, deaf(), row);
    assert_eq!(
        (row.statuses(), world.running()),
        (vec![], vec![world.container(2), world.container(1)])
    );
    world.finishes(3, deaf());
    assert_eq!(world.running(), [world.container(3)]);
    stop(&world.uuid(), 1, Cleanup::WholeHost, &*world.docker, &Delays::of_coolify(0.0));
    assert_eq!((world.running(), world.docker.events()), (Vec::new(), vec![Event::HostPruned]));
}

#[test]
fn nothing_of_a_run_stays_and_nothing_else_is_touched() {
    let world = required!(World::start());
    world.publish(&Image::good("v1"));
    world.finishes(1, app(&world, "v1"));
    // A stranger with a name that Coolify could have given.
    let name = format!("stranger-{}", std::process::id());
    let image = format!("{}:v1", world.repository());
    world.docker(&["create", "--name", &name, &image]);
    assert!(!world.docker.stop(&name, std::time::Duration::ZERO));
    assert!(!world.docker.remove(&name));
    assert!(world.docker.exec(&name, "id").output.contains("No such container"));
    world.docker(&["rm", &name]);
    let label = format!("label={}", world.docker.label());
    assert_eq!(world.docker.all().len(), 1);
    let World { docker, registry, .. } = world;
    drop(docker);
    let again = required!(World::start());
    assert_eq!(again.docker(&["ps", "--all", "--quiet", "--filter", &label]), "");
    assert_eq!(again.docker(&["network", "ls", "--quiet", "--filter", &label]), "");
    assert_eq!(again.docker(&["images", "--quiet", &format!("{}/double/app", registry.host)]), "");
}
