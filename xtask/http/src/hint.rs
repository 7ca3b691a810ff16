//! What is wrong with a certificate, in words of ours, and the next step after an error where it is
//! known.

use crate::error::Error;
use crate::settings::CA_FILE;
use rustls::CertificateError as Problem;

impl Error {
    /// What to change so that it works; `None` where we do not know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Certificate { cause, .. } => Some(of_certificate(cause).1),
            Self::Proxy { variable } => {
                let form = "`http://HOST:PORT`, with `USER:PASSWORD@` before the host if it wants";
                Some(format!("unset `{variable}`, or give it the form {form} a password"))
            }
            Self::Authorities { .. } => {
                Some(format!("unset `{CA_FILE}`, or let it name a file of certificates (PEM)"))
            }
            _ => None,
        }
    }

    /// Whether a variable of the environment is wrong, so that nothing was asked.
    pub fn is_setting(&self) -> bool {
        matches!(self, Self::Proxy { .. } | Self::Authorities { .. })
    }
}

/// What is wrong with a certificate.
pub(crate) fn what(error: &rustls::Error) -> &'static str {
    of_certificate(error).0
}

fn of_certificate(error: &rustls::Error) -> (&'static str, String) {
    let rustls::Error::InvalidCertificate(problem) = error else {
        return ("its certificate cannot be used", "look at the server's certificate".to_owned());
    };
    let (what, next) = match problem {
        Problem::NotValidForName | Problem::NotValidForNameContext { .. } => (
            "its certificate is for another name",
            "ask the server by a name that its certificate has, or give it one for this name",
        ),
        Problem::Expired | Problem::ExpiredContext { .. } => (
            "its certificate has expired",
            "renew it at the server; if it is young, look at this machine's clock",
        ),
        Problem::NotValidYet | Problem::NotValidYetContext { .. } => (
            "its certificate is not valid yet",
            "look at this machine's clock, and at the dates of the server's certificate",
        ),
        Problem::UnknownIssuer => {
            return (
                "this machine trusts no authority that vouches for its certificate",
                format!(
                    "if the server has its own authority, name that one's file (PEM) in `{CA_FILE}`; \
                 else someone else may be answering"
                ),
            );
        }
        _ => (
            "its certificate is not one of a server",
            "have the authority make one for the server: version 3, with `subjectAltName`, and not \
             that of the authority itself",
        ),
    };
    (what, next.to_owned())
}
