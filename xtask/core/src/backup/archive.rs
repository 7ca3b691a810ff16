//! What stands in an archive of `pg_dump`, as `pg_restore --list` tells it, and which of it is
//! restored.

/// The list without what is there already: a fresh database has the schema `public`, and making it
/// again would end the restore. Lines that are left out are commented, as `pg_restore` wants it.
pub fn without_schemas(list: &str, there: &[String]) -> String {
    let line = |line: &str| match makes_schema(line)
        .is_some_and(|it| there.iter().any(|name| name == it))
    {
        true => format!(";{line}\n"),
        false => format!("{line}\n"),
    };
    list.lines().map(line).collect()
}

/// The schema that an entry makes, or comments: `4; 2615 2200 SCHEMA - public pg_database_owner`,
/// `3357; 0 0 COMMENT - SCHEMA public pg_database_owner`.
fn makes_schema(line: &str) -> Option<&str> {
    let (number, rest) = line.split_once("; ")?;
    number.parse::<u64>().ok()?;
    let words: Vec<&str> = rest.split(' ').collect();
    match words.as_slice() {
        [_, _, "SCHEMA", "-", name, ..] | [_, _, "COMMENT", "-", "SCHEMA", name, ..] => Some(name),
        _ => None,
    }
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
            215; 1259 16385 TABLE public SCHEMA ann\n";
        let kept = without_schemas(list, &["public".into()]);
        assert!(kept.contains("\n;4; 2615 2200 SCHEMA - public"), "{kept}");
        assert!(kept.contains("\n;3357; 0 0 COMMENT - SCHEMA public"), "{kept}");
        for stays in ["3359; 0 0 ACL", "6; 2615 16392 SCHEMA - xtask", "215; 1259"] {
            assert!(kept.contains(&format!("\n{stays}")), "{stays} in {kept}");
        }
    }
}
