//! Extensions that a copy of a database needs: which are made, and in which order.

use std::collections::{BTreeMap, BTreeSet};

/// An extension that a server has the files of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Available {
    /// Whether the database has it.
    pub is_made: bool,
    /// Those that must be there before it.
    pub requires: Vec<String>,
}

/// What is to be done about the extensions of a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Each with its schema, those first that others require.
    pub made: Vec<(String, String)>,
    /// Those that the server has not.
    pub missing: Vec<String>,
}

/// Plans to make those of `wanted`, each with its schema, that are not there.
pub fn plan(wanted: &BTreeMap<String, String>, server: &BTreeMap<String, Available>) -> Plan {
    let mut plan = Plan::default();
    let mut seen = BTreeSet::new();
    for name in wanted.keys() {
        visit(name, wanted, server, &mut seen, &mut plan);
    }
    plan
}

fn visit<'w>(
    name: &'w str,
    wanted: &'w BTreeMap<String, String>,
    server: &'w BTreeMap<String, Available>,
    seen: &mut BTreeSet<&'w str>,
    plan: &mut Plan,
) {
    // One that nobody wants is made by the server itself, beside the one that requires it.
    let Some(schema) = wanted.get(name).filter(|_| seen.insert(name)) else { return };
    let Some(available) = server.get(name) else {
        plan.missing.push(name.to_owned());
        return;
    };
    for required in &available.requires {
        visit(required, wanted, server, seen, plan);
    }
    if !available.is_made {
        plan.made.push((name.to_owned(), schema.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn available(requires: &[&str]) -> Available {
        let requires = requires.iter().map(|it| (*it).to_owned()).collect();
        Available { is_made: false, requires }
    }

    #[test]
    fn what_others_require_is_made_before_them_and_what_is_there_is_left() {
        let wanted =
            ["anchor", "zone", "there", "gone"].map(|it| (it.to_owned(), "app".to_owned()));
        let server = BTreeMap::from([
            ("anchor".to_owned(), available(&["zone", "by_itself"])),
            ("zone".to_owned(), available(&[])),
            ("there".to_owned(), Available { is_made: true, ..available(&[]) }),
        ]);
        let plan = plan(&wanted.into(), &server);
        let made: Vec<&str> = plan.made.iter().map(|it| it.0.as_str()).collect();
        assert_eq!((made, plan.missing), (vec!["zone", "anchor"], vec!["gone".to_owned()]));
    }
}
