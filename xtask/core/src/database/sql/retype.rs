//! Whether a column keeps each of its values when it is given another type.
//!
//! Without `USING` Postgres casts as an assignment does: most casts keep a value or refuse it, and
//! some round or cut it off without a word. What is not known to keep is taken for one of those.

use super::words::Words;

/// A type as it is compared: one name for what has several, and its limits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Type {
    name: String,
    /// What stands in brackets: `numeric(10, 2)`.
    limits: Vec<i64>,
    is_array: bool,
}

/// Whatever casts to these as an assignment does comes out as it was, or is refused.
const WHOLE: [&str; 12] = [
    "text", "citext", "varchar", "boolean", "uuid", "bytea", "bit", "varbit", "json", "xml",
    "inet", "macaddr8",
];

/// What may stand behind a type.
const STOPS: [&str; 4] = ["using", "collate", "cascade", "restrict"];

/// The digits behind the second where nothing else is said.
const PRECISION: i64 = 6;

impl Type {
    /// The type that a text names, as `format_type` of the server writes it.
    pub fn parse(text: &str) -> Self {
        Self::read(&Words::within(text))
    }

    /// The type that stands at the beginning of `words`.
    pub(super) fn read(words: &Words) -> Self {
        let mut at = words.past(0, "pg_catalog .");
        let (mut names, mut limits, mut is_array) = (Vec::new(), Vec::new(), false);
        while at < words.len() && !STOPS.contains(&words.at(at)) {
            match words.at(at) {
                "(" => {
                    let inside = words.bracket_at(at);
                    limits = inside.as_ref().map(numbers).unwrap_or_default();
                    at += 1 + inside.map_or(0, |it| it.len());
                }
                "[" | "array" => is_array = true,
                // In quotes it is another one: `"char"` is no `char`.
                "" => names.push(format!("\"{}\"", words.value_at(at).unwrap_or_default())),
                name if !is_array => names.push(name.to_owned()),
                _ => {}
            }
            at += 1;
        }
        let (name, limits) = spelled(&names.join(" "), limits);
        Self { name, limits, is_array }
    }

    /// Whether every value of a column of type `from` comes out as it was, or is refused. Without
    /// `from` nobody knows which type it has.
    pub fn keeps(&self, from: Option<&Self>) -> bool {
        let takes_all = WHOLE.contains(&self.name.as_str());
        if takes_all && (self.name != "varchar" || self.limits.is_empty()) {
            return true;
        }
        from.is_some_and(|from| from.is_array == self.is_array && self.keeps_one(from))
    }

    fn keeps_one(&self, from: &Self) -> bool {
        const INTEGERS: [&str; 3] = ["smallint", "integer", "bigint"];
        let is_integer = |name: &str| INTEGERS.contains(&name);
        match (from.name.as_str(), self.name.as_str()) {
            (from_name, name) if from_name == name => self.is_no_narrower(from),
            (from, name) if is_integer(from) && is_integer(name) => true,
            (from, "numeric") if is_integer(from) => self.scale() >= 0,
            ("smallint", "real" | "double precision")
            | ("integer" | "real", "double precision")
            | ("date", "timestamp") => true,
            (from, "interval") => from.starts_with("interval ") && self.limits.is_empty(),
            _ => false,
        }
    }

    fn is_no_narrower(&self, from: &Self) -> bool {
        let limit = |it: &Self| it.limits.first().copied();
        let precision = |it: &Self| limit(it).unwrap_or(PRECISION);
        match self.name.as_str() {
            "numeric" if self.limits.is_empty() => true,
            "numeric" => !from.limits.is_empty() && self.scale() >= from.scale(),
            "varchar" | "char" => limit(from).is_some_and(|from| limit(self) >= Some(from)),
            "timestamp" | "timestamptz" | "time" | "timetz" | "interval" => {
                precision(self) >= precision(from)
            }
            _ => self.limits == from.limits,
        }
    }

    /// How many digits a `numeric` has behind the point.
    fn scale(&self) -> i64 {
        self.limits.get(1).copied().unwrap_or_default()
    }
}

/// The numbers of a list, with their signs.
fn numbers(words: &Words) -> Vec<i64> {
    let number = |part: &Words| {
        let signs = (0..part.len()).filter_map(|at| part.value_at(at));
        signs.collect::<String>().parse().ok()
    };
    words.parts(0).iter().filter_map(number).collect()
}

