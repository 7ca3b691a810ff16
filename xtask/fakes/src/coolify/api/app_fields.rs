//! The fields of an application: their rules, and where each is kept.

use super::rules::{Check, Rule};

const TEXT: &[Rule] = &[Rule::Text];
const MAYBE: &[Rule] = &[Rule::Nullable, Rule::Text];
const FLAG: &[Rule] = &[Rule::Flag];
const NUMBER: &[Rule] = &[Rule::Number];

/// Those that are columns of the application.
pub(super) const COLUMNS: &[Check] = &[
    ("name", &[Rule::Nullable, Rule::Text, Rule::Longest(255)]),
    ("description", MAYBE),
    (
        "docker_registry_image_tag",
        &[Rule::Nullable, Rule::Text, Rule::Longest(128), Rule::Form(is_tag)],
    ),
    ("ports_exposes", &[Rule::Nullable, Rule::Text, Rule::Form(is_ports)]),
    ("ports_mappings", &[Rule::Nullable, Rule::Text, Rule::Form(is_mappings)]),
    ("redirect", &[Rule::OneOf(&["www", "non-www", "both"])]),
    ("custom_network_aliases", MAYBE),
    (
        "custom_docker_run_options",
        &[Rule::Nullable, Rule::Text, Rule::Longest(2000), Rule::Form(is_options)],
    ),
    ("health_check_enabled", FLAG),
    ("health_check_type", &[Rule::OneOf(&["http", "cmd"])]),
    (
        "health_check_command",
        &[Rule::Nullable, Rule::Text, Rule::Longest(1000), Rule::Form(is_command)],
    ),
    ("health_check_path", &[Rule::Text, Rule::Form(is_path)]),
    ("health_check_port", &[Rule::Nullable, Rule::Whole, Rule::Least(1), Rule::Most(65535)]),
    ("health_check_host", &[Rule::Text, Rule::Form(is_host)]),
    ("health_check_method", &[Rule::OneOf(&["GET", "HEAD", "POST", "OPTIONS"])]),
    ("health_check_scheme", &[Rule::OneOf(&["http", "https"])]),
    ("health_check_return_code", NUMBER),
    ("health_check_response_text", MAYBE),
    ("health_check_interval", NUMBER),
    ("health_check_timeout", NUMBER),
    ("health_check_retries", NUMBER),
    ("health_check_start_period", NUMBER),
    ("limits_memory", TEXT),
    ("limits_memory_swap", TEXT),
    ("limits_memory_swappiness", NUMBER),
    ("limits_memory_reservation", TEXT),
    ("limits_cpus", TEXT),
    ("limits_cpuset", MAYBE),
    ("limits_cpu_shares", NUMBER),
    ("pre_deployment_command", MAYBE),
    ("pre_deployment_command_container", MAYBE),
    ("post_deployment_command", MAYBE),
    ("post_deployment_command_container", MAYBE),
    ("manual_webhook_secret_github", MAYBE),
    ("manual_webhook_secret_gitlab", MAYBE),
    ("manual_webhook_secret_bitbucket", MAYBE),
    ("manual_webhook_secret_gitea", MAYBE),
    ("max_restart_count", &[Rule::Whole, Rule::Least(0)]),
    ("is_http_basic_auth_enabled", FLAG),
    ("http_basic_auth_username", MAYBE),
    ("http_basic_auth_password", MAYBE),
    ("preview_url_template", MAYBE),
    ("static_image", &[Rule::OneOf(&["nginx:alpine"])]),
    ("install_command", MAYBE),
    ("build_command", MAYBE),
    ("start_command", MAYBE),
    ("base_directory", MAYBE),
    ("publish_directory", MAYBE),
    ("dockerfile_location", MAYBE),
    ("docker_compose_location", MAYBE),
    ("docker_compose_raw", MAYBE),
    ("docker_compose_custom_start_command", MAYBE),
    ("docker_compose_custom_build_command", MAYBE),
    ("watch_paths", MAYBE),
];

