//! The server itself: what the script that makes it ready is told, and what it answers.
//!
//! The script is `scripts/deploy/setup-server.sh`. It decides and changes; here it is only given
//! its settings, and its answer is read.

mod answer;
mod exposure;

pub use answer::{Answer, Finding, State, UnreadAnswer};
pub use exposure::{DANGEROUS, Exposure, Seen, WANTED, asked};

use crate::deploy::Server;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write as _;

/// Where the script lies in the repository.
pub const SCRIPT: &str = "scripts/deploy/setup-server.sh";

/// Where a server that starts for the first time puts the script.
const UNPACKED: &str = "/run/nutri-user-data.sh";

/// What Hetzner takes as the text that a new server runs, in bytes, as its documents say.
pub const USER_DATA_MAX: usize = 32 * 1024;

/// The script with the settings of `server` in it, after its first line. It holds no secret. Where
/// the script keeps itself, it leaves out what stands between the two marks.
pub fn told(script: &str, server: &Server) -> String {
    let (first, rest) = script.split_once('\n').unwrap_or((script, ""));
    format!("{first}\n# BEGIN told\n{}# END told\n{rest}", settings(server))
}

/// What a server runs when it starts for the first time: the same script, packed, because as it is
/// a cloud would not take it. Nobody is there to confirm anything.
pub fn user_data(script: &str, server: &Server) -> String {
    let packed = STANDARD.encode(gzip(&told(script, server)));
    format!(
        "#!/bin/sh\n\
         # {SCRIPT} with its settings, packed. To read it, unpack what stands between the two\n\
         # marks END: base64 -d | gzip -d\n\
         set -eu\n\
         umask 077\n\
         base64 -d <<'END' | gzip -d >{UNPACKED}\n\
         {packed}\n\
         END\n\
         GUARD_SECONDS=0 exec sh {UNPACKED} \"${{1:-apply}}\"\n"
    )
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let packed = packer.write_all(text.as_bytes()).and_then(|()| packer.finish());
    packed.expect("a vector takes every byte")
}

/// One assignment a line. The values were read by `deploy.toml`'s reader, which lets no quotation
/// mark and no line break in.
fn settings(server: &Server) -> String {
    let keys = server.keys.join("\n");
    let (port, swap) = (server.port.to_string(), server.swap_mb.to_string());
    let values = [
        ("ADMIN_USER", server.user.as_str()),
        ("ADMIN_KEYS", &keys),
        ("SSH_PORT", &port),
        ("SWAP_MB", &swap),
        ("REBOOT_AT", server.reboot_at.as_deref().unwrap_or("")),
        ("TIMEZONE", &server.timezone),
    ];
    values.map(|(name, value)| format!("{name}='{value}'\n")).concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha512};
    use std::io::Read as _;

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
        # BEGIN told
        ADMIN_USER='deploy'
        ADMIN_KEYS='ssh-ed25519 AAAA anna
        ssh-ed25519 BBBB ben'
        SSH_PORT='22'
        SWAP_MB='4096'
        REBOOT_AT='03:30'
        TIMEZONE='Europe/Berlin'
        # END told
        : "${SWAP_MB:=1}"
        "#);
    }

    /// What the server's own `base64` and `gzip` will make of the text of a first start.
    fn unpacked(data: &str) -> String {
        let (_, rest) = data.split_once("<<'END' | gzip -d >/run/nutri-user-data.sh\n").unwrap();
        let (packed, _) = rest.split_once("\nEND\n").unwrap();
        let packed = STANDARD.decode(packed).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_first_start_runs_the_same_script_and_waits_for_nobody() {
        let data = user_data("#!/bin/sh\nrest\n", &server());
        assert_eq!(unpacked(&data), told("#!/bin/sh\nrest\n", &server()));
        let (first, last) = (data.lines().next(), data.lines().last());
        assert_eq!(first, Some("#!/bin/sh"), "cloud-init runs what begins like that");
        let run = "GUARD_SECONDS=0 exec sh /run/nutri-user-data.sh \"${1:-apply}\"";
        assert_eq!(last, Some(run), "asked for `check`, it only checks");
    }

    #[test]
    fn clouds_take_what_our_script_becomes() {
        let script = include_str!("../../../scripts/deploy/setup-server.sh");
        let body = |at: u8| STANDARD.encode(Sha512::digest([at]));
        let key = |at| format!("ssh-ed25519 AAAA{} person-{at}@example.org", body(at));
        let server = Server { keys: (1..=3).map(key).collect(), ..server() };
        let data = user_data(script, &server);
        assert!(data.len() <= USER_DATA_MAX, "{} bytes", data.len());
    }

    #[test]
    fn the_port_of_ssh_is_told() {
        let told = told("#!/bin/sh\n", &Server { port: 2222, ..server() });
        assert!(told.contains("\nSSH_PORT='2222'\n"), "{told}");
    }
}
