//! What may differ between two builds without their bytes differing, and how it is varied.
//!
//! `image verify` builds everything twice. The second build gets surroundings that are as unlike
//! the first one's as this machine allows; what could not be varied is said, with the reason.

use std::fmt;
use std::str::FromStr;

/// The variable by which our own program is told its conditions. Only `image verify` sets it.
pub const VARIABLE: &str = "XTASK_CONDITIONS";

/// The user of a second build that root starts: `nobody`, who owns nothing.
const OTHER_USER: u32 = 65534;

/// How our own program works where that must not show: `threads=5 copy=4093`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// How many threads compress.
    pub threads: Option<usize>,
    /// How many bytes of a file are read, and written into a layer, at once.
    pub copy_len: Option<usize>,
}

/// Why a text is not conditions.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{word}` is not a condition; known: `threads=NUMBER`, `copy=BYTES`, both at least 1")]
pub struct ConditionsError {
    word: String,
}

impl FromStr for Conditions {
    type Err = ConditionsError;

    fn from_str(text: &str) -> Result<Self, ConditionsError> {
        let mut conditions = Self::default();
        for word in text.split_whitespace() {
            let refuse = || ConditionsError { word: word.to_owned() };
            let (name, value) = word.split_once('=').ok_or_else(refuse)?;
            let value = value.parse().ok().filter(|it| *it > 0).ok_or_else(refuse)?;
            match name {
                "threads" => conditions.threads = Some(value),
                "copy" => conditions.copy_len = Some(value),
                _ => return Err(refuse()),
            }
        }
        Ok(conditions)
    }
}

impl fmt::Display for Conditions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [("threads", self.threads), ("copy", self.copy_len)];
        let words = words.iter().filter_map(|(name, value)| Some(format!("{name}={}", (*value)?)));
        formatter.write_str(&words.collect::<Vec<_>>().join(" "))
    }
}

/// The host name of a second build, and the one if the machine is called so itself.
const OTHER_HOSTS: [&str; 2] = ["elsewhere", "somewhere-else"];

/// Who runs us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Me {
    /// The number of the user.
    pub user: u32,
    /// The number of the group.
    pub group: u32,
}

/// What this machine allows us to vary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Means {
    /// Whether we may start a program as somebody else.
    pub is_root: bool,
    /// The library that shows a program another time, if it is installed.
    pub clock_library: Option<String>,
    /// How a program is shown another host name, if that was tried and worked.
    pub host: Option<OtherHost>,
    /// The processors that a second build may use, and how many there are; if that was tried.
    pub processors: Option<Processors>,
    /// Folders that list differently in both trees, of all that were looked at.
    pub listings: (usize, usize),
}

/// Another host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherHost {
    /// The machine's own.
    pub own: String,
    /// The other one.
    pub name: String,
    /// What a program is started through to see it.
    pub prefix: Vec<String>,
}

/// Fewer processors than there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processors {
    /// How many there are.
    pub all: usize,
    /// All but one of them, as the kernel lists them: `0-2,5`.
    pub fewer: String,
}

impl OtherHost {
    /// How `me` would show a program another host name than `own`. Whether it works has to be
    /// tried: kernels and containers differ in whom they allow it. Who is not root becomes root of
    /// a name space of his own for as long as it takes, and is himself again before the program
    /// starts; root's program starts as the user of the second build.
    pub fn plan(own: &str, me: Me) -> Self {
        let other = OTHER_HOSTS.into_iter().find(|name| *name != own).unwrap_or(OTHER_HOSTS[0]);
        let named = ["sh", "-c", "hostname \"$0\" && exec \"$@\"", other].map(ToOwned::to_owned);
        let words = |text: String| text.split(' ').map(ToOwned::to_owned).collect::<Vec<_>>();
        let Me { user, group } = me;
        let (before, after) = if user == 0 {
            let ids = format!("--reuid={OTHER_USER} --regid={OTHER_USER}");
            ("unshare --uts".to_owned(), format!("setpriv {ids} --clear-groups"))
        } else {
            let before = "unshare --user --map-root-user --uts".to_owned();
            (before, format!("unshare --user --map-user={user} --map-group={group}"))
        };
        let prefix = [words(before), named.to_vec(), words(after)].concat();
        Self { own: own.to_owned(), name: other.to_owned(), prefix }
    }
}

impl Processors {
    /// All processors of `list`, as the kernel writes it, but the last; none if there is one only.
    pub fn but_one(list: &str) -> Option<Self> {
        let mut all = Vec::new();
        for part in list.trim().split(',') {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            all.extend(from.parse::<usize>().ok()?..=to.parse().ok()?);
        }
        let (_, fewer) = all.split_last().filter(|(_, fewer)| !fewer.is_empty())?;
        let fewer: Vec<String> = fewer.iter().map(ToString::to_string).collect();
        Some(Self { all: all.len(), fewer: fewer.join(",") })
    }

