//! Asks a bucket about itself: whether it keeps versions, and what ends them. Data goes through
//! restic.

use crate::edge::clock;
use crate::runtime;
use std::time::Duration;
use xtask_core::backup::lifecycle::{Hidden, judge};
use xtask_core::backup::sigv4::{Question, headers, region};
use xtask_core::deploy::Bucket;
use xtask_core::secret::Secret;
use xtask_http::header::{HeaderName, HeaderValue};
use xtask_http::{Client, Request, Settings};

const LIMIT: Duration = Duration::from_secs(20);
/// Far more than a hundred rules take.
const BODY_MAX: u64 = 1 << 20;

/// What becomes of versions that a deletion has hidden.
pub fn hidden_versions(bucket: &Bucket, key: &Secret, secret: &Secret) -> Hidden {
    let found = runtime::wait(found(bucket, key, secret));
    found.unwrap_or_else(Hidden::Unknown)
}

async fn found(bucket: &Bucket, key: &Secret, secret: &Secret) -> Result<Hidden, String> {
    let (status, versioning) = ask(bucket, "versioning", key, secret).await?;
    if status != 200 {
        return Err(format!("it answered {status} to the question for its versions"));
    }
    match ask(bucket, "lifecycle", key, secret).await? {
        (200, rules) => Ok(judge(&versioning, Some(&rules))),
        // S3's way to say that there are no rules.
        (404, text) if text.contains("<Code>NoSuchLifecycleConfiguration</Code>") => {
            Ok(judge(&versioning, None))
        }
        (status, _) => Err(format!("it answered {status} to the question for its rules")),
    }
}

async fn ask(
    bucket: &Bucket,
    query: &str,
    key: &Secret,
    secret: &Secret,
) -> Result<(u16, String), String> {
    let (_, host) = bucket.endpoint.split_once("://").ok_or("its address is none")?;
    let path = format!("/{}", bucket.bucket);
    let at = clock::now().replace(['-', ':'], "");
    let question = Question { host, path: &path, query, region: region(host), at: &at };
    let url = format!("{}{path}?{query}", bucket.endpoint);
    let mut request = Request::get(&url).map_err(|error| error.in_one_line())?.within(LIMIT);
    for (name, value) in headers(question, key, secret) {
        let mut value =
            HeaderValue::from_str(&value).map_err(|_| "its key is no key".to_owned())?;
        value.set_sensitive(true);
        request = request.header(HeaderName::from_static(name), value);
    }
    let client = Client::new(Settings::of_environment());
    let answer = client.send(request).await.map_err(|error| error.in_one_line())?;
    let status = answer.status().as_u16();
    let text = answer.text(BODY_MAX).await.map_err(|error| error.in_one_line())?;
    Ok((status, text))
}
