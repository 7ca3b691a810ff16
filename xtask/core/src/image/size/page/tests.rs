use super::*;
use crate::image::size::tests::example;

fn example_page() -> String {
    let sizes = [(Platform::ALL[0], example()), (Platform::ALL[1], example())];
    page(&Page { image: "hello <&> \"you\"", digest: "sha256:00", budget: 5_000, sizes: &sizes })
}

/// The names of open elements, or what is wrong.
fn check_nesting(html: &str) -> Result<(), String> {
    let mut open = Vec::new();
    for tag in html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default()) {
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap_or_default();
        if tag.starts_with('!') || tag.ends_with('/') {
            continue;
        }
        if !tag.starts_with('/') {
            open.push(name);
        } else if open.pop() != Some(name) {
            return Err(format!("`{tag}` closes nothing"));
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("{open:?} stay open")) }
}

#[test]
fn elements_are_nested_and_names_are_escaped() {
    let html = example_page();
    assert_eq!(check_nesting(&html), Ok(()));
    assert!(html.contains("hello &lt;&amp;&gt; &quot;you&quot;") && !html.contains("hello <"));
    assert!(check_nesting("<p><b></p></b>").is_err(), "the check can fail");
}

#[test]
fn it_asks_for_nothing_but_itself() {
    let html = example_page();
    for word in ["http", "//", "src=", "url(", "@import", "<script", "<link", "<iframe"] {
        assert!(!html.contains(word), "{word}");
    }
}

#[test]
fn every_package_is_in_a_map_and_in_a_table_and_every_link_leads_somewhere() {
    let html = example_page();
    for total in example().packages() {
        let name = &total.package.name;
        assert!(html.contains(&format!("aria-label=\"{name}: ")), "{name} has a box");
        assert!(html.contains(&format!("<th scope=\"row\">{name}</th>")), "{name} has a row");
    }
    let targets = html.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap());
    for target in targets {
        assert_eq!(html.matches(&format!(" id=\"{target}\"")).count(), 1, "{target}");
    }
}

#[test]
fn the_first_platform_is_shown_first_and_its_budget_is_told() {
    let html = example_page();
    let first = html.find("class=\"view first\" id=\"amd64\"").unwrap();
    assert!(!html[first..].contains("class=\"view\""), "it stands last");
    assert!(html.contains("class=\"bar over\""), "6.8 kB of 5.0 kB allowed");
    assert!(html.contains("6.8 kB of 5.0 kB allowed, 137 %"), "in words");
}