/// The one name of a type that has several, and the limits that it has unless it says so.
fn spelled(name: &str, limits: Vec<i64>) -> (String, Vec<i64>) {
    let one = match name {
        "int" | "int4" => "integer",
        "int2" => "smallint",
        "int8" => "bigint",
        "float4" => "real",
        "float" if limits.first().is_some_and(|digits| *digits <= 24) => "real",
        "float" | "float8" => "double precision",
        "dec" | "decimal" => "numeric",
        "character varying"
        | "char varying"
        | "nchar varying"
        | "national character varying"
        | "national char varying" => "varchar",
        "char" | "character" | "nchar" | "national character" | "national char" => "char",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        "time without time zone" => "time",
        "time with time zone" => "timetz",
        "bool" => "boolean",
        "bit varying" => "varbit",
        // Its extension may be in any schema.
        name if name.ends_with(" . citext") => "citext",
        other => other,
    };
    let limits = match (name, one) {
        ("float", _) => Vec::new(),
        (_, "char") if limits.is_empty() => vec![1],
        _ => limits,
    };
    (one.to_owned(), limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_knows_the_type_of_is_kept_only_by_what_takes_everything() {
        for to in ["text", "TEXT COLLATE \"C\"", "varchar", "app.citext", "text[]", "uuid", "inet"]
        {
            assert!(Type::parse(to).keeps(None), "{to}");
        }
        for to in [
            "bigint",
            "int8",
            "integer[]",
            "smallint",
            "numeric",
            "decimal(10, 2)",
            "real",
            "float",
            "double precision",
            "timestamp",
            "timestamp(0)",
            "timestamptz(3)",
            "timetz",
            "date",
            "time(0) without time zone",
            "interval(0)",
            "interval hour",
            "varchar(20)",
            "char(2)",
            "\"char\"",
            "name",
            "money",
            "cidr",
            "jsonb",
            "price",
            "\"Mood\"",
        ] {
            assert!(!Type::parse(to).keeps(None), "{to}");
        }
    }

    #[test]
    fn a_type_that_is_known_keeps_what_fits_into_the_new_one() {
        let keeps = |from: &str, to: &str| Type::parse(to).keeps(Some(&Type::parse(from)));
        for (from, to) in [
            ("integer", "bigint"),
            ("int4", "int8"),
            // What is too large is refused.
            ("bigint", "int"),
            ("integer[]", "bigint[]"),
            ("integer", "numeric(12, 2)"),
            ("integer", "double precision"),
            ("numeric(10,2)", "decimal(12, 4)"),
            ("numeric(10,2)", "numeric"),
            ("character varying(20)", "varchar(50)"),
            ("character varying(20)", "text"),
            ("timestamp(3) without time zone", "timestamp(6)"),
            ("timestamp(3) without time zone", "timestamp"),
            ("timestamp with time zone", "timestamptz(6)"),
            ("date", "timestamp"),
            ("interval second(3)", "interval"),
            ("jsonb", "json"),
            ("cidr", "inet"),
        ] {
            assert!(keeps(from, to), "{from} to {to}");
        }
        for (from, to) in [
            ("numeric(10,2)", "bigint"),
            ("double precision", "integer"),
            ("numeric(10,2)", "double precision"),
            ("numeric", "numeric(10, 2)"),
            ("numeric(10,2)", "numeric(10, 1)"),
            ("integer", "numeric(3, -2)"),
            ("double precision", "numeric"),
            ("double precision", "real"),
            ("integer", "real"),
            ("bigint", "double precision"),
            ("numeric[]", "bigint[]"),
            ("timestamp with time zone", "timestamptz(0)"),
            ("timestamp(3) without time zone", "timestamp(0)"),
            // The zone of the session decides.
            ("timestamp without time zone", "timestamptz"),
            ("timestamp with time zone", "timestamp"),
            ("timestamp without time zone", "date"),
            ("time without time zone", "time(0)"),
            // Blanks at the end go without a word.
            ("text", "varchar(20)"),
            ("character varying(20)", "varchar(10)"),
            ("character varying(20)", "char(20)"),
            ("inet", "cidr"),
            ("json", "jsonb"),
            ("numeric(10,2)", "price"),
        ] {
            assert!(!keeps(from, to), "{from} to {to}");
        }
    }
}
