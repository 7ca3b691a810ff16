//! What a rollout writes to an application before it asks for a deployment.

use super::CoolifyTarget;
use crate::error::{Failure, Result, code};
use crate::infra::apply::stamped;
use xtask_providers::coolify::{Application, ApplicationChange, NewVariable};

/// Sets variables, all in one request.
pub(super) fn variables(
    target: &CoolifyTarget<'_>,
    name: &str,
    uuid: &str,
    all: &[NewVariable],
) -> Result<()> {
    let doing = format!("set the variables of `{name}`");
    let all = stamped(target.coolify()?, all);
    target.ask(&doing, target.coolify()?.update_variables(uuid, &all))
}

/// Sets the description alone.
pub(super) fn description(
    target: &CoolifyTarget<'_>,
    name: &str,
    uuid: &str,
    description: &str,
) -> Result<()> {
    let description = Some(description.to_owned());
    let change = ApplicationChange { description, ..ApplicationChange::default() };
    let doing = format!("note what is begun at `{name}`");
    target.ask(&doing, target.coolify()?.update_application(uuid, &change))
}

/// Sets tag and description in one request, and reads them back.
pub(super) fn image(
    target: &CoolifyTarget<'_>,
    name: &str,
    uuid: &str,
    tag: &str,
    description: &str,
) -> Result<()> {
    let change = ApplicationChange {
        image_tag: Some(tag.to_owned()),
        description: Some(description.to_owned()),
        ..ApplicationChange::default()
    };
    let doing = format!("set the image of `{name}`");
    target.ask(&doing, target.coolify()?.update_application(uuid, &change))?;
    let found = read(target, name, uuid)?;
    if found.image_tag.as_deref() == Some(tag) && found.description.as_deref() == Some(description)
    {
        return Ok(());
    }
    Err(Failure::outside(format!("failed to set the image of `{name}`: Coolify did not keep it"))
        .code(&code::COOLIFY_ANSWER)
        .reason(format!("its tag is `{}`", found.image_tag.unwrap_or_default()))
        .hint("see who changes it in the panel, then run the same command again"))
}

/// The application as it is now.
pub(super) fn read(target: &CoolifyTarget<'_>, name: &str, uuid: &str) -> Result<Application> {
    let found = target.ask(&format!("look at `{name}`"), target.coolify()?.application(uuid))?;
    found.ok_or_else(|| {
        Failure::outside(format!("failed to look at `{name}`: its application is gone"))
            .code(&code::COOLIFY_ANSWER)
            .hint(format!(
                "cargo xtask infra apply {} --only coolify --apply, then roll out again",
                target.name
            ))
    })
}
