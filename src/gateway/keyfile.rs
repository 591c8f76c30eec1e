//! Reading a private key's file, and saying what is wrong with it.
//!
//! The SSH library gives one and the same error for half a dozen causes
//! (measured), so each is recognised here before it is asked.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use data_encoding::BASE64;
use nix::unistd::{Uid, User, geteuid};
use thiserror::Error;

use super::hostkey::blob_type;

/// Largest key file that is read; an RSA key of 16,384 bits has 13 KiB.
const MAX_FILE: u64 = 64 << 10;

/// What the OpenSSH format begins with, under its base64 (OpenSSH's
/// PROTOCOL.key).
const OPENSSH_MAGIC: &[u8] = b"openssh-key-v1\0";

/// A private key that the SSH library can be given.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey {
    /// The file's text.
    pub text: String,
    /// The line for `authorized_keys`, where the format tells it.
    pub public: Option<String>,
}

/// Why a file is no private key that can be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KeyProblem {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// This user may not read it.
    #[error("user {user} may not read it: it belongs to {owner}, mode {mode:04o}")]
    Forbidden {
        /// Who we are.
        user: String,
        /// Whose it is.
        owner: String,
        /// Its permission bits.
        mode: u32,
    },
    /// This user may not go through a directory on the way to it.
    #[error("user {user} may not look into its directory")]
    Hidden {
        /// Who we are.
        user: String,
    },
    /// It is no regular file.
    #[error("it is no regular file")]
    NotAFile,
    /// It is too large for a key.
    #[error("it is too large for a private key")]
    TooLarge,
    /// Reading it fails.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It is protected by a passphrase.
    #[error("it is encrypted with a passphrase, and nobody can be asked for it here")]
    Encrypted,
    /// It is a key of lsh, the SSH program of the first offload hooks.
    #[error("it is a key of lsh, which no SSH library of today reads")]
    Lsh,
    /// It is a key of PuTTY.
    #[error("it is in PuTTY's format")]
    Putty,
    /// It is a public key.
    #[error("it is a public key; the private one is needed")]
    Public,
    /// Its type cannot be used.
    #[error("keys of type {0} are not supported")]
    UnsupportedType(String),
    /// It is damaged.
    #[error("it is damaged")]
    Damaged,
    /// It is nothing that is known.
    #[error("it is no private key in a known format (OpenSSH, PEM, PKCS#8)")]
    NotAKey,
}

impl KeyProblem {
    /// What a person can do about it.
    pub fn hint(&self, file: &Path) -> Option<String> {
        let file = file.display();
        Some(match self {
            Self::Missing | Self::NotAFile => {
                "correct the machine's `private-key` field, or make a key with `ssh-keygen -t ed25519 -N '' -f FILE`".to_owned()
            }
            Self::Forbidden { user, .. } => format!(
                "let user {user} read it: `chown {user} {file} && chmod 600 {file}`, or give that user a key of its own"
            ),
            Self::Hidden { user } => {
                format!("put it where user {user} can read it, for instance into /etc/guix/ssh")
            }
            Self::Encrypted => format!(
                "take the passphrase off (`ssh-keygen -p -N '' -f {file}`) or use a key of its own for offloading"
            ),
            Self::Lsh | Self::UnsupportedType(_) | Self::Damaged | Self::NotAKey => {
                "make a new key with `ssh-keygen -t ed25519 -N '' -f FILE` and authorise it on the machine".to_owned()
            }
            Self::Putty => {
                format!("convert it: `puttygen {file} -O private-openssh-new -o FILE`")
            }
            Self::Public => {
                let name = file.to_string();
                format!("name {} instead", name.strip_suffix(".pub").unwrap_or("the private key's file"))
            }
            Self::TooLarge | Self::Unreadable(_) => return None,
        })
    }
}

/// Reads and recognises a private key's file.
pub fn read(file: &Path) -> Result<PrivateKey, KeyProblem> {
    // Without O_NONBLOCK the opening of a named pipe would wait for ever.
    let mut opened = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK)
        .open(file)
        .map_err(|error| cannot_open(file, &error))?;
    let metadata = opened.metadata().map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        return Err(KeyProblem::NotAFile);
    }
    if metadata.mode() & 0o077 != 0 {
        log::warn!(
            "private key {} can be read by others (mode {:04o}); `chmod 600` it",
            file.display(),
            metadata.mode() & 0o7777
        );
    }
    let mut text = Vec::new();
    (&mut opened)
        .take(MAX_FILE + 1)
        .read_to_end(&mut text)
        .map_err(|error| unreadable(&error))?;
    if text.len() as u64 > MAX_FILE {
        return Err(KeyProblem::TooLarge);
    }
    recognise(&text)
}

