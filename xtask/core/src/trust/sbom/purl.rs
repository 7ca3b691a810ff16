//! Package URLs: the names under which scanners and vulnerability lists know packages.

/// A Debian package. The distribution is the release of the base, as scanners ask for it.
pub fn debian(name: &str, version: &str, architecture: &str) -> String {
    let (name, version) = (encoded(name), encoded(version));
    format!("pkg:deb/debian/{name}@{version}?arch={architecture}&distro=debian-12")
}

/// A package of npm; a scope is a part of its own.
pub fn npm(name: &str, version: &str) -> String {
    let name: Vec<String> = name.split('/').map(encoded).collect();
    format!("pkg:npm/{}@{}", name.join("/"), encoded(version))
}

/// A wheel. Python holds `_` and `-` in a name for the same.
pub fn python(name: &str, version: &str) -> String {
    format!("pkg:pypi/{}@{}", encoded(&crate::image::requirements::normal(name)), encoded(version))
}

/// What no package manager brought.
pub fn generic(name: &str, version: &str) -> String {
    format!("pkg:generic/{}@{}", encoded(name), encoded(version))
}

/// Percent escapes for all but letters, digits, and what the specification leaves alone.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_called_as_scanners_call_them() {
        let found = debian("libstdc++6", "1:12.2.0-14+deb12u1", "amd64");
        let wanted =
            "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12";
        assert_eq!(found, wanted);
        assert_eq!(npm("@prisma/client", "7.10.0"), "pkg:npm/%40prisma/client@7.10.0");
        assert_eq!(python("Typing_Extensions", "4.1"), "pkg:pypi/typing-extensions@4.1");
    }
}
