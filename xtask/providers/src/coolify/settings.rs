//! What may differ between the users of the client.

use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// How patient the client is, and whom it obeys.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How often something is sent at most, the first time included.
    pub tries: u32,
    /// The pause before the second try; each further one is twice as long.
    pub pause: Duration,
    /// The longest time that is waited between two tries. A server that asks for more is an error
    /// at once, which holds what it asked for.
    pub longest_pause: Duration,
    /// For how long one exchange may last that changes something.
    pub exchange: Duration,
    /// For how long one may last that only reads: it is asked again.
    pub reading: Duration,
    /// Ends waiting, and is looked at before each try. What is under way is not torn off.
    pub cancel: CancellationToken,
    /// What time it is here.
    pub clock: fn() -> SystemTime,
    /// Whether versions outside the tested range are written to as well.
    pub accepts_untested_versions: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tries: 4,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(90),
            exchange: Duration::from_secs(60),
            reading: Duration::from_secs(15),
            cancel: CancellationToken::new(),
            clock: SystemTime::now,
            accepts_untested_versions: false,
        }
    }
}
