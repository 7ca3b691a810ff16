//! `docs`: the committed documents are what the program would write, and an edit by hand is found.

use super::world::World;
use serde_json::{Value, json};

#[test]
fn the_committed_documents_are_in_step() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    for document in xtask::docs::all() {
        let found = std::fs::read_to_string(format!("{root}/{}", document.path));
        let differs = document.differs_from(&found.unwrap_or_default());
        assert_eq!(differs, None, "`{}`; hint: cargo xtask docs", document.path);
    }
}

#[test]
fn an_edit_by_hand_is_shown_by_line_and_fixed() {
    let world = World::new();
    world.write("docs/README.md", "# Ours\n");
    world.write("docs/deployment/README.md", "# Ours\n");
    let written = world.run(&["docs"]);
    assert_eq!(written.code, Some(0), "{written:?}");
    assert_eq!(world.run(&["docs", "--check"]).stdout, "every document is in step\n");

    let page = std::fs::read_to_string(world.path("docs/cli.md")).unwrap_or_default();
    world.write("docs/cli.md", &page.replacen("# The command line", "# Commands", 1));
    let run = world.run(&["docs", "--check"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    let shown = "`docs/cli.md`, line 1:  wanted `# The command line`, found `# Commands`\n";
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (shown, "hint: cargo xtask docs\n"));

    let _said = world.run(&["docs"]).ends(0);
    let fixed = world.run(&["--json", "docs", "--check"]);
    let fixed: Value = serde_json::from_str(&fixed.stdout).unwrap_or_default();
    assert_eq!(fixed, json!({ "out_of_step": [], "written": false }));
}