    /// What a program is started through to have only these.
    pub fn prefix(&self) -> Vec<String> {
        ["taskset", "--cpu-list", &self.fewer].map(ToOwned::to_owned).to_vec()
    }
}

/// What surrounds one build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// Environment variables by name; these are set beside those that every build has.
    pub variables: Vec<(String, String)>,
    /// The mask of new files' permissions, in octal.
    pub umask: String,
    /// As whom it is run; as whoever runs us if not said.
    pub user: Option<u32>,
    /// What it is started through, outermost first.
    pub prefix: Vec<String>,
    /// Whether `prefix` makes it that user: who gives it another host name has to be root still.
    pub user_by_prefix: bool,
    /// What our own program is told.
    pub conditions: Conditions,
}

/// One thing that was varied, or why it was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variation {
    /// What: `umask`, `user id` and so on.
    pub what: &'static str,
    /// The two values in words, or why it could not be varied.
    pub how: Result<String, String>,
}

/// What surrounds the first build: the plainest there is.
pub fn first() -> Surroundings {
    let variables = [("TZ", "UTC0"), ("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")];
    let conditions = Conditions { threads: Some(2), copy_len: Some(256 << 10) };
    Surroundings {
        variables: owned(&variables),
        umask: "022".into(),
        user: None,
        prefix: Vec::new(),
        user_by_prefix: false,
        conditions,
    }
}

