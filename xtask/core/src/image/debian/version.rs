//! The order of Debian versions (Debian Policy 5.6.12).

use std::cmp::Ordering;

/// Compares two versions; `Greater` means that `left` is newer.
pub fn newer(left: &str, right: &str) -> Ordering {
    let (left_epoch, left_rest) = epoch(left);
    let (right_epoch, right_rest) = epoch(right);
    let (left_upstream, left_revision) = revision(left_rest);
    let (right_upstream, right_revision) = revision(right_rest);
    left_epoch
        .cmp(&right_epoch)
        .then_with(|| part(left_upstream.as_bytes(), right_upstream.as_bytes()))
        .then_with(|| part(left_revision.as_bytes(), right_revision.as_bytes()))
}

fn epoch(version: &str) -> (u64, &str) {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    (epoch.parse().unwrap_or(0), rest)
}

fn revision(version: &str) -> (&str, &str) {
    version.rsplit_once('-').unwrap_or((version, ""))
}

/// Takes turns: a run of non-digits by weight, then a run of digits as a number.
fn part(mut left: &[u8], mut right: &[u8]) -> Ordering {
    while !left.is_empty() || !right.is_empty() {
        let order = compare_run(&mut left, &mut right, false);
        let order = order.then_with(|| compare_run(&mut left, &mut right, true));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

fn compare_run(left: &mut &[u8], right: &mut &[u8], digits: bool) -> Ordering {
    let left_run = take(left, digits);
    let right_run = take(right, digits);
    if digits { number(left_run, right_run) } else { words(left_run, right_run) }
}

fn take<'a>(text: &mut &'a [u8], digits: bool) -> &'a [u8] {
    let end = text.iter().position(|byte| byte.is_ascii_digit() != digits).unwrap_or(text.len());
    let (run, rest) = text.split_at(end);
    *text = rest;
    run
}

/// Numbers of any length: without leading zeros, the longer one is the greater.
fn number(left: &[u8], right: &[u8]) -> Ordering {
    let trim = |digits: &[u8]| digits.iter().skip_while(|digit| **digit == b'0').copied().collect();
    let (left, right): (Vec<u8>, Vec<u8>) = (trim(left), trim(right));
    left.len().cmp(&right.len()).then_with(|| left.cmp(&right))
}

/// `~` comes before the end, the end before letters, letters before everything else.
fn words(left: &[u8], right: &[u8]) -> Ordering {
    let weigh = |byte: Option<&u8>| match byte {
        Some(b'~') => -1,
        None => 0,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(*letter),
        Some(other) => 256 + i32::from(*other),
    };
    let longest = left.len().max(right.len());
    let order = (0..longest).map(|at| weigh(left.get(at)).cmp(&weigh(right.get(at))));
    order.into_iter().find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_versions_as_dpkg_does() {
        let ascending = [
            ("1.0~rc1", "1.0"),
            ("1.0", "1.0-1"),
            ("1.9", "1.10"),
            ("2.36-9+deb12u9", "2.36-9+deb12u14"),
            ("9", "1:0.1"),
            ("1.0a", "1.0+b"),
            ("15.18-0+deb12u1", "15.20-0+deb12u1"),
            ("5:7.0.15-1~deb12u7", "5:7.0.15-1"),
        ];
        for (older, newest) in ascending {
            assert_eq!(newer(older, newest), Ordering::Less, "{older} < {newest}");
            assert_eq!(newer(newest, older), Ordering::Greater, "{newest} > {older}");
        }
        assert_eq!(newer("1.00", "1.0"), Ordering::Equal);
    }
}
