//! The names that images and their layers may have.

use super::NATIVE_SUFFIX;
use crate::platform::Platform;
use crate::reference::is_component;
use crate::ship::release::RELEASES_REPOSITORY;

const WANTED: &str = "wanted lowercase letters and digits, with single `-`, `.` or `_` inside";

/// What is wrong with the name of an image, which is its last part in every registry.
pub(crate) fn flaw(name: &str) -> Option<String> {
    if name == RELEASES_REPOSITORY {
        return Some("is the repository of releases, beside those of images".to_owned());
    }
    if !is_component(name) {
        return Some(format!("is not the name of an image: {WANTED}"));
    }
    let platforms = Platform::ALL.map(|platform| format!("-{}", platform.architecture()));
    let taken = platforms.iter().find(|suffix| name.ends_with(suffix.as_str()))?;
    Some(format!("ends in `{taken}`, by which the layout tells the platforms of an image apart"))
}

/// What is wrong with the name of a layer.
pub(super) fn layer_flaw(name: &str) -> Option<String> {
    if !is_component(name) {
        return Some(format!("is not the name of a layer: {WANTED}"));
    }
    let taken = name.ends_with(NATIVE_SUFFIX);
    taken.then(|| format!("ends in `{NATIVE_SUFFIX}`, as the native layer of a split one does"))
}

#[cfg(test)]
mod tests {
    use crate::image::definition::Definition;

    const REST: &str = "[config]\nuser = \"1:1\"\nentrypoint = [\"/a\"]\n\
                        working_directory = \"/\"\n[budget]\nunpacked_mb = 1\n";

    fn layer(name: &str) -> String {
        format!("[[layer]]\nname = \"{name}\"\nkind = \"debian\"\npackages = [\"dash\"]\n")
    }

    fn mistakes(name: &str, layers: &[&str]) -> String {
        let text = layers.iter().map(|it| layer(it)).collect::<String>() + REST;
        let read = Definition::parse(name, "x.toml", &text);
        read.map_or_else(|findings| findings.to_string(), |_| String::new())
    }

    #[test]
    fn an_image_that_no_registry_takes_and_one_that_hides_another_is_refused() {
        for name in ["Backend", "a b", "a/b", "-a", "a_", "a..b", "a___b", "a-amd64", "releases"] {
            let message = mistakes(name, &["one"]);
            assert!(message.starts_with(&format!("x.toml:1: `(name)`: `{name}` ")), "{message}");
            assert!(message.ends_with("; choose another name for the file"), "{message}");
        }
        for name in ["a", "ml-service", "a--b", "a.b_c__d", "amd64", "0"] {
            assert_eq!(mistakes(name, &["one"]), "");
        }
    }

    #[test]
    fn two_layers_of_one_name_are_refused_in_the_file_and_over_the_base() {
        insta::assert_snapshot!(mistakes("x", &["one", "two", "one", "two-native", "Three"]), @"
        x.toml:10: `layer[2].name`: `one` is the name of a layer above; choose another name
        x.toml:14: `layer[3].name`: `two-native` ends in `-native`, as the native layer of a split one does
        x.toml:18: `layer[4].name`: `Three` is not the name of a layer: wanted lowercase letters and digits, with single `-`, `.` or `_` inside
        ");
        let above = Definition::parse("x", "x.toml", &(layer("one") + &layer("two") + REST));
        let message = above.unwrap().on_base("base.toml", &layer("two")).unwrap_err().to_string();
        let wanted =
            "x.toml:6: `layer[1].name`: the base has a layer `two` too; choose another name";
        assert_eq!(message, wanted);
    }
}
