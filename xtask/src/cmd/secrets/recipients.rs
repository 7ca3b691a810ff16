//! `secrets recipients`: who may read an encrypted file.

use super::vault;
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::SecretsRecipients;
use crate::world::World;
use serde_json::json;

pub(super) fn run(flags: &SecretsRecipients, world: &World<'_>) -> Result<Exit> {
    let vault = vault(world, &flags.environment)?;
    let mut recipients = vault.recipients()?;
    if flags.add.is_empty() && flags.remove.is_empty() {
        let names = recipients.names();
        world.report.data(&json!({ "recipients": names }), &names.join("\n"));
        return Ok(Exit::Done);
    }
    for key in &flags.add {
        recipients.add(key)?;
    }
    for key in &flags.remove {
        if !recipients.remove(key) {
            let known = recipients.names().join("\n");
            return Err(Failure::usage(format!("cannot remove `{key}`: it is no recipient"))
                .code(&code::SECRET_UNKNOWN)
                .reason(format!("those are:\n{known}")));
        }
    }
    if !flags.remove.is_empty() && recipients.names().is_empty() {
        return Err(Failure::refused(
            "cannot remove the last recipient: nobody could read the file",
        )
        .code(&code::AGE_IDENTITY)
        .hint("add another key first, or in the same command"));
    }
    recipients.refuse_none()?;
    vault.refuse_lockout(&recipients)?;
    // The file is read while its list is the old one; a run that is killed between the two writes
    // is finished by the same command.
    let opened = vault.is_there()?.then(|| vault.open()).transpose()?;
    vault.name_recipients(&recipients)?;
    if let Some(opened) = &opened {
        vault.write(opened)?;
    }
    if !flags.remove.is_empty() {
        world.report.warning(
            "who was removed may know what was in the file before, also from the history of git: \
             give every secret in it a new value",
        );
    }
    let names = recipients.names();
    let value = json!({ "recipients": names, "encrypted": opened.is_some() });
    world.report.data(&value, &names.join("\n"));
    Ok(Exit::Done)
}
