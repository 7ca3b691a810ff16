//! `image keygen`: a key to sign with. The private key goes under a passphrase.

use crate::attest::SigningKey;
use crate::edge::{encrypted, files, passphrase};
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::ImageKeygen;
use crate::world::World;
use serde_json::json;
use xtask_core::trust::attestation::Verifier as _;

pub(super) fn run(flags: &ImageKeygen, world: &World<'_>) -> Result<Exit> {
    for path in [&flags.private, &flags.public] {
        if files::is_there(path)? {
            let path = path.display();
            return Err(Failure::refused(format!("cannot make a key: `{path}` is there already"))
                .hint("a key that is lost cannot sign again: name other files"));
        }
    }
    let private = SigningKey::generate()?;
    let public = SigningKey::parse("the new key", &private)?.public().clone();
    let kept = if flags.plain {
        private.expose().to_owned()
    } else {
        encrypted::encrypt(&private, &passphrase::ask("the new key")?, encrypted::WORK)?
    };
    keep(flags, &kept, &public.pem())?;
    let (private, public_file) = (flags.private.display(), flags.public.display());
    let value = json!({
        "private": private.to_string(), "public": public_file.to_string(),
        "hint": public.hint(), "encrypted": !flags.plain,
    });
    world.report.status(&format!("keep `{private}` secret; commit `{public_file}`"));
    world.report.data(&value, &public.pem());
    Ok(Exit::Done)
}

/// Writes both halves, or none: one alone would forbid the next run to make them.
fn keep(flags: &ImageKeygen, private: &str, public: &str) -> Result<()> {
    for folder in [&flags.public, &flags.private].into_iter().filter_map(|it| it.parent()) {
        files::make_folder(folder)?;
    }
    files::write_private(&flags.private, private.as_bytes())?;
    files::write(&flags.public, public.as_bytes()).or_else(|failure| {
        files::remove_file(&flags.private)?;
        Err(failure)
    })
}
