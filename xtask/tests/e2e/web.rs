//! Questions over HTTP, as somebody outside asks them: each on a connection of its own.

use std::time::Duration;
use xtask::runtime;
use xtask_http::{Client, HeaderName, HeaderValue, Method, Request, Settings};

/// What an answer that was hoped for said; anything else is told as an error.
pub(crate) fn get(url: &str) -> Result<String, String> {
    ask(Method::GET, url, &[], None)
}

/// The same with headers and a body.
pub(crate) fn ask(
    method: Method,
    url: &str,
    headers: &[(&'static str, &str)],
    body: Option<&str>,
) -> Result<String, String> {
    let request = Request::to(method, url).map_err(|error| error.to_string())?;
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    });
    let request = body.iter().fold(request, |request, body| request.bytes(body.to_string()));
    let settings = Settings::of_environment().with_fresh_connections();
    let client = Client::new(settings.within(Duration::from_secs(10)));
    let answered = runtime::wait(async {
        let answer = client.send(request).await?;
        Ok((answer.status(), answer.text(10 << 20).await?))
    });
    match answered.map_err(|error: xtask_http::Error| error.in_one_line())? {
        (status, text) if status.is_success() => Ok(text),
        (status, text) => Err(format!("{status}: {text}")),
    }
}
