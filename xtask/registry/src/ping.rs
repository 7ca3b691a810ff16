//! Whether anybody is there.

use super::auth::Scope;
use super::client::Registry;
use super::error::RegistryError;
use super::session::Session;
use super::wire::Ask;
use http::Method;

impl Registry {
    /// Asks whether there is a registry that lets us in.
    pub async fn ping(&self) -> Result<(), RegistryError> {
        let session = Session::quiet(self);
        let ask = Ask::new(Method::GET, session.url("/v2/")?);
        session.send(&Scope::default(), &ask).await?.wanted(&[200])?;
        Ok(())
    }
}