/// Those that are settings beside it.
pub(super) const SETTINGS: &[Check] = &[
    ("is_static", FLAG),
    ("is_spa", FLAG),
    ("is_auto_deploy_enabled", FLAG),
    ("is_force_https_enabled", FLAG),
    ("is_preview_deployments_enabled", FLAG),
    ("is_pr_deployments_public_enabled", FLAG),
    ("is_gzip_enabled", FLAG),
    ("is_stripprefix_enabled", FLAG),
    ("is_raw_compose_deployment_enabled", FLAG),
    ("is_log_drain_enabled", FLAG),
    ("is_gpu_enabled", FLAG),
    ("gpu_driver", MAYBE),
    ("gpu_count", MAYBE),
    ("gpu_device_ids", MAYBE),
    ("gpu_options", MAYBE),
    ("is_consistent_container_name_enabled", FLAG),
    ("custom_internal_name", MAYBE),
    ("connect_to_docker_network", FLAG),
    ("is_container_label_escape_enabled", FLAG),
    ("is_preserve_repository_enabled", FLAG),
    ("is_env_sorting_enabled", FLAG),
    ("is_git_submodules_enabled", FLAG),
    ("is_git_lfs_enabled", FLAG),
    ("is_git_shallow_clone_enabled", FLAG),
    ("disable_build_cache", FLAG),
    ("use_build_secrets", FLAG),
    ("inject_build_args_to_dockerfile", FLAG),
    ("include_source_commit_in_build", FLAG),
    ("stop_grace_period", &[Rule::Nullable, Rule::Whole, Rule::Least(1), Rule::Most(3600)]),
    ("docker_images_to_keep", &[Rule::Whole, Rule::Least(0), Rule::Most(100)]),
];

/// Those that are acted on, or belong to other kinds of applications and are let through.
const OTHERS: &[Check] = &[
    ("domains", MAYBE),
    ("noindex_domains", &[Rule::Nullable, Rule::List]),
    ("custom_labels", MAYBE),
    ("force_domain_override", FLAG),
    ("instant_deploy", &[]),
    ("use_build_server", &[Rule::Nullable, Rule::Flag]),
    (
        "build_pack",
        &[Rule::OneOf(&[
            "nixpacks",
            "railpack",
            "static",
            "dockerfile",
            "dockercompose",
            "dockerimage",
        ])],
    ),
    ("git_repository", TEXT),
    ("git_branch", TEXT),
    ("git_commit_sha", TEXT),
    ("docker_compose_domains", &[Rule::Nullable, Rule::List]),
];

/// Those of a new one only.
const NEW: &[Check] = &[
    ("project_uuid", &[Rule::Required, Rule::Text]),
    ("server_uuid", &[Rule::Required, Rule::Text]),
    ("environment_name", MAYBE),
    ("environment_uuid", MAYBE),
    ("destination_uuid", MAYBE),
    ("docker_registry_image_name", &[Rule::Nullable, Rule::Text]),
    ("type", MAYBE),
    ("autogenerate_domain", FLAG),
    ("private_key_uuid", MAYBE),
    ("github_app_uuid", MAYBE),
    ("dockerfile", MAYBE),
    ("tags", &[Rule::Nullable, Rule::List, Rule::Each(&[Rule::Text, Rule::Shortest(2)])]),
];

/// Those of a change only.
const CHANGED: &[Check] = &[
    (
        "docker_registry_image_name",
        &[Rule::Nullable, Rule::Text, Rule::Longest(255), Rule::Form(is_repository)],
    ),
    ("dockerfile_target_build", MAYBE),
];

/// All rules of a new application, up to what is looked for in the database.
pub(super) fn for_new() -> Vec<Check> {
    [NEW, COLUMNS, SETTINGS, OTHERS].concat()
}

/// All rules of a change.
pub(super) fn for_change() -> Vec<Check> {
    [CHANGED, COLUMNS, SETTINGS, OTHERS].concat()
}

/// What the database keeps as a whole number, and refuses a fraction for.
pub(super) const WHOLE: &[&str] = &[
    "health_check_return_code",
    "health_check_interval",
    "health_check_timeout",
    "health_check_retries",
    "health_check_start_period",
    "limits_memory_swappiness",
    "limits_cpu_shares",
    "max_restart_count",
    "stop_grace_period",
    "docker_images_to_keep",
];

/// What the database keeps in 255 letters, though no rule says so.
pub(super) const SHORT: &[&str] = &[
    "description",
    "health_check_path",
    "health_check_host",
    "ports_exposes",
    "ports_mappings",
    "limits_memory",
    "limits_memory_swap",
    "limits_memory_reservation",
    "limits_cpus",
    "limits_cpuset",
];

fn all(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(allowed)
}

fn is_tag(text: &str) -> bool {
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.len() <= 128 && text.starts_with(word) && all(text, |own| word(own) || ".-".contains(own))
}

fn is_digits(text: &str) -> bool {
    all(text, |letter| letter.is_ascii_digit())
}

fn is_ports(text: &str) -> bool {
    text.split(',').all(is_digits)
}

