//! `custom_docker_run_options`: which of them Coolify honours, and what its reader leaves of them.

/// An option with what is left of its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunOption {
    /// With its two hyphens.
    pub(super) name: String,
    /// None where none was given.
    pub(super) value: Option<String>,
}

const HONOURED: [&str; 15] = [
    "--cap-add",
    "--cap-drop",
    "--security-opt",
    "--sysctl",
    "--ulimit",
    "--device",
    "--shm-size",
    "--dns",
    "--init",
    "--privileged",
    "--ip",
    "--ip6",
    "--gpus",
    "--hostname",
    "--entrypoint",
];
/// Their values are read to the next blank; all others end at the first hyphen.
const WHOLE: [&str; 3] = ["--hostname", "--entrypoint", "--gpus"];

/// The options that reach the container, as they reach it.
pub(super) fn honoured(options: &str) -> Vec<RunOption> {
    let starts = options.match_indices("--").map(|(at, _)| &options[at..]);
    starts.map(option).filter(|it| HONOURED.contains(&it.name.as_str())).collect()
}

fn option(text: &str) -> RunOption {
    let end = text.find(|it: char| !(it.is_ascii_alphanumeric() || "-_".contains(it)));
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    let rest = rest.strip_prefix(['=', ' ']).unwrap_or(rest);
    let cut = |it: char| it.is_whitespace() || (it == '-' && !WHOLE.contains(&name));
    let value = rest.split(cut).next().filter(|value| !value.is_empty());
    RunOption { name: name.to_owned(), value: value.map(str::to_owned) }
}

/// Why compose would not create a container with them.
pub(super) fn refused(options: &[RunOption]) -> Option<String> {
    let security = options.iter().filter(|it| it.name == "--security-opt");
    let values = security.filter_map(|it| it.value.as_deref());
    let known =
        ["no-new-privileges", "label", "seccomp", "apparmor", "systempaths", "credentialspec"];
    let bad = |value: &&str| !known.iter().any(|it| value.starts_with(it));
    values.into_iter().find(bad).map(|value| format!("Invalid security-opt: \"{value}\""))
}

#[cfg(test)]
mod tests {
    use super::{honoured, refused};

    fn read(options: &str) -> Vec<String> {
        let said = |it: super::RunOption| match it.value {
            Some(value) => format!("{}={value}", it.name),
            None => it.name,
        };
        honoured(options).into_iter().map(said).collect()
    }

    #[test]
    fn most_options_are_dropped_without_a_word() {
        let options = "--init --ulimit nofile=2048:2048 --restart=no --memory 5m --user=1 \
                       --shm-size=64m --read-only --cap-drop=ALL --cap-add NET_BIND_SERVICE";
        let honoured = [
            "--init",
            "--ulimit=nofile=2048:2048",
            "--shm-size=64m",
            "--cap-drop=ALL",
            "--cap-add=NET_BIND_SERVICE",
        ];
        assert_eq!(read(options), honoured);
    }

    #[test]
    fn a_value_ends_at_its_first_hyphen() {
        assert_eq!(read("--hostname=my-host --init"), ["--hostname=my-host", "--init"]);
        for options in ["--security-opt no-new-privileges", "--security-opt=no-new-privileges:true"]
        {
            assert_eq!(read(options), ["--security-opt=no"]);
            let refusal = refused(&honoured(options));
            assert_eq!(refusal.as_deref(), Some("Invalid security-opt: \"no\""));
        }
        assert_eq!(refused(&honoured("--security-opt=seccomp=unconfined")), None);
    }
}
