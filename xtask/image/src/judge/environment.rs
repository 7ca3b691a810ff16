//! The folders that an image's process is told of: where it is started, where it looks for things.

use super::{Judge, PATH, may};
use crate::rootfs::Led;
use crate::shape::Form;
use xtask_core::finding::Finding;

/// Variables that are lists of folders, of programs or modules.
const LISTS: [&str; 4] = ["LD_LIBRARY_PATH", "NODE_PATH", "PATH", "PYTHONPATH"];

impl Judge<'_> {
    pub(super) fn folders(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.working_directory().into_iter().collect();
        for (name, value) in self.config().env.iter().filter(|(it, _)| LISTS.contains(&it.as_str()))
        {
            let lost = value.split(':').filter(|folder| self.is_lost(folder));
            findings.extend(lost.map(|folder| {
                let message =
                    format!("`{folder}` is not in the image; take it out, or add what brings it");
                self.definition.finding(&format!("config.env.{name}"), message)
            }));
        }
        findings
    }

    /// The customary folders of programs may be there or not.
    fn is_lost(&self, folder: &str) -> bool {
        let customary = PATH.split(':').any(|it| it == folder);
        let is_path = folder.starts_with('/') && !customary;
        is_path && matches!(self.rootfs.follow(folder), Led::Nowhere(_) | Led::Round)
    }

    fn working_directory(&self) -> Option<Finding> {
        let path = &self.config().working_directory;
        let user = &self.config().user;
        let message = match self.rootfs.follow(path) {
            Led::Root | Led::Mounted => return None,
            Led::Nowhere(_) | Led::Round => {
                let key = path.trim_start_matches('/');
                format!(
                    "`{path}` is not in the image; declare it in a layer: directories = {{ \"{key}\" = \"0755\" }}"
                )
            }
            Led::To(_, Form::File(_) | Form::Link(_)) => format!("`{path}` is no folder"),
            Led::To(real, Form::Directory(mode, uid, gid)) => {
                let closed = self.closed_folder(&real);
                let is_open = may((*mode, *uid, *gid), self.user(), 1);
                let closed = closed.or_else(|| (!is_open).then_some(real))?;
                format!("`{user}` may not enter `/{closed}`; give it another mode or owner")
            }
        };
        Some(self.definition.finding("config.working_directory", message))
    }
}
