//! Why apt refused an archive, from what it said.
//!
//! apt alone decides, and its exit code says that it refused. It has no codes for why, so its
//! words (in the language `C`) choose between explanations; words that are not known here are
//! passed on as they are.

use std::fmt;

/// One archive that apt refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The name of the archive.
    pub archive: String,
    /// What is wrong with it.
    pub fault: Fault,
    /// The first of apt's lines about it.
    pub words: String,
}

/// What is wrong with an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Signed by somebody whose key is not in the keyring.
    UnknownKey,
    /// The signature does not fit what it signs, or its key is no longer good.
    BadSignature,
    /// Not signed at all.
    Unsigned,
    /// Too old to be believed.
    Expired,
    /// Signed at a time that is still to come here.
    FromTheFuture,
    /// An index that is not the one that was signed.
    OtherIndex,
    /// Something else; apt's words say what.
    Other,
}

/// Words of apt, and what they mean; the first that is found counts.
const TELLING: [(&str, Fault); 10] = [
    ("NO_PUBKEY", Fault::UnknownKey),
    ("BADSIG", Fault::BadSignature),
    ("EXPKEYSIG", Fault::BadSignature),
    ("REVKEYSIG", Fault::BadSignature),
    ("is expired (invalid since", Fault::Expired),
    ("is not valid yet", Fault::FromTheFuture),
    ("Hash Sum mismatch", Fault::OtherIndex),
    ("File has unexpected size", Fault::OtherIndex),
    ("got 'NOSPLIT'", Fault::Unsigned),
    ("is not signed", Fault::Unsigned),
];

impl Fault {
    /// What a person can do.
    pub fn next_step(self) -> &'static str {
        match self {
            Self::UnknownKey => {
                "install `debian-archive-keyring`; for a mirror that signs anew, name its keyring in XTASK_DEBIAN_KEYRING"
            }
            Self::BadSignature | Self::Unsigned => {
                "the mirror or something before it changes what Debian signed: name another mirror in XTASK_DEBIAN_MIRROR"
            }
            Self::Expired => {
                "the mirror is stale or this clock is wrong: compare `date`, then name another mirror in XTASK_DEBIAN_MIRROR"
            }
            Self::FromTheFuture => "this machine's clock is behind: compare `date`",
            Self::OtherIndex => {
                "the mirror is being renewed or lies: try again, then name another in XTASK_DEBIAN_MIRROR"
            }
            Self::Other => "is the mirror reachable? try `apt-get update`",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::UnknownKey => "it is signed with a key that is not in the keyring",
            Self::BadSignature => "its signature does not hold",
            Self::Unsigned => "it is not signed",
            Self::Expired => "it is out of date: its `Valid-Until` has passed",
            Self::FromTheFuture => "it was signed at a time that is still to come",
            Self::OtherIndex => "an index is not the one that was signed",
            Self::Other => "apt could not use it",
        })
    }
}

/// The archives that apt refused, by their names and addresses.
pub fn refusals(output: &str, archives: &[(String, String)]) -> Vec<Refusal> {
    archives.iter().filter_map(|(name, address)| refusal(output, name, address)).collect()
}

fn refusal(output: &str, name: &str, address: &str) -> Option<Refusal> {
    // What follows an address tells `…/debian` from `…/debian-security`.
    let (file, suite) = (format!("{address}/"), format!("{address} "));
    let complaint = |line: &&str| line.starts_with("E: ") || line.starts_with("W: ");
    let about = |line: &&str| line.contains(&file) || line.contains(&suite);
    let lines: Vec<&str> = output.lines().filter(complaint).filter(about).collect();
    let words = lines.first()?.get(3..)?.to_owned();
    let found = TELLING.iter().find(|(telling, _)| lines.iter().any(|line| line.contains(telling)));
    let fault = found.map_or(Fault::Other, |(_, fault)| *fault);
    Some(Refusal { archive: name.to_owned(), fault, words })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archives() -> Vec<(String, String)> {
        ["debian", "debian-security"].map(|name| (name.into(), format!("http://h/{name}"))).into()
    }

    #[test]
    fn a_complaint_is_about_the_archive_whose_address_it_holds() {
        let output = "W: GPG error: http://h/debian-security bookworm-security InRelease: NO_PUBKEY 3C\n\
                    E: The repository 'http://h/debian-security bookworm-security InRelease' is not signed.\n";
        let found = refusals(output, &archives());
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].archive.as_str(), found[0].fault),
            ("debian-security", Fault::UnknownKey)
        );
        assert!(found[0].words.starts_with("GPG error"), "{found:?}");
    }

    #[test]
    fn words_that_are_not_known_are_passed_on() {
        let output =
            "E: Failed to fetch http://h/debian/dists/x/InRelease  Could not resolve 'h'\n";
        let found = refusals(output, &archives());
        assert_eq!((found[0].archive.as_str(), found[0].fault), ("debian", Fault::Other));
        assert!(found[0].words.ends_with("Could not resolve 'h'"));
        assert_eq!(refusals("E: Could not get lock\n", &archives()), []);
    }
}
