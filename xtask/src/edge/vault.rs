//! A file of secrets in the repository, encrypted with age for those whom a readable file beside it
//! names. What is inside is the core's (`core/src/secrets/document.rs`).

mod identity;
mod recipients;

use identity::Identity;
pub use recipients::Recipients;

use crate::edge::files;
use crate::edge::places::Places;
use crate::error::{Coded as _, Context as _, Failure, Result, code};
use age::DecryptError;
use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{Decryptor, Encryptor};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use xtask_core::deploy::AgeName;
use xtask_core::secret::Secret;
use xtask_core::secrets::document::Document;

/// One such file.
#[derive(Clone, Debug)]
pub struct Vault {
    /// Its name, as `deploy.toml` says it.
    pub name: String,
    path: PathBuf,
    recipients: PathBuf,
}

/// The secrets of a file, and what it was when they were read.
pub struct Opened {
    pub document: Document,
    bytes: Option<Vec<u8>>,
}

impl Vault {
    /// The file called `name` of the repository at `root`.
    pub fn of(root: &Path, name: &str) -> Self {
        let path = root.join(AgeName::path(name));
        let recipients = root.join(AgeName::recipients(name));
        Self { name: name.to_owned(), path, recipients }
    }

    /// The one that a secret is in, of the repository around the current folder.
    pub fn holding(secret: &AgeName) -> Result<Self> {
        Ok(Self::of(&Places::root()?, &secret.file))
    }

    /// Where it is, from the root.
    pub fn shown(&self) -> String {
        AgeName::path(&self.name)
    }

    /// Whether the file is there.
    pub fn is_there(&self) -> Result<bool> {
        files::is_file(&self.path)
    }

    /// Who may read it.
    pub fn recipients(&self) -> Result<Recipients> {
        Recipients::read(&self.recipients, &AgeName::recipients(&self.name))
    }

    /// Says who may read it; the file itself is as it was.
    pub fn name_recipients(&self, recipients: &Recipients) -> Result<()> {
        let _alone = self.alone()?;
        files::write(&self.recipients, recipients.text().as_bytes())
    }

    /// Its secrets, if it is there.
    pub fn read(&self) -> Result<Option<Document>> {
        let bytes = files::bytes_if_there(&self.path)?;
        bytes.map(|bytes| self.parse(&bytes)).transpose()
    }

    /// Its secrets, to be changed; none if it is not there.
    pub fn open(&self) -> Result<Opened> {
        let bytes = files::bytes_if_there(&self.path)?;
        let document = bytes.as_ref().map(|bytes| self.parse(bytes)).transpose()?;
        Ok(Opened { document: document.unwrap_or_default(), bytes })
    }

    fn parse(&self, bytes: &[u8]) -> Result<Document> {
        let text = self.decrypted(bytes, &Identity::find()?)?;
        let document = Document::parse(&text).or_refused(|| self.damaged());
        document.coded(&code::VAULT_DAMAGED)
    }

    fn decrypted(&self, bytes: &[u8], identity: &Identity) -> Result<Secret> {
        let opened = decrypt(bytes, identity).map_err(|error| self.closed(&error, identity))?;
        let text = String::from_utf8(opened);
        text.map(Secret::new).map_err(|_| {
            Failure::refused(self.damaged())
                .reason("what is in it is no text")
                .code(&code::VAULT_DAMAGED)
        })
    }

    fn closed(&self, error: &DecryptError, identity: &Identity) -> Failure {
        if matches!(error, DecryptError::NoMatchingKeys) {
            let shown = self.shown();
            return Failure::refused(format!("cannot open `{shown}`: it is not encrypted for you"))
                .code(&code::AGE_IDENTITY)
                .reason(format!("`{}` is for: {}", identity.path, identity.public().join(", ")))
                .hint(format!(
                    "ask somebody who can open it: `cargo xtask secrets recipients {} --add KEY`",
                    self.name
                ));
        }
        Failure::refused(self.damaged())
            .code(&code::VAULT_DAMAGED)
            .reason(format!("it is no whole age file: {error}"))
            .hint(format!("`git log -- {}` has it as it was", self.shown()))
    }

