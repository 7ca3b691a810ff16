//! The fields of a package: `Name: value` lines, with continuation lines that begin blank.

/// The fields of one package, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    fields: Vec<(String, String)>,
}

impl Control {
    /// Parses one paragraph; `Package`, `Version` and `Architecture` must be there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines().skip_while(|line| line.trim().is_empty()) {
            if line.trim().is_empty() {
                break; // A second paragraph is none of ours.
            }
            if line.starts_with([' ', '\t']) {
                let (_, value) = fields.last_mut().ok_or("its `control` begins with a blank")?;
                value.push('\n');
                // A carriage return at the end would be taken for a part of the newline later.
                value.push_str(line.trim_end_matches('\r'));
                continue;
            }
            let (name, value) = parse_field(line)?;
            if fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                return Err(format!("its `control` has `{name}` twice"));
            }
            fields.push((name.to_owned(), value.to_owned()));
        }
        let control = Self { fields };
        let needed = ["Package", "Version", "Architecture"];
        match needed.into_iter().find(|name| control.get(name).is_none_or(str::is_empty)) {
            Some(name) => Err(format!("its `control` has no `{name}`")),
            None => Ok(control),
        }
    }

    /// The value of a field, whatever the case of its name; later lines keep their first blank.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// All fields in the order of the file.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The package's name.
    pub fn package(&self) -> &str {
        self.get("Package").expect("checked while parsing")
    }

    /// The package's version.
    pub fn version(&self) -> &str {
        self.get("Version").expect("checked while parsing")
    }

    /// The package's architecture: `amd64`, `arm64` or `all`.
    pub fn architecture(&self) -> &str {
        self.get("Architecture").expect("checked while parsing")
    }
}

/// The paragraph as `status` files hold it, ended by a newline.
impl std::fmt::Display for Control {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, value) in &self.fields {
            let blank = if value.starts_with('\n') || value.is_empty() { "" } else { " " };
            writeln!(formatter, "{name}:{blank}{value}")?;
        }
        Ok(())
    }
}

fn parse_field(line: &str) -> Result<(&str, &str), String> {
    let refuse = || format!("its `control` has a line that is no field: `{line}`");
    let (name, value) = line.split_once(':').ok_or_else(refuse)?;
    let legal = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    if name.is_empty() || !name.bytes().all(legal) || name.starts_with(['#', '-']) {
        return Err(refuse());
    }
    Ok((name, value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Package: tiny\nVersion: 1:2-3\nArchitecture: all\n\
        Description: small\n a first line\n .\n the last\nMulti-Arch: same\n";

    #[test]
    fn keeps_order_and_continuation_lines() {
        let control = Control::parse(TEXT).unwrap();
        assert_eq!(control.get("description"), Some("small\n a first line\n .\n the last"));
        assert_eq!((control.package(), control.version()), ("tiny", "1:2-3"));
        assert_eq!(control.to_string(), TEXT);
    }

    #[test]
    fn carriage_returns_at_the_end_of_a_line_are_no_part_of_it() {
        let control = Control::parse(&TEXT.replace(" .\n", " .\r\r\r\n")).unwrap();
        assert_eq!(control.to_string(), TEXT);
    }

    #[test]
    fn says_what_is_wrong_with_a_paragraph() {
        let message = |text: &str| Control::parse(text).unwrap_err();
        assert_eq!(message(""), "its `control` has no `Package`");
        assert_eq!(message(" x"), "its `control` begins with a blank");
        assert_eq!(message("Package"), "its `control` has a line that is no field: `Package`");
        let twice = format!("{TEXT}package: again\n");
        assert_eq!(message(&twice), "its `control` has `package` twice");
    }
}