fn is_mappings(text: &str) -> bool {
    let pair = |(host, own): (&str, &str)| is_digits(host) && is_digits(own);
    text.split(',').all(|mapping| mapping.split_once(':').is_some_and(pair))
}

fn is_options(text: &str) -> bool {
    all(text, |letter| !";|&$`<>(){}\\!\n\r*?[]#~\"'".contains(letter))
}

fn is_command(text: &str) -> bool {
    all(text, |letter| letter.is_ascii_alphanumeric() || " -_./:=@,+".contains(letter))
}

fn is_path(text: &str) -> bool {
    all(text, |letter| letter.is_ascii_alphanumeric() || "/-_.~%,;".contains(letter))
}

fn is_host(text: &str) -> bool {
    all(text, |letter| letter.is_ascii_alphanumeric() || "-_.:".contains(letter))
}

/// A repository; a digest's `@sha256` may end it, a tag may not.
fn is_repository(text: &str) -> bool {
    let text = text.strip_suffix("@sha256").unwrap_or(text);
    let (host, path) = match text.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
            (Some(host), path)
        }
        _ => (None, text),
    };
    let is_part = |part: &str| {
        let small = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        part.starts_with(small) && all(part, |letter| small(letter) || "._-".contains(letter))
    };
    host.is_none_or(|host| all(host, |own| own.is_ascii_alphanumeric() || ".:-".contains(own)))
        && path.split('/').all(is_part)
}

/// What a new application may be given as its image, or what is said of it.
pub(super) fn image_fault(text: &str) -> Option<&'static str> {
    if text.contains(":sha256:") {
        return Some(
            "The docker registry image name must use @ before sha256 digest (e.g., \
             image@sha256:hash, not image:sha256:hash).",
        );
    }
    let (name, hash) = text.split_once("@sha256:").map_or((text, None), |(a, b)| (a, Some(b)));
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let (repository, tag) = match name[slash..].find(':') {
        Some(at) if hash.is_none() => (&name[..slash + at], Some(&name[slash + at + 1..])),
        _ => (name, None),
    };
    let is_hash = hash.is_none_or(|hash| all(hash, |own| own.is_ascii_hexdigit()));
    let is_right = is_repository(repository) && tag.is_none_or(is_tag) && is_hash;
    (!is_right).then_some(
        "The docker registry image name format is invalid. Use image:tag or image@sha256:hash \
         format.",
    )
}

/// Name and tag of a new application, as Coolify joins and splits them again.
pub(super) fn split_image(name: &str, tag: Option<&str>) -> (String, String) {
    let joined = tag.map_or_else(|| name.to_owned(), |tag| format!("{name}:{tag}"));
    if let Some((name, hash)) = joined.split_once("@sha256:") {
        return (format!("{name}@sha256"), hash.to_owned());
    }
    match joined.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => {
            let is_hash = tag.len() == 64 && all(tag, |own| own.is_ascii_hexdigit());
            let name = if is_hash { format!("{name}@sha256") } else { name.to_owned() };
            (name, tag.to_owned())
        }
        _ => (joined, "latest".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{image_fault, is_repository, split_image};

    #[test]
    fn an_image_is_joined_and_split_again() {
        let hash = "a".repeat(64);
        let split = |name: &str, tag| split_image(name, tag);
        let of = |name: &str, tag: &str| (name.to_owned(), tag.to_owned());
        assert_eq!(split("host:5000/app", None), of("host:5000/app", "latest"));
        assert_eq!(split("app:1", None), of("app", "1"));
        assert_eq!(split("app:1", Some("2")), of("app:1", "2"), "broken, as Coolify leaves it");
        assert_eq!(split("app", Some(&hash)), of("app@sha256", &hash));
        assert_eq!(split(&format!("app@sha256:{hash}"), None), of("app@sha256", &hash));
        assert_eq!(split("repo@sha256", None), of("repo@sha256", "latest"));
        let tag = format!("sha256-{hash}");
        assert_eq!(split("app", Some(&tag)), of("app", &tag));
    }

    #[test]
    fn an_image_without_a_form_is_refused() {
        for right in ["repo@sha256:abc", "repo@sha256", "127.0.0.1:5999/h1/app:1", "a/b/c"] {
            assert_eq!(image_fault(right), None, "{right}");
        }
        for wrong in ["UPPER/case", "repo:tag:tag", "a b", "-x", "http://x/y", "repo@sha512:aa"] {
            assert!(image_fault(wrong).is_some(), "{wrong}");
        }
        assert!(!is_repository("127.0.0.1:5999/h1/app:3"), "a change takes no tag here");
    }
}