    fn damaged(&self) -> String {
        format!("cannot use `{}`: it is damaged", self.shown())
    }

    /// Encrypts it for everybody who may read it, and puts it in the place of what was there. Of
    /// two who have read the same, one is refused.
    pub fn write(&self, opened: &Opened) -> Result<()> {
        let _alone = self.alone()?;
        let recipients = self.recipients()?;
        self.refuse_lockout(&recipients)?;
        let sealed = encrypt(&opened.document.text(), &recipients);
        let sealed = sealed.or_outside(|| format!("failed to encrypt `{}`", self.shown()))?;
        if files::bytes_if_there(&self.path)? != opened.bytes {
            let shown = self.shown();
            return Err(Failure::refused(format!("cannot write `{shown}`: it changed meanwhile"))
                .code(&code::VAULT_DAMAGED)
                .hint("somebody else wrote it: the same command again starts from what is there"));
        }
        files::write(&self.path, &sealed)
    }

    /// Who opens the file must be able to open the next one.
    pub fn refuse_lockout(&self, recipients: &Recipients) -> Result<()> {
        if !self.is_there()? {
            return Ok(());
        }
        let identity = Identity::find()?;
        if identity.public().iter().any(|key| recipients.has(key)) {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "cannot write `{}`: you could not open it again",
            self.shown()
        ))
        .code(&code::AGE_IDENTITY)
        .reason(format!(
            "none of the keys of `{}` is in `{}`",
            identity.path,
            AgeName::recipients(&self.name)
        )))
    }

    /// Other bytes, encrypted for everybody who may read it.
    pub fn seal(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let recipients = self.recipients()?;
        recipients.refuse_none()?;
        let failed = || format!("failed to encrypt for `{}`", AgeName::recipients(&self.name));
        let encryptor = Encryptor::with_recipients(recipients.keys()).or_outside(failed)?;
        let mut sealed = Vec::new();
        let mut writer = encryptor.wrap_output(&mut sealed).or_outside(failed)?;
        writer.write_all(bytes).and_then(|()| writer.finish().map(drop)).or_outside(failed)?;
        Ok(sealed)
    }

    /// Bytes that were encrypted for whoever runs us; `shown` is how messages call them.
    pub fn unseal(&self, shown: &str, bytes: &[u8]) -> Result<Vec<u8>> {
        let identity = Identity::find()?;
        decrypt(bytes, &identity).map_err(|error| {
            let why = match error {
                DecryptError::NoMatchingKeys => "it is not encrypted for you".to_owned(),
                other => format!("it is no whole age file: {other}"),
            };
            Failure::refused(format!("cannot open `{shown}`: {why}"))
                .code(&code::AGE_IDENTITY)
                .hint(format!("your keys are in `{}`", identity.path))
        })
    }

    /// Nobody else writes while this lives. What is locked is the folder: the file itself is
    /// replaced, and a lock would stay with the old one.
    fn alone(&self) -> Result<File> {
        let folder = self.path.parent().expect("it is in a folder");
        files::make_folder(folder)?;
        let failed = || format!("failed to lock `{}`", folder.display());
        let file = File::open(folder).or_outside(failed)?;
        file.lock().or_outside(failed)?;
        Ok(file)
    }
}

fn decrypt(bytes: &[u8], identity: &Identity) -> Result<Vec<u8>, DecryptError> {
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(bytes))?;
    let mut opened = Vec::new();
    decryptor.decrypt(identity.keys())?.read_to_end(&mut opened)?;
    Ok(opened)
}

fn encrypt(text: &Secret, recipients: &Recipients) -> std::io::Result<Vec<u8>> {
    let encryptor = Encryptor::with_recipients(recipients.keys()).map_err(std::io::Error::other)?;
    let mut sealed = Vec::new();
    let armored = ArmoredWriter::wrap_output(&mut sealed, Format::AsciiArmor)?;
    let mut writer = encryptor.wrap_output(armored)?;
    writer.write_all(text.expose().as_bytes())?;
    writer.finish()?.finish()?;
    Ok(sealed)
}
