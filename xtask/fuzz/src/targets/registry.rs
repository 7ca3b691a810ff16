//! What a registry answers, and the file that holds who we are to it.

use super::Target;
use xtask_registry::{credentials, heard};

pub(super) const ANSWER: Target = Target {
    name: "registry",
    run: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let headers = head.lines().filter_map(|line| line.split_once(": "));
        heard::all_of(&headers.collect::<Vec<_>>(), body.as_bytes());
    },
    seeds: || SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect(),
    words: &[
        "www-authenticate: ",
        "Bearer realm=\"https://r/t\"",
        "location: ",
        "range: 0-",
        "retry-after: ",
        "link: <",
        "docker-content-digest: sha256:",
        "oci-chunk-min-length: ",
        "content-length: ",
        "18446744073709551615",
        "{\"token\":\"t\",\"expires_in\":",
        "{\"errors\":[{\"code\":\"",
    ],
};

const SEEDS: [&str; 6] = [
    "www-authenticate: Bearer realm=\"https://r.example/t\",service=\"r\",scope=\"repository:a:pull\"\n\n{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\"}]}",
    "location: /v2/a/blobs/uploads/17?s=1\nrange: 0-99\noci-chunk-min-length: 1024\nretry-after: 3\n\n",
    "link: </v2/a?last=b&n=2>; rel=\"next\"\nwarning: 299 - \"old\"\n\n{\"tags\":[\"a\",\"b\"]}",
    "docker-content-digest: sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\ncontent-length: 2\ncontent-type: application/vnd.oci.image.index.v1+json\n\n{\"token\":\"abc\",\"expires_in\":60}",
    "range: 0-18446744073709551615\noci-chunk-min-length: 18446744073709551615\n\n{}",
    "retry-after: 18446744073709551615\n\n{\"token\":\"abc\",\"expires_in\":18446744073709551615}",
];

pub(super) const CREDENTIALS: Target = Target {
    name: "credentials",
    run: |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        for repository in ["ghcr.io/acme/nutri", "docker.io/library/x", "127.0.0.1:5000/a/b/c"] {
            let repository = repository.parse().expect("a repository");
            // Neither what is found nor what is refused shows a secret of the file.
            let shown = format!("{:?}", credentials::parse(text, &repository, "auth.json"));
            assert!(!shown.contains(SECRET), "{shown}");
        }
    },
    seeds: || {
        let file = r#"{"auths":{"ghcr.io":{"auth":"dTpjb3JyZWN0LWhvcnNl"},"127.0.0.1:5000/a":{"username":"u","password":"correct-horse"}},"credHelpers":{"docker.io":"x"}}"#;
        vec![file.as_bytes().to_vec()]
    },
    words: &["auths", "credsStore", "credHelpers", "identitytoken", "dTpjb3JyZWN0LWhvcnNl"],
};

const SECRET: &str = "correct-horse";
