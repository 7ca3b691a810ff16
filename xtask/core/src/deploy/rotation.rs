//! Keys that are exchanged without logging anybody out.

use super::Deploy;
use crate::reader::Table;
use std::collections::BTreeMap;

/// How one key is exchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRotation {
    /// The secret that is accepted beside it.
    pub previous: String,
    /// How long what a key has signed is good.
    pub lifetime_seconds: u64,
}

pub(super) fn read(table: &Table<'_>) -> BTreeMap<String, KeyRotation> {
    let read = |_: &str, table: &Table<'_>| {
        let previous = table.text("previous");
        let lifetime_seconds = table.number("lifetime_seconds", 0..=31_536_000);
        table.refuse_unknown();
        Some(KeyRotation { previous: previous?, lifetime_seconds: lifetime_seconds? })
    };
    table.each(read).into_iter().collect()
}

/// Both must reach a service, and only one may be absent.
pub(super) fn check(root: &Table<'_>, deploy: &Deploy) {
    let Some(table) = root.optional_table("rotations") else { return };
    // A service that cannot be read asks for nothing, and is told of already.
    let services = root.optional_table("services").map_or(0, |it| it.keys().len());
    if services != deploy.services.len() {
        return;
    }
    let templates = || deploy.services.iter().flat_map(|it| &it.settings).map(|(_, it)| it);
    for (name, rotation) in &deploy.rotations {
        let Some(own) = table.optional_table(name) else { continue };
        let needed = format!("secrets.{name}");
        if !templates().any(|it| it.needed().any(|it| it == needed)) {
            own.refuse("previous", format!("no service asks for `${{{needed}}}`"));
        }
        let optional = format!("secrets.{}", rotation.previous);
        if !templates().any(|it| it.optional().any(|it| it == optional)) {
            own.refuse("previous", format!("no service takes `${{{optional}?}}`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(change: impl Fn(&str) -> String) -> String {
        let text = include_str!("../../../../deploy.toml");
        Deploy::parse(&change(text)).map_or_else(|it| it.to_string(), |_| String::new())
    }

    #[test]
    fn both_keys_must_reach_a_service_and_only_one_may_be_absent() {
        assert_eq!(mistakes(ToOwned::to_owned), "");
        let found = mistakes(|text| text.replace("${secrets.jwt_previous?}", "${secrets.jwt}"));
        assert!(found.contains("no service takes `${secrets.jwt_previous?}`"), "{found}");
        let found = mistakes(|text| text.replace("[rotations.jwt]", "[rotations.mail]"));
        assert!(found.contains("no service asks for `${secrets.mail}`"), "{found}");
        let found = mistakes(|text| text.replace("${database.url}", "${database.url?}"));
        assert!(found.contains("`${database.url?}` is always there"), "{found}");
    }
}
