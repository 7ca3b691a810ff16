//! What Dependabot renews by itself: in groups, and not on the day it comes out.

use super::HEAD;
use super::yaml::Yaml;

/// Where this is written.
pub const FILE: &str = ".github/dependabot.yml";

/// A kind of package, and the folders in which its files are.
struct Ecosystem {
    name: &'static str,
    folders: &'static [&'static str],
    /// For GitHub's actions there is one kind of version only.
    tells_majors_apart: bool,
}

const ECOSYSTEMS: [Ecosystem; 5] = [
    Ecosystem { name: "cargo", folders: &["/"], tells_majors_apart: true },
    Ecosystem {
        name: "npm",
        folders: &[
            "/services/backend",
            "/images/node",
            "/xtask/providers/tests/clients",
            "/xtask/tests/oracle",
        ],
        tells_majors_apart: true,
    },
    Ecosystem {
        name: "pip",
        folders: &["/services/ml-service", "/xtask/providers/tests/clients"],
        tells_majors_apart: true,
    },
    Ecosystem {
        name: "docker",
        folders: &["/services/backend", "/services/ml-service"],
        tells_majors_apart: true,
    },
    Ecosystem { name: "github-actions", folders: &["/"], tells_majors_apart: false },
];

/// A release that turns out bad is usually withdrawn within days.
const COOLDOWN_DAYS: u32 = 7;

/// The text of its file.
pub fn text() -> String {
    let updates = ECOSYSTEMS.iter().map(Ecosystem::yaml).collect();
    let document = map([("version", Yaml::bare("2")), ("updates", Yaml::List(updates))]);
    format!("{HEAD}# What this cannot see is renewed by `renew.yml`.\n{}", document.document())
}

impl Ecosystem {
    fn yaml(&self) -> Yaml {
        let week = map([("interval", Yaml::text("weekly")), ("day", Yaml::text("monday"))]);
        let cooldown = map([("default-days", Yaml::bare(COOLDOWN_DAYS.to_string()))]);
        map([
            ("package-ecosystem", Yaml::text(self.name)),
            ("directories", Yaml::texts(self.folders)),
            ("schedule", week),
            ("cooldown", cooldown),
            ("open-pull-requests-limit", Yaml::bare("5")),
            ("groups", self.groups()),
        ])
    }

    /// Small steps come together; a major one comes alone, because somebody must read about it.
    fn groups(&self) -> Yaml {
        let mut group = vec![("patterns", Yaml::texts(["*"]))];
        if self.tells_majors_apart {
            group.push(("update-types", Yaml::texts(["minor", "patch"])));
        }
        map([(self.name, map(group))])
    }
}

fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Yaml)>) -> Yaml {
    Yaml::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_package_has_a_group_and_a_cooldown() {
        let text = text();
        assert_eq!(text.matches("package-ecosystem:").count(), ECOSYSTEMS.len());
        assert_eq!(text.matches("default-days: 7").count(), ECOSYSTEMS.len());
        insta::assert_snapshot!(text.lines().skip(2).take(18).collect::<Vec<_>>().join("\n"), @"
        version: 2
        updates:
          - package-ecosystem: cargo
            directories:
              - /
            schedule:
              interval: weekly
              day: monday
            cooldown:
              default-days: 7
            open-pull-requests-limit: 5
            groups:
              cargo:
                patterns:
                  - '*'
                update-types:
                  - minor
                  - patch
        ");
    }
}