/// What surrounds the second build: as unlike the first as `means` allow.
pub fn second(means: &Means) -> Surroundings {
    // Turkish, because its dotless i is where careless lowercasing shows.
    let mut variables =
        owned(&[("TZ", "XXX-14"), ("LANG", "tr_TR.UTF-8"), ("LC_ALL", "tr_TR.UTF-8")]);
    if let Some(library) = &means.clock_library {
        // Another day and hour, yet near enough for the certificates of registries.
        let clock = [("FAKETIME", "+27h"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
        variables.extend(owned(&clock));
        variables.push(("LD_PRELOAD".to_owned(), library.clone()));
    }
    let user = means.is_root.then_some(OTHER_USER);
    let conditions = Conditions { threads: Some(5), copy_len: Some(4093) };
    let processors = means.processors.as_ref().map(Processors::prefix);
    let host = means.host.as_ref().map(|host| host.prefix.clone());
    let prefix = processors.into_iter().chain(host).flatten().collect();
    let (umask, user_by_prefix) = ("077".to_owned(), means.host.is_some());
    Surroundings { variables, umask, user, prefix, user_by_prefix, conditions }
}

/// Everything that is to differ, and what of it did.
pub fn variations(means: &Means) -> Vec<Variation> {
    let varied = |what, how: &str| Variation { what, how: Ok(how.to_owned()) };
    let clock = match means.clock_library {
        Some(_) => Ok("now, 27 hours later".to_owned()),
        None => Err("libfaketime is not installed; file times differ all the same".to_owned()),
    };
    let user = match means.is_root {
        true => Ok(format!("root, {OTHER_USER}")),
        false => Err("only root may start a program as somebody else".to_owned()),
    };
    let host = match &means.host {
        Some(host) => Ok(format!("{}, {}", host.own, host.name)),
        None => Err("this machine does not let a program see another one (`unshare --uts`)".into()),
    };
    let processors = match &means.processors {
        Some(Processors { all, .. }) => Ok(format!("{all}, {}", all - 1)),
        None => Err("this machine has only one, or no `taskset`".to_owned()),
    };
    let listing = match means.listings {
        (0, _) => Err("the file system lists both trees alike".to_owned()),
        (differing, all) => Ok(format!("{differing} of {all} folders list differently")),
    };
    vec![
        Variation { what: "clock", how: clock },
        varied("file times", "now, 2001"),
        varied("umask", "022, 077"),
        varied("locale", "C, Turkish"),
        varied("time zone", "UTC, UTC+14"),
        varied("folders", "checkout, home, cache, temporary files"),
        Variation { what: "user id", how: user },
        Variation { what: "host name", how: host },
        Variation { what: "processors", how: processors },
        Variation { what: "order of listing", how: listing },
        varied("threads", "2, 5"),
        varied("sizes of writes", "262144, 4093"),
    ]
}

/// How much room a second build may need in memory, in KiB: about twice what it needs.
const MEMORY_KIB_MIN: u64 = 4 << 20;

/// Whether the folder at `place` is memory with room enough, from which programs may be run.
/// Such a file system lists folders in another order than one on disk. `mounts` and `memory` are
/// what the kernel says in `/proc/mounts` and `/proc/meminfo`.
pub fn is_roomy_memory(place: &str, mounts: &str, memory: &str) -> bool {
    let mount = mounts.lines().rev().map(|line| line.split(' ').collect::<Vec<_>>());
    let Some(mount) = mount.into_iter().find(|words| words.get(1) == Some(&place)) else {
        return false;
    };
    let is_memory = mount.get(2) == Some(&"tmpfs");
    let options: Vec<&str> = mount.get(3).unwrap_or(&"").split(',').collect();
    let size = options.iter().find_map(|option| option.strip_prefix("size=")?.strip_suffix('k'));
    // Without a size of its own it may take half of all memory.
    let size = size.and_then(|it| it.parse().ok()).or(kib(memory, "MemTotal:").map(|it| it / 2));
    let free = kib(memory, "MemAvailable:").unwrap_or(0);
    is_memory
        && !options.contains(&"noexec")
        && size.is_some_and(|size: u64| size >= MEMORY_KIB_MIN)
        && free >= 2 * MEMORY_KIB_MIN
}

fn kib(memory: &str, key: &str) -> Option<u64> {
    let line = memory.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_read_back_as_they_were_written() {
        for conditions in [Conditions::default(), first().conditions] {
            assert_eq!(conditions.to_string().parse(), Ok(conditions));
        }
        assert_eq!(first().conditions.to_string(), "threads=2 copy=262144");
    }

    #[test]
    fn a_condition_that_nobody_knows_is_refused() {
        for text in ["threads", "threads=0", "copy=-1", "speed=3"] {
            let error = text.parse::<Conditions>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{text}` is not a condition")));
        }
    }

    #[test]
    fn what_cannot_be_varied_is_said_with_the_reason() {
        let poor = variations(&Means::default());
        let kept: Vec<&str> = poor.iter().filter(|it| it.how.is_err()).map(|it| it.what).collect();
        assert_eq!(kept, ["clock", "user id", "host name", "processors", "order of listing"]);
        let means = Means {
            is_root: true,
            clock_library: Some("/lib/f.so".into()),
            host: Some(OtherHost::plan("here", Me { user: 0, group: 0 })),
            processors: Processors::but_one("0-3"),
            listings: (3, 9),
        };
        assert!(variations(&means).iter().all(|it| it.how.is_ok()));
    }

    #[test]
    fn only_memory_with_room_that_runs_programs_is_taken() {
        let memory = "MemTotal:       16384000 kB\nMemAvailable:   12288000 kB\n";
        let of = |options: &str| format!("disk / ext4 rw 0 0\ntmpfs /dev/shm {options} 0 0\n");
        let takes = |mounts: &str| is_roomy_memory("/dev/shm", mounts, memory);
        assert!(takes(&of("tmpfs rw,nosuid,size=8388608k")));
        assert!(takes(&of("tmpfs rw,nosuid")), "half of all memory");
        assert!(!takes(&of("tmpfs rw,size=65536k")), "a container's");
        assert!(!takes(&of("tmpfs rw,noexec,size=8388608k")));
        assert!(!takes(&of("ext4 rw")));
        assert!(!is_roomy_memory("/dev/shm", "", memory));
        let full = memory.replace("12288000", "100");
        assert!(!is_roomy_memory("/dev/shm", &of("tmpfs rw"), &full));
    }

    #[test]
    fn another_host_name_is_shown_by_root_and_by_others() {
        let line = |own, user| {
            let host = OtherHost::plan(own, Me { user, group: user });
            (host.name, host.prefix.join(" "))
        };
        let (name, prefix) = line("here", 0);
        assert_eq!(name, "elsewhere");
        let wanted = "unshare --uts sh -c hostname \"$0\" && exec \"$@\" elsewhere \
            setpriv --reuid=65534 --regid=65534 --clear-groups";
        assert_eq!(prefix, wanted);
        let (name, prefix) = line("elsewhere", 1000);
        assert_eq!(name, "somewhere-else");
        assert!(prefix.starts_with("unshare --user --map-root-user --uts "), "{prefix}");
        assert!(prefix.ends_with("unshare --user --map-user=1000 --map-group=1000"), "{prefix}");
    }

    #[test]
    fn a_second_build_has_one_processor_less_where_there_are_several() {
        let of = |list| Processors::but_one(list).map(|it| (it.all, it.fewer));
        assert_eq!(of("0-3,7\n"), Some((5, "0,1,2,3".to_owned())));
        assert_eq!(of("2,5"), Some((2, "2".to_owned())));
        for alone in ["0", "", "x", "3-1"] {
            assert_eq!(of(alone), None, "{alone}");
        }
    }

    #[test]
    fn no_two_surroundings_agree_in_what_they_say() {
        let means =
            Means { is_root: true, clock_library: Some("/lib/f.so".into()), ..Means::default() };
        let (first, second) = (first(), second(&means));
        assert!(first.variables.iter().all(|pair| !second.variables.contains(pair)));
        assert!(second.variables.contains(&("LD_PRELOAD".into(), "/lib/f.so".into())));
        assert!(first.umask != second.umask && first.user != second.user);
        assert!(first.conditions.threads != second.conditions.threads);
        assert!(first.conditions.copy_len != second.conditions.copy_len);
    }
}
