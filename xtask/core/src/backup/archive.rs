//! What stands in an archive of `pg_dump`, as `pg_restore --list` tells it, and which of it is
//! restored.

/// The list without what is there already: a fresh database has the schema `public`, and making it
/// again would end the restore. What is said of a schema is left out as well where it was `found`:
/// it is somebody's, and not one that was made for this. Lines that are left out are commented, as
/// `pg_restore` wants it.
pub fn without_schemas(list: &str, there: &[String], found: &[String]) -> String {
    let is_left_out = |line: &str| match of_schema(line) {
        Some(Entry::Made(name)) => there.iter().any(|it| it == name),
        Some(Entry::Said(name)) => found.iter().any(|it| it == name),
        None => false,
    };
    let line = |line: &str| format!("{}{line}\n", if is_left_out(line) { ";" } else { "" });
    list.lines().map(line).collect()
}

/// An entry about a schema.
enum Entry<'l> {
    /// It makes it.
    Made(&'l str),
    /// It is a comment on it.
    Said(&'l str),
}

/// The entry about a schema that a line is: `4; 2615 2200 SCHEMA - public pg_database_owner`,
/// `3357; 0 0 COMMENT - SCHEMA public pg_database_owner`.
fn of_schema(line: &str) -> Option<Entry<'_>> {
    let (number, rest) = line.split_once("; ")?;
    number.parse::<u64>().ok()?;
    let (_, entry) = rest.split_once(' ')?.1.split_once(' ')?;
    // The last word is the owner.
    let (entry, _) = entry.rsplit_once(' ')?;
    let made = entry.strip_prefix("SCHEMA - ").map(Entry::Made);
    made.or_else(|| entry.strip_prefix("COMMENT - SCHEMA ").map(Entry::Said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_is_there_is_not_made_again_and_its_grants_are_kept() {
        let list = ";\n; Archive created at x\n\
            4; 2615 2200 SCHEMA - public pg_database_owner\n\
            3357; 0 0 COMMENT - SCHEMA public pg_database_owner\n\
            3359; 0 0 ACL - SCHEMA public pg_database_owner\n\
            6; 2615 16392 SCHEMA - xtask ann\n\
            7; 2615 16393 SCHEMA - my app ann\n\
            3358; 0 0 COMMENT - SCHEMA my app ann\n\
            215; 1259 16385 TABLE public SCHEMA ann\n";
        let kept = without_schemas(list, &["public".into(), "my app".into()], &["public".into()]);
        for left_out in ["4; 2615 2200 SCHEMA - public", "3357; 0 0 COMMENT", "7; 2615 16393"] {
            assert!(kept.contains(&format!("\n;{left_out}")), "{left_out} in {kept}");
        }
        for stays in ["3359; 0 0 ACL", "6; 2615 16392 SCHEMA - xtask", "3358; 0 0", "215; 1259"] {
            assert!(kept.contains(&format!("\n{stays}")), "{stays} in {kept}");
        }
    }
}
