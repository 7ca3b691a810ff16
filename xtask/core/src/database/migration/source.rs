//! Where migrations come from: folders as somebody's tool lays them out.

use super::MigrationFile;
use crate::reader;
use std::collections::BTreeMap;

/// A folder of migrations as it was found: what each file says, by its path inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    pub files: BTreeMap<String, String>,
    /// The folders directly inside, also those without a file.
    pub folders: Vec<String>,
}

/// Why a folder of migrations cannot be used. All reasons are reported at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct SourceRefusal(pub Vec<String>);

/// One tool's way to lay migrations out.
pub trait Source {
    /// What people call it.
    fn name(&self) -> &'static str;

    /// Whether a folder is laid out so.
    fn is_it(&self, tree: &Tree) -> bool;

    /// Every migration, in the order in which it is applied.
    fn read(&self, tree: &Tree) -> Result<Vec<MigrationFile>, SourceRefusal>;
}

/// Folders with a `migration.sql` each, as Prisma 3 to 7 makes them.
#[derive(Clone, Copy, Debug)]
pub struct PrismaFolders;

/// Prisma 8, which keeps a graph of operations and no SQL.
#[derive(Clone, Copy, Debug)]
pub struct Prisma8;

/// The file that says which kind of database the migrations are for.
const LOCK: &str = "migration_lock.toml";

/// Reads a folder by the first source that knows it.
pub fn read(tree: &Tree) -> Result<Vec<MigrationFile>, SourceRefusal> {
    let sources: [&dyn Source; 2] = [&Prisma8, &PrismaFolders];
    let source = sources.into_iter().find(|it| it.is_it(tree)).unwrap_or(&PrismaFolders);
    source.read(tree)
}

impl Source for PrismaFolders {
    fn name(&self) -> &'static str {
        "Prisma 3 to 7"
    }

    fn is_it(&self, tree: &Tree) -> bool {
        tree.files.keys().any(|path| path.ends_with("/migration.sql"))
    }

    fn read(&self, tree: &Tree) -> Result<Vec<MigrationFile>, SourceRefusal> {
        let mut refusals: Vec<String> = other_provider(tree).into_iter().collect();
        let mut files = Vec::new();
        for folder in &tree.folders {
            match tree.files.get(&format!("{folder}/migration.sql")) {
                Some(sql) => files.push(MigrationFile {
                    name: folder.clone(),
                    sql: sql.clone(),
                    down: tree.files.get(&format!("{folder}/down.sql")).cloned(),
                }),
                None => refusals.push(format!("`{folder}` has no `migration.sql`")),
            }
        }
        files.sort_by(|one, other| one.name.cmp(&other.name));
        if refusals.is_empty() { Ok(files) } else { Err(SourceRefusal(refusals)) }
    }
}

/// Prisma refuses it as P3019. No lock file is as good as the right one.
fn other_provider(tree: &Tree) -> Option<String> {
    let text = tree.files.get(LOCK)?;
    match reader::Source::new(LOCK, text).read(|table| table.text("provider")) {
        Ok(provider) if matches!(provider.as_str(), "postgresql" | "postgres") => None,
        Ok(other) => Some(format!(
            "`{LOCK}` says that these migrations are for `{other}`, and this is Postgres"
        )),
        Err(findings) => Some(findings.to_string()),
    }
}

impl Source for Prisma8 {
    fn name(&self) -> &'static str {
        "Prisma 8"
    }

    fn is_it(&self, tree: &Tree) -> bool {
        let has_sql = |path: &str| {
            path.rsplit_once('/').is_some_and(|(folder, _)| {
                tree.files.contains_key(&format!("{folder}/migration.sql"))
            })
        };
        let is_of_graph = |path: &String| {
            let file = path.rsplit('/').next().unwrap_or_default();
            path.contains('/')
                && matches!(file, "ops.json" | "migration.json" | "migration.ts")
                && !has_sql(path)
        };
        tree.files.keys().any(is_of_graph)
    }

    fn read(&self, _: &Tree) -> Result<Vec<MigrationFile>, SourceRefusal> {
        Err(SourceRefusal(vec![
            "these are migrations of Prisma 8: operations (`ops.json`) and no `migration.sql`, \
             which only Prisma 8 itself can apply"
                .to_owned(),
            "stay on Prisma 7, whose `prisma migrate dev --create-only` writes SQL; or apply them \
             with Prisma 8 before `./x ship`, and name no `[migrations]` folder of it"
                .to_owned(),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let folder = |path: &str| path.split_once('/').map(|(folder, _)| folder.to_owned());
        let mut folders: Vec<String> = files.iter().filter_map(|(path, _)| folder(path)).collect();
        folders.dedup();
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        Tree { files: files.collect(), folders }
    }

    fn refused(files: &[(&str, &str)]) -> String {
        read(&tree(files)).unwrap_err().to_string()
    }

    const POSTGRES: &str = "provider = \"postgresql\"\n";

    #[test]
    fn folders_are_read_in_the_order_of_their_names() {
        let found = read(&tree(&[
            ("20260102000000_b/migration.sql", "two"),
            ("20260101000000_a/down.sql", "back"),
            ("20260101000000_a/migration.sql", "one"),
            (LOCK, POSTGRES),
        ]));
        let found = found.unwrap();
        let names: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["20260101000000_a", "20260102000000_b"]);
        assert_eq!((found[0].down.as_deref(), &found[1].down), (Some("back"), &None));
        assert_eq!(read(&Tree::default()), Ok(Vec::new()));
    }

    #[test]
    fn a_lock_file_of_another_database_is_refused_and_none_is_not() {
        let file = ("20260101000000_a/migration.sql", "one");
        assert!(read(&tree(&[file])).is_ok());
        assert!(refused(&[file, (LOCK, "provider = \"mysql\"")]).contains("for `mysql`"));
        assert!(refused(&[file, (LOCK, "")]).contains("provider"));
        assert!(refused(&[file, (LOCK, "provider =")]).contains(LOCK));
    }

    #[test]
    fn a_folder_without_its_file_is_refused() {
        let files = [("20260101000000_a/notes.md", ""), ("20260102000000_b/migration.sql", "")];
        assert!(refused(&files).contains("`20260101000000_a` has no `migration.sql`"));
    }

    #[test]
    fn prisma_8_is_recognised_and_refused_with_what_to_do() {
        for file in ["app/20260101T0000_init/ops.json", "20260101_init/migration.ts"] {
            let said = refused(&[(file, "{}")]);
            assert!(said.contains("Prisma 8") && said.contains("stay on Prisma 7"), "{said}");
        }
        let both = [("20260101000000_a/migration.sql", ""), ("20260101000000_a/migration.ts", "")];
        assert!(read(&tree(&both)).is_ok(), "a helper beside the SQL is nobody's graph");
    }
}
