//! What stands in credential files, and what we make of it.

use super::*;

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn repository(text: &str) -> Repository {
    text.parse().unwrap()
}

fn read(file: &str, text: &str) -> Option<Source> {
    parse(file, &repository(text), "config.json").unwrap()
}

fn user(source: Option<Source>) -> Option<String> {
    match source? {
        Source::Inline(Login::Password(credentials)) => Some(credentials.user),
        other => panic!("wanted a user, found {other:?}"),
    }
}

#[test]
fn an_entry_is_user_and_password_in_base64() {
    let file = r#"{"auths":{"ghcr.io":{"auth":"Y2k6YTpi"}},"HttpHeaders":{}}"#;
    let wanted = Credentials { user: "ci".to_owned(), password: Secret::new("a:b") };
    let wanted = Source::Inline(Login::Password(wanted));
    assert_eq!(read(file, "ghcr.io/acme/api"), Some(wanted));
    assert_eq!(read(file, "other.io/acme/api"), None);
    assert_eq!(read(r#"{"auths":{"ghcr.io":{}}}"#, "ghcr.io/acme/api"), None);
}

#[test]
fn the_most_specific_entry_is_taken() {
    let file = r#"{"auths":{"ghcr.io":{"auth":"YTox"},"ghcr.io/acme":{"auth":"Yjox"}}}"#;
    assert_eq!(user(read(file, "ghcr.io/acme/api")).as_deref(), Some("b"));
    assert_eq!(user(read(file, "ghcr.io/other/api")).as_deref(), Some("a"));
}

#[test]
fn the_host_may_be_spelled_as_docker_did_over_the_years() {
    for key in ["https://r.io", "https://r.io/v2/", "http://r.io/v1/"] {
        let file = format!(r#"{{"auths":{{"{key}":{{"auth":"YTox"}}}}}}"#);
        assert_eq!(user(read(&file, "r.io/a")).as_deref(), Some("a"), "{key}");
    }
    let hub = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"YTox"}}}"#;
    assert_eq!(user(read(hub, "docker.io/library/a")).as_deref(), Some("a"));
}

#[test]
fn the_helper_of_one_registry_comes_before_the_helper_of_all() {
    let file = r#"{"auths":{"r.io":{"auth":"YTox"}},"credHelpers":{"r.io":"own"},
        "credsStore":"all"}"#;
    let helper = |name: &str, keys: &[&str]| {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Some(Source::Helper { name: name.to_owned(), keys })
    };
    assert_eq!(read(file, "r.io/a"), helper("own", &["r.io", "https://r.io"]));
    assert_eq!(read(file, "s.io/a"), helper("all", &["s.io", "https://s.io"]));
    assert_eq!(read(file, "docker.io/a/b"), helper("all", &["https://index.docker.io/v1/"]));
    let file = r#"{"credHelpers":{"https://r.io":"own"}}"#;
    assert_eq!(read(file, "r.io/a"), helper("own", &["https://r.io", "r.io"]));
}