/// Recognises a private key by its text.
pub fn recognise(text: &[u8]) -> Result<PrivateKey, KeyProblem> {
    if is_lsh(text) {
        return Err(KeyProblem::Lsh);
    }
    let text = std::str::from_utf8(text).map_err(|_| KeyProblem::NotAKey)?;
    if text.contains('\0') {
        return Err(KeyProblem::NotAKey);
    }
    if text.starts_with("PuTTY-User-Key-File-") {
        return Err(KeyProblem::Putty);
    }
    let Some((label, body)) = pem(text) else {
        return Err(without_frame(text));
    };
    let public = match label {
        "OPENSSH PRIVATE KEY" => Some(openssh_public(body)?),
        "ENCRYPTED PRIVATE KEY" => return Err(KeyProblem::Encrypted),
        "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "PRIVATE KEY" => {
            // RFC 1421: the header of an encrypted body.
            if body.contains("Proc-Type:") && body.contains("ENCRYPTED") {
                return Err(KeyProblem::Encrypted);
            }
            None
        }
        "DSA PRIVATE KEY" => return Err(KeyProblem::UnsupportedType("ssh-dss".to_owned())),
        label if label.ends_with("PUBLIC KEY") => return Err(KeyProblem::Public),
        _ => return Err(KeyProblem::NotAKey),
    };
    Ok(PrivateKey {
        text: text.to_owned(),
        public,
    })
}

/// The label and the body of the first frame that is not about parameters.
fn pem(text: &str) -> Option<(&str, &str)> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once("-----BEGIN ")?;
        let (label, body) = after.split_once("-----")?;
        let (body, behind) = body.split_once("-----END ")?;
        // `openssl ecparam -genkey` puts these before the key.
        if !label.ends_with("PARAMETERS") {
            return Some((label, body));
        }
        rest = behind;
    }
}

/// The public half of a key in OpenSSH's format, if it is not encrypted.
///
/// Layout: magic, cipher name, function name, its options, number of keys,
/// the public blob; each string behind a 32-bit length (PROTOCOL.key).
fn openssh_public(body: &str) -> Result<String, KeyProblem> {
    let base64: Vec<u8> = body.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let bytes = BASE64.decode(&base64).map_err(|_| KeyProblem::Damaged)?;
    let rest = bytes
        .strip_prefix(OPENSSH_MAGIC)
        .ok_or(KeyProblem::Damaged)?;
    let damaged = || KeyProblem::Damaged;
    let (cipher, rest) = string(rest).ok_or_else(damaged)?;
    if cipher != b"none" {
        return Err(KeyProblem::Encrypted);
    }
    let (_function, rest) = string(rest).ok_or_else(damaged)?;
    let (_options, rest) = string(rest).ok_or_else(damaged)?;
    let (count, rest) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
    if u32::from_be_bytes(*count) != 1 {
        return Err(KeyProblem::Damaged);
    }
    let (public, _) = string(rest).ok_or_else(damaged)?;
    let kind = blob_type(public)
        .and_then(|name| std::str::from_utf8(name).ok())
        .ok_or_else(damaged)?;
    match kind {
        "ssh-ed25519"
        | "ssh-rsa"
        | "ecdsa-sha2-nistp256"
        | "ecdsa-sha2-nistp384"
        | "ecdsa-sha2-nistp521" => Ok(format!("{kind} {}", BASE64.encode(public))),
        other => Err(KeyProblem::UnsupportedType(super::error::printable(
            other.as_bytes(),
        ))),
    }
}

/// A string behind its 32-bit length, and what follows.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// Tells whether this is a key of lsh: an s-expression, or its base64 in
/// braces ("transport" form). `lsh-keygen` and `lsh-writekey`, lsh 2.1.
fn is_lsh(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    [
        &b"(11:private-key"[..],
        b"(private-key",
        b"(18:password-encrypted",
        b"(password-encrypted",
        // Base64 of "(11:private-key" and "(18:password-encrypted".
        b"{KDExOnByaXZhdGUta2V5",
        b"{KDE4OnBhc3N3b3JkLWVuY3J5cHRlZ",
    ]
    .iter()
    .any(|start| text.starts_with(start))
}

/// What a text without a frame is.
fn without_frame(text: &str) -> KeyProblem {
    if text.contains("-----BEGIN ") {
        return KeyProblem::Damaged;
    }
    let first = text.split_ascii_whitespace().next().unwrap_or("");
    if first.starts_with("ssh-") || first.starts_with("ecdsa-") || first.starts_with("sk-") {
        KeyProblem::Public
    } else {
        KeyProblem::NotAKey
    }
}

