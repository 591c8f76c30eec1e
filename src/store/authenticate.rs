//! Signing what leaves and checking what comes, by the keys of this host.
//!
//! The work is libgcrypt's, in the process: half a millisecond a signature,
//! where starting `guix authenticate` costs 65 to 110 ms (facts of the
//! daemon's protocol, section 0). That program is asked only where the library
//! is missing or refuses a key. Whether a key is authorised and a hash the
//! right one is decided here either way.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use thiserror::Error;

use super::gcrypt::{Failure, Library, LoadError};
use super::signature::{Acl, FormError, KeyPair, Sexp, Signature};

mod program;

use program::{Program, ProgramError};

/// Longest key file or access-control list that is read.
const MAX_FILE: u64 = super::signature::sexp::MAX_TEXT as u64;

/// The keys and the access-control list below one configuration directory,
/// normally /etc/guix.
///
/// The files are read at each use, which costs microseconds: a key revoked is
/// revoked at once.
pub struct Keyring {
    config: PathBuf,
    program: Mutex<Program>,
    use_library: bool,
}

impl Keyring {
    /// Names the directory, and the `guix` to ask where libgcrypt cannot
    /// help. Never fails: what is missing shows when it is needed.
    pub fn open(config_dir: &Path, guix: Option<&Path>) -> Self {
        Self {
            config: config_dir.to_owned(),
            program: Mutex::new(Program::new(guix, config_dir)),
            use_library: true,
        }
    }

    /// Checks that `signature` is good, for this hash, by an authorised key.
    pub fn verify(&self, signature: &[u8], hash: &[u8; 32]) -> Result<(), SignatureError> {
        let parsed = Signature::parse(signature)?;
        let acl_text = self.acl_text()?;
        let acl = match &acl_text {
            Some(text) => Acl::parse(text).map_err(|why| SignatureError::AclInvalid {
                file: self.acl_file(),
                why,
            })?,
            None => Acl::default(),
        };
        let key = || parsed.key.printable();
        if !acl.authorises(&parsed.key) {
            return Err(SignatureError::Unauthorised {
                key: key(),
                acl: self.acl_file(),
            });
        }
        if parsed.hash != *hash {
            return Err(SignatureError::HashMismatch { key: key() });
        }
        let refused = if parsed.is_usual() {
            match self.library() {
                Ok(library) => {
                    match library.verify(&parsed.value, &parsed.data, parsed.key.sexp()) {
                        Ok(()) => return Ok(()),
                        Err(Failure::BadSignature) => {
                            return Err(SignatureError::Invalid { key: key() });
                        }
                        Err(failure) => failure.to_string(),
                    }
                }
                Err(missing) => missing.to_string(),
            }
        } else {
            "it is made in an unusual way".to_owned()
        };
        let stamp = acl_text.unwrap_or_default();
        let answer = self.with_program(|program| program.verify(signature, &stamp));
        match answer {
            Ok(signed) if signed == *hash => Ok(()),
            Ok(_) => Err(SignatureError::HashMismatch { key: key() }),
            Err(ProgramError::Refused(_)) => Err(SignatureError::Invalid { key: key() }),
            Err(program) => Err(SignatureError::Unavailable {
                library: refused,
                program: program.to_string(),
            }),
        }
    }

    /// Signs `hash` with this host's key; the result is what stands in a
    /// bundle.
    pub fn sign(&self, hash: &[u8; 32]) -> Result<Vec<u8>, SignatureError> {
        let file = self.config.join("signing-key.sec");
        let secret = read_secret(&file)?;
        let public_file = self.config.join("signing-key.pub");
        let public = read_bounded(&public_file, File::open(&public_file)).map_err(|source| {
            SignatureError::PublicKeyUnreadable {
                file: public_file,
                source,
            }
        })?;
        let refused = match KeyPair::parse(&secret, &public) {
            Ok(pair) => match self.sign_by_library(&pair, hash) {
                Ok(signature) => return Ok(signature),
                Err(refused) => refused,
            },
            Err(why) => return Err(SignatureError::KeyInvalid { file, why }),
        };
        // A new program for a new key: it remembers the old one.
        self.with_program(|program| program.sign(&file, hash, &public))
            .map_err(|program| SignatureError::Unavailable {
                library: refused,
                program: program.to_string(),
            })
    }

    fn sign_by_library(&self, pair: &KeyPair, hash: &[u8; 32]) -> Result<Vec<u8>, String> {
        let library = self.library().map_err(LoadError::to_string)?;
        let data = pair
            .public
            .data(hash)
            .ok_or_else(|| "keys of this kind are unknown".to_owned())?;
        let sign = |data: Sexp| {
            let value = library.sign(&data, &pair.secret)?;
            library.advanced(&Signature::assemble(data, value, &pair.public))
        };
        sign(data).map_err(|failure: Failure| failure.to_string())
    }

