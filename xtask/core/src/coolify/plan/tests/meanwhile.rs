//! What happened between two runs of ours: rows that others touched, twins that kept what they
//! had, applications in other places, and what containers do not know of yet.

use super::*;

#[test]
fn the_twin_for_previews_follows_and_no_container_is_deployed_for_it() {
    let desired = desired();
    let mut observed = as_wanted(&desired);
    let rows = variables(&mut observed, 1);
    let jwt = rows.iter().find(|it| it.key == "JWT_SECRET").unwrap().clone();
    let twin = observed::Variable { uuid: "twin".into(), is_preview: true, ..jwt };
    rows.push(twin.clone());
    assert!(plan(&desired, &observed).is_empty(), "it was made with the variable");
    let of_old = "xtask hmac-sha256:of-the-old-value at=2026-11-27T00:00:00Z";
    variables(&mut observed, 1).last_mut().unwrap().comment = Some(of_old.into());
    let alone = plan(&desired, &observed);
    assert_eq!(alone.steps.len(), 1);
    assert_eq!(
        (alone.steps[0].twin, alone.steps[0].uuids.as_slice()),
        (Twin::Only, &["twin".to_owned()][..])
    );
    insta::assert_snapshot!(lines(&alone), @"change variable `JWT_SECRET` of `backend` (its twin for previews says something else)");
    variables(&mut observed, 1).retain(|it| it.key != "JWT_SECRET" || it.is_preview);
    let both = plan(&desired, &observed);
    assert_eq!((both.steps[0].action, both.steps[0].twin), (Action::Create, Twin::Too));
}

#[test]
fn a_row_that_was_changed_after_we_wrote_it_is_changed_back_though_its_value_is_hidden() {
    let desired = desired();
    let mut observed = as_wanted(&desired);
    let jwt = |observed: &mut Observed, comment: Option<String>, changed: Option<&str>| {
        let rows = variables(observed, 1);
        let row = rows.iter_mut().find(|it| it.key == "JWT_SECRET").unwrap();
        row.comment = comment.or(row.comment.clone());
        row.changed = changed.map(moment);
    };
    jwt(&mut observed, None, Some("2026-11-27T00:05:00Z"));
    insta::assert_snapshot!(lines(&plan(&desired, &observed)), @"change variable `JWT_SECRET` of `backend` (somebody changed it after it was written)");
    jwt(&mut observed, None, None);
    insta::assert_snapshot!(lines(&plan(&desired, &observed)), @"unknown variable `JWT_SECRET` of `backend`: the token may not read it, and this Coolify does not tell when it was changed");
    let print = desired.applications[1].variables["JWT_SECRET"].fingerprint.clone().unwrap();
    jwt(&mut observed, Some(print.comment()), Some(WRITTEN));
    insta::assert_snapshot!(lines(&plan(&desired, &observed)), @"change variable `JWT_SECRET` of `backend` (nothing tells when it was written)");
}

#[test]
fn what_is_ours_in_another_place_and_a_domain_of_another_are_told_before_anything_is_made() {
    let desired = desired();
    let mut observed = nothing();
    let other =
        |name: &str, description: Option<String>, domain: Option<&str>| observed::Elsewhere {
            name: name.into(),
            description,
            domains: domain.into_iter().map(Into::into).collect(),
            place: Some("environment `production` of project `old`".into()),
        };
    let ours = Some(format!("{} release=r1", desired.mark));
    observed.elsewhere = vec![
        other("backend", ours, None),
        other("grafana", None, Some("https://api.nutri.app:3000")),
        other("backend", None, Some("https://other.example.org")),
    ];
    let refused = Plan { refused: plan(&desired, &observed).refused, ..Plan::default() };
    insta::assert_snapshot!(lines(&refused), @r"
    refused application `backend`: it is in environment `production` of project `old` already: name those in `deploy.toml`, or rename or remove it there
    refused application `backend`: application `grafana` has the domain `https://api.nutri.app:3000` already
    ");
}

#[test]
fn what_containers_do_not_know_of_yet_is_pending() {
    let desired = desired();
    let mut observed = as_wanted(&desired);
    observed.applications[1].description = Some(format!("{} changed=r1", desired.mark));
    let plan = plan(&desired, &observed);
    assert!(plan.steps.is_empty());
    insta::assert_snapshot!(lines(&plan), @"pending application `backend`: changed after `r1` was deployed; its containers do not know of it yet");
}
