//! A repository of the benchmark's own, and a clone of ours, in a folder that ends with the run.

use std::path::{Path, PathBuf};
use xtask::edge::{files, git};
use xtask::error::{Context as _, Result};
use xtask::world::World;
use xtask_core::command::Command;
use xtask_core::image::lock::checksum::with_checksum;
use xtask_image::gzip_v1::ENCODER_ID;

/// Where the committed lock of the input is.
const INPUT: &str = "xtask/bench/image";

/// Our own program in a repository.
pub(crate) struct Scratch {
    folder: tempfile::TempDir,
    program: String,
}

impl Scratch {
    /// A repository whose image `modules` is one `node_modules`, and `bulk` three large files.
    pub(crate) fn new(world: &World<'_>, program: &Path) -> Result<Self> {
        let failed = || "failed to make a folder for the benchmark".to_owned();
        // Beside the layout: on the disk that images are built on.
        let target = world.places.file("target");
        files::make_folder(&target)?;
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(target);
        let program = program.display().to_string();
        let scratch = Self { folder: folder.or_outside(failed)?, program };
        scratch.write("deploy.toml", &files::read(&world.places.file("deploy.toml"))?)?;
        for input in xtask::edge::npm::INPUTS {
            let text = files::read(&world.places.file(INPUT).join(input))?;
            scratch.write(&format!("input/{input}"), &text)?;
        }
        let modules = "[[layer]]\nname = \"modules\"\nkind = \"npm\"\npath = \"input\"\n\
                       optional = \"include\"\ncopy = { node_modules = \"app/node_modules\" }\n\
                       [layer.scripts]\n\"@prisma/client\" = \"not run here\"\n\
                       \"@prisma/engines\" = \"not run here\"\n\
                       esbuild = \"not run here\"\nprisma = \"not run here\"\n";
        scratch.define("modules", modules)?;
        let part = |part: usize| {
            format!(
                "[[layer]]\nname = \"part-{part}\"\nkind = \"files\"\npath = \"bulk/{part}\"\n\
                 copy = {{ noise = \"noise-{part}\" }}\n"
            )
        };
        scratch.define("bulk", &(0..3).map(part).collect::<String>())?;
        scratch.write(".gitignore", "/target\n")?;
        scratch.commit(world)?;
        Ok(scratch)
    }

    /// What is pushed is of a commit, and a tree with nothing beside it.
    fn commit(&self, world: &World<'_>) -> Result<()> {
        let who = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"];
        let fast = ["-c", "core.compression=0"];
        for words in [
            vec!["init", "--quiet"],
            [&fast[..], &["add", "."]].concat(),
            [&who[..], &["commit", "--quiet", "--message", "bench"]].concat(),
        ] {
            let git = git::command(words).folder(self.root().display().to_string());
            world.shell.run(&git)?;
        }
        Ok(())
    }

    fn define(&self, name: &str, layers: &str) -> Result<()> {
        // Nobody starts it: its program is one that is mounted then.
        let config = "[layer.files]\n\"etc/passwd\" = \"x:x:65532:65532::/:\"\n\
                      \"etc/group\" = \"x:x:65532:\"\n\
                      [config]\nuser = \"65532:65532\"\nentrypoint = [\"/run/app\"]\n\
                      working_directory = \"/\"\n[budget]\nunpacked_mb = 1000\n";
        self.write(&format!("images/{name}.toml"), &format!("{layers}{config}"))?;
        let lock = format!(
            "encoder = \"{ENCODER_ID}\"\nsuite = \"bookworm\"\narchive_time = 1\n[wanted]\n"
        );
        self.write(&format!("images/{name}.lock"), &with_checksum(&lock))
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.root().join(path);
        files::make_folder(path.parent().unwrap_or(Path::new(".")))?;
        files::write(&path, text.as_bytes())
    }

    /// The root of the repository.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// Any other folder beside it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Our program in this repository, with a cache of its own.
    pub(crate) fn ours<const N: usize>(&self, args: [&str; N]) -> Command {
        self.in_tree(&self.root(), args)
            .env("XTASK_CACHE", self.beside("cache").display().to_string())
    }

    /// Our program in the clone, with the cache of this user.
    pub(crate) fn cloned<const N: usize>(&self, args: [&str; N]) -> Command {
        self.in_tree(&self.clone_root(), args)
    }

    fn in_tree<const N: usize>(&self, root: &Path, args: [&str; N]) -> Command {
        Command::new(&self.program).arg("--json").args(args).folder(root.display().to_string())
    }

    /// Where our own repository is cloned to.
    pub(crate) fn clone_root(&self) -> PathBuf {
        self.beside("clone")
    }

    /// Clones what is committed.
    pub(crate) fn clone_ours(&self, world: &World<'_>) -> Result<()> {
        let clone = git::command(["clone", "--quiet", "--shared", "."]);
        world.shell.run(&clone.arg(self.clone_root().display().to_string())).map(drop)
    }

    /// Forgets everything that was packed, not what was installed.
    pub(crate) fn forget(&self) -> Result<()> {
        for folder in ["cache/layers", "cache/contents", "tree/target"] {
            files::remove_folder(&self.beside(folder))?;
        }
        Ok(())
    }

    /// The `node_modules` that npm has made of the lock.
    pub(crate) fn modules(&self) -> Result<PathBuf> {
        let installed = self.beside("cache/npm");
        let names = files::names(&installed)?;
        let name = names.first().map_or("absent", String::as_str);
        Ok(installed.join(name).join("node_modules"))
    }
}
