//! Two catalogues side by side.

use super::*;

fn catalogue(facts: &[(&str, &str, &str, &str)]) -> Catalogue {
    let fact = |(kind, name, property, value): &(&str, &str, &str, &str)| Fact {
        kind: (*kind).to_owned(),
        name: (*name).to_owned(),
        property: (*property).to_owned(),
        value: (*value).to_owned(),
    };
    Catalogue::read(facts.iter().map(fact)).unwrap()
}

fn lines(wanted: &Catalogue, found: &Catalogue) -> Vec<String> {
    compare(wanted, found).iter().map(ToString::to_string).collect()
}

const MEALS: [(&str, &str, &str, &str); 4] = [
    ("table", "public.meals", "owner", "nutri"),
    ("column", "public.meals.note", OF, "public.meals"),
    ("column", "public.meals.note", "type", "text"),
    ("index", "public.meals_note_idx", OF, "public.meals"),
];

#[test]
fn the_same_is_no_difference() {
    assert_eq!(lines(&catalogue(&MEALS), &catalogue(&MEALS)), [""; 0]);
}

#[test]
fn a_table_that_is_gone_is_said_once_without_its_parts() {
    let empty = Catalogue::default();
    assert_eq!(lines(&catalogue(&MEALS), &empty), ["table `public.meals` is missing"]);
    assert_eq!(lines(&empty, &catalogue(&MEALS)), ["table `public.meals` is not wanted"]);
}

#[test]
fn each_property_that_differs_is_said_with_both_sides() {
    let mut other = MEALS.to_vec();
    other[0].3 = "ann";
    other[2].3 = "integer";
    other.push(("column", "public.meals.note", "default", "0"));
    other.remove(3);
    assert_eq!(
        lines(&catalogue(&MEALS), &catalogue(&other)),
        [
            "table `public.meals`: owner: wanted `nutri`, found `ann`",
            "column `public.meals.note`: default: wanted none, found `0`",
            "column `public.meals.note`: type: wanted `text`, found `integer`",
            "index `public.meals_note_idx` is missing",
        ]
    );
}

#[test]
fn every_kind_is_read_by_its_name_and_nothing_else_is() {
    for kind in Kind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
    }
    assert!("tables".parse::<Kind>().is_err());
}

#[test]
fn who_migrates_has_another_name_on_each_server_and_nobody_else_does() {
    let mut other = MEALS.to_vec();
    other[0].3 = "postgres";
    let (wanted, found) = (catalogue(&MEALS).owned_by("nutri"), catalogue(&other));
    assert_eq!(lines(&wanted, &found.clone().owned_by("postgres")), [""; 0]);
    assert_eq!(
        lines(&wanted, &found.owned_by("low")),
        ["table `public.meals`: owner: wanted `(who migrates)`, found `postgres`"]
    );
}
