//! A Debian with systemd as an image of Docker, made once on a machine.

use super::host::docker;
use std::process::{Command, Stdio};

/// What a cloud's Debian has and a minimal one lacks. What the script installs is in it too: a test
/// is not to wait for a mirror.
const PACKAGES: &str = "systemd,systemd-sysv,dbus,openssh-server,sudo,ca-certificates,iproute2,\
                        python3,ufw,fail2ban,python3-systemd,unattended-upgrades,curl,procps";

/// The image of a release of Debian. It stays on the machine, because debootstrap needs minutes.
pub(crate) fn image(suite: &str) -> String {
    let name = format!("nutri-test-systemd:{suite}-1");
    if !docker(&["image", "ls", "--quiet", &name]).good().trim().is_empty() {
        return name;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let made = Command::new("debootstrap")
        .args(["--variant=minbase", &format!("--include={PACKAGES}"), suite])
        .arg(&root)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
    let mut tar = Command::new("tar")
        .arg("--directory")
        .arg(&root)
        .args(["--create", "."])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let import = Command::new("docker")
        .args(["import", "-", &name])
        .stdin(tar.stdout.take().unwrap())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(tar.wait().unwrap().success() && import.success());
    name
}
