//! Which commit the newest images come from, when each of them may come from several.

use thiserror::Error;

/// An image, and the commits that are believed to make exactly it.
pub type Origin = (String, Vec<String>);

/// No commit made all of the images.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no commit is signed for all of them: {}", commits_of_each(.0))]
pub struct NoCommonCommit(pub Vec<Origin>);

fn commits_of_each(origins: &[Origin]) -> String {
    let one = |(image, commits): &Origin| match commits.as_slice() {
        [] => format!("`{image}` has none"),
        some => format!("`{image}` has {}", some.join(", ")),
    };
    origins.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// A commit that made all of the images. An image that did not change has one for each time it was
/// pushed, so there may be several: then all of them make the same bytes, and the first will do.
pub fn common(origins: &[Origin]) -> Result<String, NoCommonCommit> {
    let is_whole =
        |commit: &&String| commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
    let (_, first) = origins.first().ok_or_else(|| NoCommonCommit(Vec::new()))?;
    let made_all = |commit: &&String| origins.iter().all(|(_, commits)| commits.contains(commit));
    let found = first.iter().filter(is_whole).find(made_all);
    found.cloned().ok_or_else(|| NoCommonCommit(origins.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(image: &str, commits: &[char]) -> Origin {
        (image.to_owned(), commits.iter().map(|c| c.to_string().repeat(40)).collect())
    }

    #[test]
    fn an_image_that_did_not_change_does_not_hide_the_newest_commit() {
        let origins = [origin("backend", &['a', 'b']), origin("ml-service", &['b'])];
        assert_eq!(common(&origins), Ok("b".repeat(40)));
    }

    #[test]
    fn images_of_different_commits_are_refused_and_named() {
        let error = common(&[origin("backend", &['a']), origin("ml-service", &[])]).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("`backend` has aaaa") && message.contains("`ml-service` has none")
        );
    }

    #[test]
    fn uncommitted_work_is_no_commit() {
        let dirty = format!("{} with uncommitted work", "a".repeat(40));
        assert!(common(&[("backend".to_owned(), vec![dirty])]).is_err());
    }
}
