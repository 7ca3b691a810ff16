//! The one HTTP client of this program, and the one place where it is made.
//!
//! `settings` says what may differ between its users; `client` makes it; `request` is what goes
//! out, `upload` a body that streams, `answer` what comes back, `limit` how long either may take.
//! Nothing here follows a redirect, repeats a request or knows a credential: whoever asks decides.

mod answer;
mod client;
mod error;
mod exceptions;
mod exchange;
mod hint;
mod limit;
mod loopback;
mod proxies;
mod request;
mod settings;
mod upload;

pub use answer::Answer;
pub use client::Client;
pub use error::{Cause, Error, Way};
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, uri};
pub use loopback::is_loopback;
pub use proxies::Proxies;
pub use request::Request;
pub use reqwest::Upgraded;
pub use settings::{CA_FILE, Limits, Settings};
pub use upload::Upload;
