//! What is in `.github` against what the table says: every file that is missing, other, or that
//! no row makes.

use std::collections::BTreeMap;

/// One file that is not as the table says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Where it is, from the root.
    pub path: String,
    /// What the table says; `None` if no row makes it.
    pub desired: Option<String>,
    /// What is there; `None` if nothing is.
    pub observed: Option<String>,
}

/// Every file that differs, ordered by path.
pub fn drift(desired: &[(String, String)], observed: &BTreeMap<String, String>) -> Vec<Drift> {
    let desired: BTreeMap<&String, &String> = desired.iter().map(|(path, it)| (path, it)).collect();
    let mut paths: Vec<&String> = desired.keys().copied().chain(observed.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    let pairs = paths.into_iter().map(|path| Drift {
        path: path.clone(),
        desired: desired.get(path).map(|text| (*text).clone()),
        observed: observed.get(path).cloned(),
    });
    pairs.filter(|it| it.desired != it.observed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_edited_and_foreign_files_are_drift() {
        let text = |text: &str| text.to_owned();
        let desired = [("a", "1"), ("b", "2"), ("c", "3")].map(|(path, it)| (text(path), text(it)));
        let observed =
            [("a", "1"), ("b", "x"), ("d", "4")].map(|(path, it)| (text(path), text(it)));
        let found = drift(&desired, &observed.into_iter().collect());
        let shown: Vec<_> = found
            .iter()
            .map(|it| (it.path.as_str(), it.desired.as_deref(), it.observed.as_deref()))
            .collect();
        assert_eq!(
            shown,
            [("b", Some("2"), Some("x")), ("c", Some("3"), None), ("d", None, Some("4"))]
        );
    }
}
