//! The platforms that an image is for.

use super::Definition;
use crate::platform::Platform;
use crate::reader::Table;

/// An image is asked for on a platform that its definition does not name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("image `{image}` is not for {platform}; its definition names `{named}`")]
pub struct NotFor {
    image: String,
    platform: Platform,
    named: String,
}

impl Definition {
    /// The platforms of `asked`, or all of its own where none is asked for.
    pub fn wanted(&self, asked: &[Platform]) -> Result<Vec<Platform>, NotFor> {
        if asked.is_empty() {
            return Ok(self.platforms.clone());
        }
        match asked.iter().find(|platform| !self.platforms.contains(platform)) {
            None => Ok(asked.to_vec()),
            Some(platform) => Err(NotFor {
                image: self.name.clone(),
                platform: *platform,
                named: self
                    .platforms
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("`, `"),
            }),
        }
    }
}

/// Those that are named, in the order of an index; every one where nothing is said.
pub(super) fn read(root: &Table<'_>) -> Vec<Platform> {
    const KEY: &str = "platforms";
    let Some(texts) = root.optional_texts(KEY) else { return Platform::ALL.to_vec() };
    if texts.is_empty() {
        root.refuse(KEY, "names none; wanted at least one, such as `linux/amd64`");
    }
    let mut platforms = Vec::new();
    for text in texts {
        match text.parse() {
            Err(error) => root.refuse(KEY, format!("{error}")),
            Ok(platform) if platforms.contains(&platform) => {
                root.refuse(KEY, format!("`{platform}` is named twice"));
            }
            Ok(platform) => platforms.push(platform),
        }
    }
    platforms.sort_unstable();
    platforms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(platforms: &str) -> Result<Definition, String> {
        let text = format!(
            "{platforms}\n[[layer]]\nname = \"a\"\nkind = \"debian\"\npackages = [\"dash\"]\n\
             [config]\nuser = \"1:1\"\nentrypoint = [\"/a\"]\nworking_directory = \"/\"\n\
             [budget]\nunpacked_mb = 1\n"
        );
        Definition::parse("x", "x.toml", &text).map_err(|findings| findings.to_string())
    }

    #[test]
    fn an_image_is_for_every_platform_unless_it_names_some() {
        let (amd64, arm64) = (Platform::Amd64, Platform::Arm64);
        assert_eq!(definition("").unwrap().platforms, [amd64, arm64]);
        let both = definition("platforms = [\"linux/arm64\", \"linux/amd64\"]").unwrap();
        assert_eq!(both.platforms, [amd64, arm64]);
        let one = definition("platforms = [\"linux/arm64\"]").unwrap();
        assert_eq!(one.wanted(&[]).unwrap(), [arm64]);
        assert_eq!(one.wanted(&[arm64]).unwrap(), [arm64]);
        let refused = one.wanted(&[arm64, amd64]).unwrap_err().to_string();
        let wanted = "image `x` is not for linux/amd64; its definition names `linux/arm64`";
        assert_eq!(refused, wanted);
    }

    #[test]
    fn no_platform_one_twice_and_an_unknown_one_are_refused() {
        for (given, wanted) in [
            ("[]", "names none; wanted at least one, such as `linux/amd64`"),
            ("[\"linux/arm64\", \"linux/arm64\"]", "`linux/arm64` is named twice"),
            (
                "[\"linux/s390x\"]",
                "unknown platform `linux/s390x`; known: `linux/amd64`, `linux/arm64`",
            ),
            ("\"linux/amd64\"", "wanted a list of texts, found the text"),
        ] {
            let said = definition(&format!("platforms = {given}")).unwrap_err();
            assert!(said.starts_with("x.toml:1: `platforms`: "), "{said}");
            assert!(said.contains(wanted), "{said}");
        }
    }
}
