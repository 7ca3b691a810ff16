//! `image list`: what is defined, and what was built of it.

use crate::error::{Context as _, Result};
use crate::exit::Exit;
use crate::report::table;
use crate::world::World;
use serde_json::json;
use xtask_image::layout::Layout;

pub(super) fn run(world: &World<'_>) -> Result<Exit> {
    let failed = || "failed to open the image layout".to_owned();
    let layout = Layout::open(world.places.layout()).or_outside(failed)?;
    let mut rows = vec![["IMAGE", "LOCKED", "BUILT"].map(ToOwned::to_owned).to_vec()];
    let mut images = Vec::new();
    for name in world.definitions()? {
        let locked = world.lock(&name)?.is_some();
        let built = layout.as_ref().map(|layout| layout.resolve(&name)).transpose();
        let built = built.or_outside(failed)?.flatten().map(|it| it.digest);
        let shown = built.map_or_else(|| "no".to_owned(), |digest| digest.short());
        rows.push(vec![name.clone(), if locked { "yes" } else { "no" }.to_owned(), shown]);
        images.push(json!({ "name": name, "locked": locked, "digest": built }));
    }
    world.report.data(&json!({ "images": images }), &table(&rows));
    Ok(Exit::Done)
}