    fn library(&self) -> Result<&'static Library, &'static LoadError> {
        static SWITCHED_OFF: LoadError = LoadError::SwitchedOff;
        if self.use_library {
            Library::get()
        } else {
            Err(&SWITCHED_OFF)
        }
    }

    fn with_program<T>(&self, ask: impl FnOnce(&mut Program) -> T) -> T {
        // A panic elsewhere leaves the program at worst in the middle of a
        // reply, which it notices itself.
        let mut program = self
            .program
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        ask(&mut program)
    }

    fn acl_file(&self) -> PathBuf {
        self.config.join("acl")
    }

    /// The list's text; `None` when there is no list, which to Guix is an
    /// empty one.
    fn acl_text(&self) -> Result<Option<Vec<u8>>, SignatureError> {
        let file = self.acl_file();
        match read_bounded(&file, File::open(&file)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SignatureError::AclUnreadable { file, source }),
        }
    }
}

/// Reads the secret key, if it is one: the daemon refuses a key that others
/// can read as well (local-store.cc, checkSecrecy).
fn read_secret(file: &Path) -> Result<Vec<u8>, SignatureError> {
    let unreadable = |source| SignatureError::SecretKeyUnreadable {
        file: file.to_owned(),
        source,
    };
    let opened = File::open(file).map_err(unreadable)?;
    let mode = opened.metadata().map_err(unreadable)?.mode();
    if mode & 0o077 != 0 {
        return Err(SignatureError::SecretKeyExposed {
            file: file.to_owned(),
        });
    }
    read_bounded(file, Ok(opened)).map_err(unreadable)
}

fn read_bounded(file: &Path, opened: io::Result<File>) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    opened?
        .take(MAX_FILE.saturating_add(1))
        .read_to_end(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} is too long", file.display()),
        ));
    }
    Ok(text)
}

/// Why an item is not trusted, or cannot be signed.
#[derive(Debug, Error)]
pub enum SignatureError {
    /// The text is no signature.
    #[error("malformed signature: {0}")]
    Malformed(#[from] FormError),
    /// The access-control list does not hold the key.
    #[error("signed by a key that {} does not authorise: {key}", acl.display())]
    Unauthorised {
        /// The key, as `guix archive --authorize` reads it.
        key: String,
        /// The list.
        acl: PathBuf,
    },
    /// Something else was signed.
    #[error("the signature is of other contents; it names the key {key}")]
    HashMismatch {
        /// The key.
        key: String,
    },
    /// It was not made by the owner of the key that it names.
    #[error("bad signature; it names the key {key}")]
    Invalid {
        /// The key.
        key: String,
    },
    /// The access-control list is malformed.
    #[error("invalid access-control list {}: {why}", file.display())]
    AclInvalid {
        /// The list.
        file: PathBuf,
        /// What is wrong with it.
        why: FormError,
    },
    /// The access-control list cannot be read.
    #[error("cannot read the access-control list {}: {source}", file.display())]
    AclUnreadable {
        /// The list.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The secret key is not there or not for this user; the local daemon may
    /// be able to sign.
    #[error("cannot read the signing key {}: {source}", file.display())]
    SecretKeyUnreadable {
        /// The key.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The secret key is open to others.
    #[error("the signing key {} should be secret, but others can read it", file.display())]
    SecretKeyExposed {
        /// The key.
        file: PathBuf,
    },
    /// The public half cannot be read.
    #[error("cannot read the public key {}: {source}", file.display())]
    PublicKeyUnreadable {
        /// The key.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// One of the halves is malformed.
    #[error("{} or its public half is no key: {why}", file.display())]
    KeyInvalid {
        /// The secret half.
        file: PathBuf,
        /// What is wrong.
        why: FormError,
    },
    /// Neither libgcrypt nor `guix authenticate` can do it.
    #[error("signatures can neither be made nor checked: {library}; guix authenticate: {program}")]
    Unavailable {
        /// Why libgcrypt cannot.
        library: String,
        /// Why the program cannot.
        program: String,
    },
}

impl SignatureError {
    /// Tells whether the machine that sent the item is to blame, rather than
    /// this host.
    pub fn is_machine_fault(&self) -> bool {
        matches!(
            self,
            Self::Malformed(_)
                | Self::Unauthorised { .. }
                | Self::HashMismatch { .. }
                | Self::Invalid { .. }
        )
    }

    /// What to type against it.
    pub fn hint(&self) -> Option<String> {
        match self {
            // The key is tokens and hexadecimal numbers: nothing in it ends
            // the quotes.
            Self::Unauthorised { key, .. } => Some(format!(
                "if that machine is to be trusted, run as root on this one: \
                 echo '{key}' | guix archive --authorize"
            )),
            Self::SecretKeyUnreadable { source, .. } | Self::PublicKeyUnreadable { source, .. }
                if source.kind() == io::ErrorKind::NotFound =>
            {
                Some("run as root: guix archive --generate-key".to_owned())
            }
            Self::SecretKeyExposed { file } => {
                Some(format!("run as root: chmod 0400 {}", file.display()))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
