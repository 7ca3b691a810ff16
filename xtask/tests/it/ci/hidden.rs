//! Changes that git does not show of itself: they affect tasks, and are cached by none.

use super::*;

#[test]
fn an_edit_that_git_was_told_not_to_see_is_a_change() {
    let fakes = Fakes::new();
    let main = "services/backend/src/main.ts";
    fakes.git(&["update-index", "--assume-unchanged", main]);
    let args = ["--affected-by", "main", "--explain"];
    assert!(!fakes.passes(&args).0.contains(main), "it is not edited");
    fakes.world.write(main, "// edited");
    let (output, _) = fakes.passes(&args);
    assert!(output.contains(&format!("runs: changed: {main}")), "{output}");
}

#[test]
fn another_commit_of_a_submodule_is_a_change_of_its_files() {
    let fakes = Fakes::new();
    let inside = "services/backend/src/inside";
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=a", "-c", "user.email=a@b.invalid"];
        let mut git = Command::new("git");
        git.args(who).args(args).current_dir(fakes.world.path(inside));
        assert!(git.status().unwrap().success(), "{args:?}");
    };
    fakes.world.write(&format!("{inside}/deep.ts"), "// 1");
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "-m", "one"]);
    fakes.commit();
    fakes.git(&["branch", "before"]);
    let only = ["--only", "eslint"];
    fakes.passes(&only);
    assert_eq!(fakes.passes(&only).1, "", "it is cached");

    fakes.world.write(&format!("{inside}/deep.ts"), "// 2");
    git(&["commit", "--quiet", "--all", "-m", "two"]);
    fakes.commit();
    assert!(fakes.passes(&only).1.contains("lint"), "it looks at other files");
    let (output, _) = fakes.passes(&["--affected-by", "before", "--explain"]);
    assert!(output.contains(&format!("{inside}/deep.ts")), "{output}");
}