fn cannot_open(file: &Path, error: &io::Error) -> KeyProblem {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => KeyProblem::Missing,
        io::ErrorKind::PermissionDenied => match file.metadata() {
            Ok(metadata) => KeyProblem::Forbidden {
                user: user_name(geteuid()),
                owner: user_name(Uid::from_raw(metadata.uid())),
                mode: metadata.mode() & 0o7777,
            },
            Err(_) => KeyProblem::Hidden {
                user: user_name(geteuid()),
            },
        },
        _ => unreadable(error),
    }
}

fn unreadable(error: &io::Error) -> KeyProblem {
    KeyProblem::Unreadable(error.to_string())
}

/// A user's name, or the number where it has none.
fn user_name(uid: Uid) -> String {
    match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        _ => uid.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn problem(text: &str) -> KeyProblem {
        match recognise(text.as_bytes()) {
            Ok(_) => panic!("taken for a key"),
            Err(problem) => problem,
        }
    }

    /// A key in OpenSSH's format with a given cipher and type.
    fn openssh(cipher: &str, kind: &str) -> String {
        let string = |bytes: &[u8]| {
            let mut out = u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
            out.extend_from_slice(bytes);
            out
        };
        let mut bytes = OPENSSH_MAGIC.to_vec();
        bytes.extend(string(cipher.as_bytes()));
        bytes.extend(string(b"none"));
        bytes.extend(string(b""));
        bytes.extend(1u32.to_be_bytes());
        bytes.extend(string(&string(kind.as_bytes())));
        format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n",
            BASE64.encode(&bytes)
        )
    }

    #[test]
    fn recognises_each_format() {
        let key = recognise(openssh("none", "ssh-ed25519").as_bytes())
            .ok()
            .unwrap();
        assert!(key.public.unwrap().starts_with("ssh-ed25519 AAAA"));
        for label in ["RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY"] {
            let text = format!("-----BEGIN {label}-----\nMII\n-----END {label}-----\n");
            assert!(recognise(text.as_bytes()).is_ok_and(|key| key.public.is_none()));
        }
        let text = "-----BEGIN EC PARAMETERS-----\nBgg\n-----END EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----\n";
        assert!(recognise(text.as_bytes()).is_ok());
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(
            problem(&openssh("aes256-ctr", "ssh-rsa")),
            KeyProblem::Encrypted
        );
        assert_eq!(
            problem(&openssh("none", "sk-ssh-ed25519@openssh.com")),
            KeyProblem::UnsupportedType("sk-ssh-ed25519@openssh.com".to_owned())
        );
        assert_eq!(
            problem(
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII\n-----END ENCRYPTED PRIVATE KEY-----"
            ),
            KeyProblem::Encrypted
        );
        assert_eq!(
            problem(
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMII\n-----END RSA PRIVATE KEY-----"
            ),
            KeyProblem::Encrypted
        );
        assert_eq!(
            problem("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb"),
            KeyProblem::Damaged
        );
        assert_eq!(problem("ssh-ed25519 AAAA root@head"), KeyProblem::Public);
        assert_eq!(
            problem("(private-key (rsa-pkcs1-sha1 (n #00#)))"),
            KeyProblem::Lsh
        );
        assert_eq!(
            problem("{KDExOnByaXZhdGUta2V5KDk6cnNhLXBrY3M="),
            KeyProblem::Lsh
        );
        assert_eq!(
            problem("PuTTY-User-Key-File-3: ssh-ed25519"),
            KeyProblem::Putty
        );
        assert_eq!(problem(""), KeyProblem::NotAKey);
        assert_eq!(
            problem("-----BEGIN CERTIFICATE-----\nM\n-----END CERTIFICATE-----"),
            KeyProblem::NotAKey
        );
        assert_eq!(recognise(b"\xff\xfe").err(), Some(KeyProblem::NotAKey));
    }

    #[test]
    fn says_why_a_file_cannot_be_read() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            read(&dir.path().join("none")).err(),
            Some(KeyProblem::Missing)
        );
        assert_eq!(read(dir.path()).err(), Some(KeyProblem::NotAFile));
        let large = dir.path().join("large");
        std::fs::write(&large, vec![b'x'; 100_000]).unwrap();
        assert_eq!(read(&large).err(), Some(KeyProblem::TooLarge));
    }

    proptest! {
        #[test]
        fn garbage_does_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(recognise(&bytes));
            drop(openssh_public(&BASE64.encode(&bytes)));
            let framed = [OPENSSH_MAGIC, &bytes].concat();
            drop(openssh_public(&BASE64.encode(&framed)));
        }
    }
}
