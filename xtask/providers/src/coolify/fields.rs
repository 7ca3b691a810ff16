//! The words that Coolify uses in its fields. What it says is kept even where nobody knows the
//! word; what is sent is one that it takes.

use serde::{Deserialize, Serialize, Serializer};

/// A field that may be emptied: Coolify takes `null` for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clearable {
    Set(String),
    /// None any more.
    Clear,
}

impl Serialize for Clearable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Set(text) => serializer.serialize_str(text),
            Self::Clear => serializer.serialize_none(),
        }
    }
}

/// A word that is known, or one that is not.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$said:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$said])* $variant,)+
            /// A word of Coolify's that this client does not know.
            Other(String),
        }

        impl $name {
            /// As Coolify writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    _ => Self::Other(word.to_owned()),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::coolify::read::text(from).map(|word| Self::from(word.as_str()))
            }
        }
    };
}
pub(super) use words;

/// How Coolify's own health check asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthCheckType {
    /// With a request.
    Http,
    /// With a command in the container.
    Cmd,
}

/// How it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// In the clear.
    Http,
    Https,
}

/// What becomes of `www.` in front of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Redirect {
    /// Both names serve.
    Both,
    /// The name without it leads to the one with it.
    Www,
    /// The name with it leads to the one without it.
    NonWww,
}
