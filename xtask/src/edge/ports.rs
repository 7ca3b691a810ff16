//! Whether a port of the loopback address is free, and who has it if it is not.

use crate::error::{Context as _, Result};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

/// A port of the loopback address that nobody has right now.
pub fn free() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
    listener.map(|it| it.port()).or_outside(|| "failed to find a free port".to_owned())
}

/// Who holds `port` of the loopback address: `None` if nobody does.
pub fn holder(port: u16) -> Option<String> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => return None,
        Err(error) if error.kind() == ErrorKind::AddrInUse => {}
        Err(error) => return Some(format!("nobody, but this user may not have it ({error})")),
    }
    let process = sockets(port).iter().find_map(|inode| process_of(*inode));
    Some(process.unwrap_or_else(|| "a process of another user".to_owned()))
}

/// The inodes of the sockets that listen on `port`, as the kernel lists them.
fn sockets(port: u16) -> Vec<u64> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    let text = tables.into_iter().flatten().collect::<String>();
    let wanted = format!(":{port:04X}");
    let listening = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields.len() > 9 && fields[1].ends_with(&wanted) && fields[3] == "0A"
    };
    let inode = |line: &str| line.split_whitespace().nth(9)?.parse().ok();
    text.lines().filter(listening).filter_map(inode).collect()
}

/// The process that has the socket open, as `name (process N)`.
fn process_of(inode: u64) -> Option<String> {
    let wanted = PathBuf::from(format!("socket:[{inode}]"));
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let holds = |folder: &PathBuf| {
        let files = std::fs::read_dir(folder.join("fd")).into_iter().flatten().flatten();
        files
            .map(|file| std::fs::read_link(file.path()))
            .any(|link| link.is_ok_and(|it| it == wanted))
    };
    let is_number = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|it| it.to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
    };
    let folder = processes.map(|entry| entry.path()).filter(is_number).find(holds)?;
    let name = std::fs::read_to_string(folder.join("comm")).unwrap_or_default();
    Some(format!("`{}` (process {})", name.trim(), folder.file_name()?.to_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_its_process() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let holder_now = holder(port).unwrap();
        assert!(holder_now.contains(&format!("(process {})", std::process::id())), "{holder_now}");
        drop(listener);
        assert_eq!(holder(port), None);
    }
}
