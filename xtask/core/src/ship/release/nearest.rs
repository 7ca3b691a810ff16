//! Which known versions somebody may have meant.

/// How many are named.
const MOST: usize = 3;

/// The versions of `known`, newest first, that are nearest to `wanted`: those that begin alike, the
/// longer the better, and else the newest ones.
pub fn nearest<'a>(wanted: &str, known: &[&'a str]) -> Vec<&'a str> {
    let alike = |version: &str| {
        wanted.bytes().zip(version.bytes()).take_while(|(left, right)| left == right).count()
    };
    let mut ranked: Vec<&str> = known.to_vec();
    // Stable, so of those that are equally near the newest stays first.
    ranked.sort_by_key(|version| std::cmp::Reverse(alike(version)));
    let best = ranked.first().map_or(0, |version| alike(version));
    if best > 0 {
        ranked.retain(|version| alike(version) > 0);
    }
    ranked.truncate(MOST);
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_alike_is_meant_and_else_the_newest() {
        let known = ["ffff0000aaaa", "0123456789ab-fedcba98", "0123456789ab", "aaaa", "bbbb"];
        assert_eq!(nearest("0123456789ac", &known), ["0123456789ab-fedcba98", "0123456789ab"]);
        assert_eq!(
            nearest("zzz", &known),
            ["ffff0000aaaa", "0123456789ab-fedcba98", "0123456789ab"]
        );
        assert!(nearest("x", &[]).is_empty());
    }
}
