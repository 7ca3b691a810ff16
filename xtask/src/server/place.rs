//! One server, and what can be asked of it.

use crate::edge::files;
use crate::edge::shell::Output;
use crate::edge::ssh::{self, Reach};
use crate::error::{Context as _, Failure, Result, code};
use crate::world::World;
use std::time::Duration;
use tempfile::NamedTempFile;
use xtask_core::deploy::Server;
use xtask_core::secret::Secret;
use xtask_core::server::{Answer, SCRIPT, USER_DATA_MAX, told, user_data};

/// Where the script is put for one run; a reboot takes it away.
const PUT: &str = "/run/nutri-setup-server.sh";
/// Where it keeps itself once it has run.
const KEPT: &str = "/usr/local/sbin/nutri-setup-server";
/// Packages may have to be loaded and installed.
const LIMIT: Duration = Duration::from_secs(20 * 60);
const SHORT: Duration = Duration::from_secs(60);

/// The last step of the script, which every whole answer names.
const LAST: &str = "optional";

/// By which the script says that something differs.
const DIFFERS: i32 = 3;

/// A server that answers over SSH.
pub struct Place<'a> {
    world: &'a World<'a>,
    server: &'a Server,
    user: &'a str,
    known: Option<NamedTempFile>,
}

/// The script of the checkout.
fn script(world: &World<'_>) -> Result<String> {
    files::read(&world.places.file(SCRIPT))
}

/// What a new server runs at its first start, as a provider takes it.
pub fn first_start(world: &World<'_>, server: &Server) -> Result<String> {
    let data = user_data(&script(world)?, server);
    match data.len() > USER_DATA_MAX {
        false => Ok(data),
        true => Err(Failure::refused("cannot give it to a provider: it is too long")
            .code(&code::SERVER_SCRIPT)
            .reason(format!("{} bytes; {USER_DATA_MAX} are taken", data.len()))),
    }
}

impl<'a> Place<'a> {
    /// The server, reached as `user`.
    pub fn new(world: &'a World<'a>, server: &'a Server, user: &'a str) -> Result<Self> {
        let failed = || "failed to write a file of known hosts".to_owned();
        let known = match ssh::known_line(server) {
            None => None,
            Some(line) => {
                let file = NamedTempFile::new().or_outside(failed)?;
                files::write(file.path(), line.as_bytes())?;
                Some(file)
            }
        };
        Ok(Self { world, server, user, known })
    }

    /// What is there, and what differs; changes nothing but the script's own place under `/run`.
    pub fn look(&self) -> Result<Answer> {
        self.put()?;
        let output = self.run(&format!("sh {PUT} check"), None, LIMIT, &|_| ())?;
        self.answer(&output, &[0, DIFFERS])
    }

    /// Mends what differs; each line is given to `heard` as it comes.
    pub fn mend(&self, heard: &(dyn Fn(&str) + Sync)) -> Result<Answer> {
        let run = self.run(&format!("sh {PUT} apply"), None, LIMIT, heard);
        run.and_then(|output| self.answer(&output, &[0])).map_err(|failure| {
            // It was put there a moment ago, so it may have begun whatever became of the answer.
            let failure = failure.partly();
            failure.hint("what it has changed stays; the same command goes on")
        })
    }

    /// Keeps the changes to SSH and firewall, in a connection that did not exist before them.
    pub fn confirm(&self) -> Result<()> {
        let output = self.run(&format!("{KEPT} confirm"), None, SHORT, &|_| ())?;
        match output.code {
            Some(0) => Ok(()),
            _ => Err(self.broken(&output)),
        }
    }

    fn put(&self) -> Result<()> {
        let told = told(&script(self.world)?, self.server);
        let line = format!("sh -c 'umask 077 && cat >{PUT}.new && mv {PUT}.new {PUT}'");
        let output = self.run(&line, Some(Secret::new(told)), SHORT, &|_| ())?;
        match output.code {
            Some(0) => Ok(()),
            _ => Err(self.broken(&output)),
        }
    }

    fn run(
        &self,
        line: &str,
        input: Option<Secret>,
        limit: Duration,
        heard: &(dyn Fn(&str) + Sync),
    ) -> Result<Output> {
        let known = self.known.as_ref().map(NamedTempFile::path);
        Reach::new(self.server, self.user, known).run(&self.world.shell, line, input, limit, heard)
    }

    fn answer(&self, output: &Output, good: &[i32]) -> Result<Answer> {
        if !output.code.is_some_and(|code| good.contains(&code)) {
            return Err(self.broken(output));
        }
        let failed = || format!("failed to read what `{}` said", self.server.host);
        let answer = Answer::read(&String::from_utf8_lossy(&output.stdout)).or_outside(failed)?;
        match answer.is_whole(LAST) {
            true => Ok(answer),
            false => Err(Failure::outside(failed())
                .code(&code::SERVER_SCRIPT)
                .reason("the answer ends before the last step")),
        }
    }

    fn broken(&self, output: &Output) -> Failure {
        let said = output.last_words();
        Failure::outside(format!("the script on `{}` did not come to its end", self.server.host))
            .code(&code::SERVER_SCRIPT)
            .reason(said)
    }
}
