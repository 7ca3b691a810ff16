//! A Debian package, read without running anything of it.
//!
//! Its files go into a tree; its scripts are handed out as bytes for somebody to judge. The
//! unpacked archive is kept in a directory of its own under its digest, and file contents are
//! slices of it: memory stays small, and the next build need not decompress again.

use crate::ar::{self, Member};
use crate::error::{Error, Result, lossy};
use crate::tree::Tree;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

mod control;
mod decoder;
mod sums;
mod unpack;
mod unpacked;

pub use control::Control;
pub use unpack::{SetId, UnpackRules};

/// What packages of this form begin with.
const FORMAT: &[u8] = b"2.0\n";
/// The names under which dpkg runs a member of the control archive.
const SCRIPTS: [&str; 5] = ["config", "postinst", "postrm", "preinst", "prerm"];
/// More than ten times the largest control archive in Debian.
const CONTROL_LEN_MAX: u64 = 64 << 20;

/// A package on disk whose control archive has been read.
#[derive(Debug)]
pub struct Deb {
    path: PathBuf,
    data: Member,
    control: Control,
    /// `md5sums` with two blanks in each line, as scanners want it; empty if there is none.
    pub md5sums: Vec<u8>,
    /// What dpkg would run, by name: preinst, postinst, prerm, postrm, config.
    pub scripts: BTreeMap<String, Vec<u8>>,
    /// Files that belong to the administrator once they are installed; absolute paths.
    pub conffiles: Vec<String>,
    /// Everything else in the control archive, by name: triggers, shlibs, templates and so on.
    pub extras: BTreeMap<String, Vec<u8>>,
}

impl Deb {
    /// Reads the control archive of the package at `path`.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
        let refuse = |why: String| Error::Package { package: name.clone(), why };
        let mut file = File::open(&path).map_err(Error::disk("read", &path))?;
        let members = ar::members(&mut file).map_err(|error| refuse(error.to_string()))?;
        check_format(&mut file, &members).map_err(|why| refuse(why.to_owned()))?;
        let find = |prefix: &str| -> Result<Member> {
            let mut found = members.iter().filter(|member| member.name.starts_with(prefix));
            match (found.next(), found.next()) {
                (Some(member), None) => Ok(member.clone()),
                (None, _) => Err(refuse(format!("it has no `{prefix}`"))),
                (Some(_), Some(_)) => Err(refuse(format!("it has more than one `{prefix}`"))),
            }
        };
        let (control, data) = (find("control.tar")?, find("data.tar")?);
        let parts = read_control(&file, &control).map_err(|error| refuse(error.to_string()))?;
        Self::of_parts(path, data, parts).map_err(refuse)
    }

    fn of_parts(path: PathBuf, data: Member, mut parts: Parts) -> Result<Self, String> {
        let text = parts.remove("control").ok_or("its control archive has no `control`")?;
        let text = String::from_utf8(text).map_err(|_| "its `control` is not UTF-8")?;
        let control = Control::parse(&text)?;
        let md5sums = sums::normal(&parts.remove("md5sums").unwrap_or_default())?;
        let conffiles = parts.remove("conffiles").unwrap_or_default();
        let conffiles = conffile_paths(&lossy(&conffiles));
        let (scripts, extras) =
            parts.into_iter().partition(|(name, _)| SCRIPTS.contains(&name.as_str()));
        Ok(Self { path, data, control, md5sums, scripts, conffiles, extras })
    }

    /// The fields of the package.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Adds the package's files to `into`. Contents of files stay in `unpacked_dir`, which must
    /// outlive the tree. Owners and modes are the archive's; setuid and setgid bits are dropped,
    /// and what lost them is told.
    pub fn unpack(&self, into: &mut Tree, unpacked_dir: &Path) -> Result<Vec<SetId>> {
        self.unpack_with(into, unpacked_dir, &UnpackRules::default())
    }

    /// As `unpack`, under other rules.
    pub fn unpack_with(
        &self,
        into: &mut Tree,
        unpacked_dir: &Path,
        rules: &UnpackRules,
    ) -> Result<Vec<SetId>> {
        let unpacked = self.unpacked_data(unpacked_dir)?;
        unpack::into_tree(self.control.package(), &unpacked, into, rules)
    }

    /// Decompresses the package into `unpacked_dir` if that has not been done, and says where it
    /// is. `unpack` does so too; done before on many threads, it is off the critical path.
    pub fn unpacked_data(&self, unpacked_dir: &Path) -> Result<PathBuf> {
        unpacked::data_tar(self, unpacked_dir)
    }

    fn refuse(&self, why: &impl ToString) -> Error {
        Error::Package { package: self.control.package().to_owned(), why: why.to_string() }
    }
}

/// Members of the control archive by name.
type Parts = BTreeMap<String, Vec<u8>>;

/// The paths in `conffiles`; a line may also say what to do with a path on upgrades.
fn conffile_paths(text: &str) -> Vec<String> {
    let paths = text.lines().map(str::trim_end).filter(|line| line.starts_with('/'));
    paths.map(str::to_owned).collect()
}

fn check_format(file: &mut File, members: &[Member]) -> Result<(), &'static str> {
    let first = members.first().filter(|first| first.name == "debian-binary" && first.size < 64);
    let first = first.ok_or("it does not begin with `debian-binary`")?;
    let mut format = Vec::new();
    let read = file
        .seek(SeekFrom::Start(first.offset))
        .and_then(|_| file.take(first.size).read_to_end(&mut format));
    if read.is_err() || format != FORMAT {
        return Err("its format is not 2.0");
    }
    Ok(())
}

/// Reads the regular files of the control archive.
fn read_control(file: &File, member: &Member) -> std::io::Result<Parts> {
    let decoder = decoder::open(BufReader::new(ar_bytes(file, member)?), &member.name)?;
    let mut archive = tar::Archive::new(decoder.take(CONTROL_LEN_MAX));
    let mut parts = Parts::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = lossy(&entry.path_bytes());
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        parts.insert(name.trim_start_matches("./").to_owned(), bytes);
    }
    Ok(parts)
}

/// The bytes of a member, through a handle of its own.
fn ar_bytes(file: &File, member: &Member) -> std::io::Result<impl std::io::Read + use<>> {
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(member.offset))?;
    Ok(file.take(member.size))
}

#[cfg(test)]
mod tests;
