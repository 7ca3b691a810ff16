//! AWS's signature of version 4 over a question without a body: what every storage that speaks S3
//! asks for. Only for questions of ours about a bucket; data goes through restic.

use crate::digest::Digest;
use crate::secret::Secret;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// A question about a bucket.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The host, with its port if that is not the usual one.
    pub host: &'a str,
    /// `/bucket`.
    pub path: &'a str,
    /// `lifecycle` or `versioning`.
    pub query: &'a str,
    pub region: &'a str,
    /// `20261127T072044Z`.
    pub at: &'a str,
}

/// The headers that go with it, `host` aside.
pub fn headers(
    question: Question<'_>,
    key: &Secret,
    secret: &Secret,
) -> [(&'static str, String); 3] {
    let Question { host, path, query, region, at } = question;
    let day = at.get(..8).unwrap_or(at);
    let empty = Digest::of(b"").hex();
    let names = "host;x-amz-content-sha256;x-amz-date";
    let canonical = format!(
        "GET\n{path}\n{query}=\nhost:{host}\nx-amz-content-sha256:{empty}\nx-amz-date:{at}\n\n{names}\n{empty}"
    );
    let scope = format!("{day}/{region}/s3/aws4_request");
    let text =
        format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{}", Digest::of(canonical.as_bytes()).hex());
    let first = format!("AWS4{}", secret.expose()).into_bytes();
    let signing =
        [day, region, "s3", "aws4_request"].iter().fold(first, |key, part| mac(&key, part));
    let signature = hex::encode(mac(&signing, &text));
    let credential = format!("{}/{scope}", key.expose());
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    );
    [
        ("authorization", authorization),
        ("x-amz-content-sha256", empty),
        ("x-amz-date", at.to_owned()),
    ]
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is taken");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// The region that the name of a host says, as Backblaze's and Amazon's do; else what storages of
/// one region take.
pub fn region(host: &str) -> &str {
    let host = host.split(':').next().unwrap_or(host);
    match host.split('.').collect::<Vec<_>>().as_slice() {
        ["s3", region, "backblazeb2", "com"] | ["s3", region, "amazonaws", "com"] => region,
        _ => "us-east-1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example `GET Bucket Lifecycle` of Amazon's page on signatures.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let question = Question {
            host: "examplebucket.s3.amazonaws.com",
            path: "/",
            query: "lifecycle",
            region: "us-east-1",
            at: "20130524T000000Z",
        };
        let key = Secret::new(concat!("AKIAIOSFODNN7", "EXAMPLE"));
        let secret = Secret::new(concat!("wJalrXUtnFEMI/K7MDENG/", "bPxRfiCYEXAMPLEKEY"));
        let [(_, authorization), ..] = headers(question, &key, &secret);
        let wanted = "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543";
        assert!(authorization.ends_with(wanted), "{authorization}");
    }

    #[test]
    fn a_region_is_read_from_a_host_that_says_it() {
        assert_eq!(region("s3.eu-central-003.backblazeb2.com"), "eu-central-003");
        assert_eq!(region("s3.eu-west-1.amazonaws.com"), "eu-west-1");
        assert_eq!(region("127.0.0.1:5000"), "us-east-1");
    }
}
