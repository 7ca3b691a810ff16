//! The server itself: what the script that makes it ready is told, and what it answers.
//!
//! The script is `scripts/deploy/setup-server.sh`. It decides and changes; here it is only given
//! its settings, and its answer is read.

mod answer;
mod exposure;

pub use answer::{Answer, Finding, State, UnreadAnswer};
pub use exposure::{DANGEROUS, Exposure, Seen, WANTED, asked};

use crate::deploy::Server;

/// Where the script lies in the repository.
pub const SCRIPT: &str = "scripts/deploy/setup-server.sh";

/// What a cloud takes as the text that a new server runs, in bytes.
pub const USER_DATA_MAX: usize = 32 * 1024;

/// The script with the settings of `server` in it, after its first line. It holds no secret.
pub fn told(script: &str, server: &Server) -> String {
    let (first, rest) = script.split_once('\n').unwrap_or((script, ""));
    format!("{first}\n{}{rest}", settings(server))
}

/// The same for a server that starts for the first time: nobody is there to confirm anything.
pub fn user_data(script: &str, server: &Server) -> String {
    let (first, rest) = script.split_once('\n').unwrap_or((script, ""));
    let once = "GUARD_SECONDS=0\nset -- apply\n";
    format!("{first}\n{}{once}{rest}", settings(server))
}

/// One assignment a line. The values were read by `deploy.toml`'s reader, which lets no quotation
/// mark and no line break in.
fn settings(server: &Server) -> String {
    let keys = server.keys.join("\n");
    let swap = server.swap_mb.to_string();
    let values = [
        ("ADMIN_USER", server.user.as_str()),
        ("ADMIN_KEYS", &keys),
        ("SWAP_MB", &swap),
        ("REBOOT_AT", server.reboot_at.as_deref().unwrap_or("")),
        ("TIMEZONE", &server.timezone),
    ];
    values.map(|(name, value)| format!("{name}='{value}'\n")).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server {
            host: "203.0.113.7".into(),
            port: 22,
            user: "deploy".into(),
            host_key: None,
            keys: vec!["ssh-ed25519 AAAA anna".into(), "ssh-ed25519 BBBB ben".into()],
            swap_mb: 4096,
            reboot_at: Some("03:30".into()),
            timezone: "Europe/Berlin".into(),
        }
    }

    #[test]
    fn the_settings_stand_before_all_that_reads_them() {
        let told = told("#!/bin/sh\n: \"${SWAP_MB:=1}\"\n", &server());
        insta::assert_snapshot!(told, @r#"
        #!/bin/sh
        ADMIN_USER='deploy'
        ADMIN_KEYS='ssh-ed25519 AAAA anna
        ssh-ed25519 BBBB ben'
        SWAP_MB='4096'
        REBOOT_AT='03:30'
        TIMEZONE='Europe/Berlin'
        : "${SWAP_MB:=1}"
        "#);
    }

    #[test]
    fn a_first_boot_applies_and_waits_for_nobody() {
        let data = user_data("#!/bin/sh\nrest\n", &server());
        assert!(data.ends_with("GUARD_SECONDS=0\nset -- apply\nrest\n"), "{data}");
    }
}
