//! The backend's image on the Node.js that comes next: one line of its definition, and it serves.

use crate::contract::{build, put_into_docker};
use crate::scratch::Scratch;

const DEFINITION: &str = "images/backend.toml";
const LINE: &str = "path = \"images/node\"";

pub(crate) fn images_serve_on_newer_nodes(scratch: &Scratch) {
    for (folder, version) in [("images/node-22", "v22."), ("images/node-24", "v24.")] {
        let definition = scratch.read(DEFINITION);
        assert_eq!(definition.matches(LINE).count(), 1, "the version is one line");
        scratch.write(DEFINITION, &definition.replace(LINE, &format!("path = \"{folder}\"")));
        build(scratch, &["backend"]);
        scratch.write(DEFINITION, &definition);
        let name = format!("{}-on-{}", scratch.project, &version[1..3]);
        let image = format!("{}/newer:{}", scratch.project, &version[1..3]);
        put_into_docker(scratch, "backend", &image);
        serves(scratch, &name, &image);
        let said = scratch.docker(&["exec", &name, "/usr/local/bin/node", "--version"]);
        assert!(said.starts_with(version), "{said}");
        scratch.docker(&["rm", "--force", &name]);
    }
}

/// In the place of the stack's backend, beside its database: its own check passes.
fn serves(scratch: &Scratch, name: &str, image: &str) {
    let stack = format!("{}-prod", scratch.project);
    let its = "label=com.docker.compose.service=backend";
    let mine = format!("label=com.docker.compose.project={stack}");
    let id = scratch.docker(&["ps", "--quiet", "--filter", &mine, "--filter", its]);
    let lines = "{{range .Config.Env}}{{println .}}{{end}}";
    let settings = format!("target/{name}.env");
    scratch.write(&settings, &scratch.docker(&["inspect", "--format", lines, &id]));
    let file = scratch.path(&settings).display().to_string();
    let network = format!("{stack}_data");
    let words = ["run", "--detach", "--name", name, "--read-only", "--network", &network];
    scratch.docker(&[&words[..], &["--env-file", &file, image]].concat());
    let state = "{{.State.Status}} {{.State.Health.Status}}";
    scratch.until(|| scratch.docker(&["inspect", "--format", state, name]) == "running healthy");
    scratch.remove(&settings);
}