/// Files as they are found on machines, and how they let in to `r.io/a/b`.
#[test]
fn every_file_that_docker_takes_is_taken_as_docker_takes_it() {
    let inline = |login| Some(Source::Inline(login));
    let password = |user: &str, password: &str| {
        inline(Login::Password(Credentials {
            user: user.to_owned(),
            password: Secret::new(password),
        }))
    };
    let identity = inline(Login::Identity(Secret::new("x")));
    let own = |it: &str| format!(r#"{{"auths":{{"r.io":{it}}}}}"#);
    let under = |key: &str| format!(r#"{{"auths":{{"{key}":{{"auth":"YTox"}}}}}}"#);
    let helper = |it: &str| format!(r#"{{"auths":{{"r.io":{{"auth":"YTox"}}}},{it}}}"#);
    for (file, wanted) in [
        // What says nothing.
        (String::new(), None),
        ("\n".to_owned(), None),
        ("{}".to_owned(), None),
        (r#"{"auths":null,"credHelpers":null,"credsStore":null}"#.to_owned(), None),
        (own("null"), None),
        (own(r#"{"auth":null,"username":null}"#), None),
        (own(r#"{"username":"","password":""}"#), None),
        (own(r#"{"username":"a","password":""}"#), None),
        // Users and passwords.
        (own(r#"{"auth":"YTox","username":"","password":""}"#), password("a", "1")),
        (own(r#"{"auth":"YTox","username":"b","password":"2"}"#), password("a", "1")),
        (own(r#"{"auth":"","username":"b","password":"2"}"#), password("b", "2")),
        (own(r#"{"auth":" YTox "}"#), password("a", "1")),
        // Tokens.
        (own(r#"{"identitytoken":"x","auth":"YTox"}"#), identity.clone()),
        (own(r#"{"identitytoken":"","auth":"YTox"}"#), password("a", "1")),
        (own(r#"{"auth":"PHRva2VuPjp4"}"#), identity),
        (
            own(r#"{"registrytoken":"y","identitytoken":"x","auth":"YTox"}"#),
            inline(Login::Registry(Secret::new("y"))),
        ),
        // Keys.
        (under("r.io/"), password("a", "1")),
        (under("https://r.io/v2/"), password("a", "1")),
        (under("http://r.io"), password("a", "1")),
        (under("https://r.io/some/path/"), password("a", "1")),
        (under("r.io/a/"), password("a", "1")),
        (under("r.io/a/b"), password("a", "1")),
        (under("r.io/other"), None),
        (under("https://r.io.example.org"), None),
        (under("r.io:443"), None),
        // Helpers: one without a name means the file, for that registry only.
        (helper(r#""credHelpers":{"r.io":""},"credsStore":"all""#), password("a", "1")),
        (helper(r#""credHelpers":{"r.io":null},"credsStore":"all""#), password("a", "1")),
        (helper(r#""credsStore":"""#), password("a", "1")),
    ] {
        assert_eq!(read(&file, "r.io/a/b"), wanted, "{file}");
    }
}

#[test]
fn docker_hub_has_three_names() {
    for key in
        ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"]
    {
        let file = format!(r#"{{"auths":{{"{key}":{{"auth":"YTox"}}}}}}"#);
        assert_eq!(user(read(&file, "docker.io/library/a")).as_deref(), Some("a"), "{key}");
    }
}

#[test]
fn a_damaged_file_is_named_and_not_repeated() {
    for file in [r#"{"auths":{"r.io":{"auth":"hunter2!"}}}"#, r#"{"auths": "hunter2"#] {
        let error = parse(file, &repository("r.io/a"), "/home/ci/config.json").unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains("/home/ci/config.json") && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn podmans_file_is_asked_before_dockers() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let surroundings = Surroundings {
        runtime_dir: Some(folder.path().to_owned()),
        home: Some(folder.path().to_owned()),
        ..Surroundings::default()
    };
    let found = || match wait(find(&repository("r.io/a"), &surroundings)).unwrap() {
        Some(Login::Password(found)) => Some(found.user),
        other => other.map(|other| panic!("wanted a user, found {other:?}")),
    };
    assert_eq!(found(), None);
    write(".docker/config.json", r#"{"auths":{"r.io":{"auth":"YTox"}}}"#);
    assert_eq!(found().as_deref(), Some("a"));
    write("containers/auth.json", r#"{"auths":{"r.io":{"auth":"Yjox"}}}"#);
    assert_eq!(found().as_deref(), Some("b"));
}

#[cfg(unix)]
mod helpers {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// Asks a helper that is the given shell script.
    fn ask_helper(script: &str) -> Result<Option<Login>, CredentialsError> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("docker-credential-own");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let file = r#"{"credHelpers":{"r.io":"own"}}"#;
        std::fs::write(folder.path().join("config.json"), file).unwrap();
        let surroundings = Surroundings {
            docker_config: Some(folder.path().to_owned()),
            path: Some(folder.path().into()),
            ..Surroundings::default()
        };
        wait(find(&repository("r.io/a"), &surroundings))
    }

    #[test]
    fn a_helper_is_told_the_registry_and_answers_with_user_and_secret() {
        let script = r#"read -r key; [ "$1 $key" = "get r.io" ] || key=wrong
printf '{"ServerURL":"%s","Username":"ci","Secret":"s3cret"}' "$key""#;
        let script = script.replace("read -r key;", "read -r key || true;");
        let wanted = Credentials { user: "ci".to_owned(), password: Secret::new("s3cret") };
        assert_eq!(ask_helper(&script).unwrap(), Some(Login::Password(wanted)));
    }

    #[test]
    fn a_helper_that_knows_nothing_is_no_failure() {
        let script = "echo 'credentials not found in native keychain'; exit 1";
        assert_eq!(ask_helper(script).unwrap(), None);
    }

    #[test]
    fn a_helper_that_fails_is_named_with_its_last_line() {
        let error = ask_helper("echo locked >&2; exit 3").unwrap_err().to_string();
        assert!(error.contains("`docker-credential-own`") && error.contains("locked"), "{error}");
    }

    #[test]
    fn a_helpers_identity_token_is_one_and_does_not_show_itself() {
        let script = r#"printf '{"Username":"<token>","Secret":"s3cret"}'"#;
        let found = ask_helper(script).unwrap();
        assert!(!format!("{found:?}").contains("s3cret"));
        assert_eq!(found, Some(Login::Identity(Secret::new("s3cret"))));
    }

    #[test]
    fn a_helper_that_knows_the_registry_by_its_address_is_asked_by_that_as_well() {
        let script = r#"read -r key || true
[ "$key" = "https://r.io" ] || { echo 'credentials not found in native keychain'; exit 1; }
printf '{"Username":"ci","Secret":"s3cret"}'"#;
        assert!(matches!(ask_helper(script), Ok(Some(Login::Password(_)))));
    }

    #[test]
    fn a_helper_with_a_path_for_a_name_is_not_run() {
        let surroundings = Surroundings { path: Some("/".into()), ..Surroundings::default() };
        let keys = ["r.io".to_owned()];
        let asked = wait(ask_each("x/../../bin/true", &keys, &repository("r.io/a"), &surroundings));
        assert!(matches!(asked, Err(CredentialsError::Helper { .. })));
    }
}

/// What a workflow tells by variables.
fn from_variables(variables: &[(&str, &str)], text: &str) -> Option<Login> {
    let value = |name: &str| variables.iter().find(|it| it.0 == name).map(|it| it.1.into());
    wait(find(&repository(text), &Surroundings::of(value))).unwrap()
}

#[test]
fn variables_are_for_the_registry_that_they_name_and_for_no_other() {
    let variables =
        [("REGISTRY", "ghcr.io/acme/nutri"), ("REGISTRY_USER", "ci"), ("REGISTRY_TOKEN", "t")];
    let wanted = Login::Password(Credentials { user: "ci".to_owned(), password: Secret::new("t") });
    assert_eq!(from_variables(&variables, "ghcr.io/acme/nutri/backend"), Some(wanted));
    assert_eq!(from_variables(&variables, "ghcr.io.example.org/acme/nutri"), None);
    assert_eq!(from_variables(&variables, "registry.example.org/acme/nutri"), None);
}

#[test]
fn variables_tell_nothing_unless_all_three_are_set() {
    let all = [("REGISTRY", "r.io/a"), ("REGISTRY_USER", "ci"), ("REGISTRY_TOKEN", "t")];
    for missing in 0..3 {
        let mut some = all;
        some[missing].1 = "";
        assert_eq!(from_variables(&some, "r.io/a"), None, "{some:?}");
    }
}

#[test]
fn a_token_does_not_print_itself() {
    let value = |name: &str| Some(if name == "REGISTRY_TOKEN" { "hunter2" } else { "r.io" }.into());
    assert!(!format!("{:?}", Surroundings::of(value)).contains("hunter2"));
}
