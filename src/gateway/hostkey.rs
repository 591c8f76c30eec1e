//! Which host key a machine must have, and whether it has it.

use std::fmt;

use data_encoding::{BASE64, BASE64_NOPAD};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Longest key line that is looked at; an RSA key of 16,384 bits has 2,800
/// characters.
const MAX_LINE: usize = 16_384;

/// Types of host key that the SSH library can check.
///
/// The names are those of RFC 4253, 5656, 8709; libssh2 1.11.2 knows no
/// `ssh-dss`, no `sk-` types, and RSA only with SHA-2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyType {
    /// `ssh-ed25519`
    Ed25519,
    /// `ecdsa-sha2-nistp256`
    Ecdsa256,
    /// `ecdsa-sha2-nistp384`
    Ecdsa384,
    /// `ecdsa-sha2-nistp521`
    Ecdsa521,
    /// `ssh-rsa`
    Rsa,
}

impl KeyType {
    const ALL: [Self; 5] = [
        Self::Ed25519,
        Self::Ecdsa256,
        Self::Ecdsa384,
        Self::Ecdsa521,
        Self::Rsa,
    ];

    /// The name that begins a key line and a key blob.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::Ecdsa256 => "ecdsa-sha2-nistp256",
            Self::Ecdsa384 => "ecdsa-sha2-nistp384",
            Self::Ecdsa521 => "ecdsa-sha2-nistp521",
            Self::Rsa => "ssh-rsa",
        }
    }

    /// The signature algorithms to ask for in the handshake.
    ///
    /// Plain ones only: by default the library asks for certificates first,
    /// and a server that has one then presents no plain key.
    fn algorithms(self) -> &'static str {
        match self {
            Self::Rsa => "rsa-sha2-512,rsa-sha2-256",
            other => other.name(),
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Why a line is no usable host key.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum HostKeyProblem {
    /// It is not of the form `TYPE BASE64`.
    #[error("it is not of the form \"TYPE BASE64\" as in OpenSSH's .pub files")]
    NotAKey,
    /// It is a certificate.
    #[error("it is a certificate; a plain key is needed")]
    Certificate,
    /// The SSH library does not know the type.
    #[error("keys of type {0} are not supported")]
    UnsupportedType(String),
    /// The base64 part is damaged.
    #[error("its base64 part is damaged")]
    Base64,
    /// The type in the line and the type in the key are not the same.
    #[error("the line says {said}, but the key itself is of another type")]
    TypeDiffers {
        /// The line's type.
        said: &'static str,
    },
    /// It is a private key.
    #[error("it is a private key; the public one is needed")]
    Private,
}

/// A public host key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    kind: KeyType,
    blob: Vec<u8>,
}

impl HostKey {
    /// Reads a key line of OpenSSH: type, base64, comment.
    ///
    /// Spaces and newlines around it do no harm, as with stock.
    pub fn parse(line: &str) -> Result<Self, HostKeyProblem> {
        if line.len() > MAX_LINE {
            return Err(HostKeyProblem::NotAKey);
        }
        if line.contains("PRIVATE KEY") {
            return Err(HostKeyProblem::Private);
        }
        let mut words = line.split_ascii_whitespace();
        let (Some(name), Some(base64)) = (words.next(), words.next()) else {
            return Err(HostKeyProblem::NotAKey);
        };
        Self::from_parts(name, base64)
    }

    /// Makes a key of the two words of a key line.
    pub fn from_parts(name: &str, base64: &str) -> Result<Self, HostKeyProblem> {
        if name.contains("-cert-v0") {
            return Err(HostKeyProblem::Certificate);
        }
        let Some(kind) = KeyType::from_name(name) else {
            return Err(if is_type_name(name) {
                HostKeyProblem::UnsupportedType(name.to_owned())
            } else {
                HostKeyProblem::NotAKey
            });
        };
        let blob = BASE64
            .decode(base64.as_bytes())
            .map_err(|_| HostKeyProblem::Base64)?;
        if blob_type(&blob) != Some(kind.name().as_bytes()) {
            return Err(HostKeyProblem::TypeDiffers { said: kind.name() });
        }
        Ok(Self { kind, blob })
    }

    /// Its type.
    pub fn kind(&self) -> KeyType {
        self.kind
    }

    /// Tells whether it ends where it says: that it is a sequence of strings,
    /// each with its length before it, and at least one follows the type. One
    /// that does not was cut off, and is no server's.
    pub fn is_whole(&self) -> bool {
        let (mut rest, mut count) = (&*self.blob, 0_u32);
        while let Some((length, more)) = rest.split_first_chunk::<4>() {
            match more.get(u32::from_be_bytes(*length) as usize..) {
                Some(behind) => rest = behind,
                None => return false,
            }
            count = count.saturating_add(1);
        }
        rest.is_empty() && count > 1
    }

    /// Tells whether a blob that the server presented is this key.
    pub fn matches(&self, blob: &[u8]) -> bool {
        self.blob == blob
    }

    /// Its fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.blob)
    }
}

/// A key's type and digest, written as `ssh-keygen -l` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a key blob, whatever it holds.
    pub fn of(blob: &[u8]) -> Self {
        let kind = blob_type(blob)
            .and_then(|name| std::str::from_utf8(name).ok())
            .filter(|name| is_type_name(name))
            .unwrap_or("key");
        let digest = BASE64_NOPAD.encode(&Sha256::digest(blob));
        Self(format!("{kind} SHA256:{digest}"))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The preference list for the handshake: the types of these keys, in order,
/// each once.
pub fn algorithms<'a>(keys: impl IntoIterator<Item = &'a HostKey>) -> String {
    let mut kinds: Vec<KeyType> = keys.into_iter().map(HostKey::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let names: Vec<_> = kinds.into_iter().map(KeyType::algorithms).collect();
    names.join(",")
}

/// The type name at the beginning of a key blob: a 32-bit length, the name.
pub(super) fn blob_type(blob: &[u8]) -> Option<&[u8]> {
    let (length, rest) = blob.split_first_chunk::<4>()?;
    rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// Tells whether this may be the name of a key type (RFC 4251, section 6).
fn is_type_name(name: &str) -> bool {
    name.len() <= 64
        && name.contains('-')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-@._".contains(&b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJPuAaGbCvYOeTzBdxLUxTuTkDhoWqYwuJTcqEQ/pOqs";

    /// A key line with the right frame and any contents.
    fn line(name: &str, contents: &[u8]) -> String {
        let mut blob = u32::try_from(name.len()).unwrap().to_be_bytes().to_vec();
        blob.extend_from_slice(name.as_bytes());
        blob.extend_from_slice(contents);
        format!("{name} {}", BASE64.encode(&blob))
    }

    #[test]
    fn reads_a_key_line() {
        let key = HostKey::parse(&format!("  {ED25519} root@w1\n")).unwrap();
        assert_eq!(key.kind(), KeyType::Ed25519);
        assert!(key.is_whole());
        let cut = ED25519.get(..ED25519.len() - 12).unwrap();
        assert!(!HostKey::parse(cut).unwrap().is_whole());
        assert!(key.matches(&key.blob.clone()));
        assert!(!key.matches(&key.blob[1..]));
        assert!(
            key.fingerprint()
                .to_string()
                .starts_with("ssh-ed25519 SHA256:")
        );
    }

    #[test]
    fn refuses_what_is_no_key() {
        let problem = |line: &str| HostKey::parse(line).unwrap_err();
        assert_eq!(problem(""), HostKeyProblem::NotAKey);
        assert_eq!(problem("hello world"), HostKeyProblem::NotAKey);
        assert_eq!(problem("AAAAC3NzaC1lZDI1NTE5"), HostKeyProblem::NotAKey);
        assert_eq!(
            problem(&line("ssh-dss", b"x")),
            HostKeyProblem::UnsupportedType("ssh-dss".to_owned())
        );
        assert_eq!(
            problem(&line("ssh-ed25519-cert-v01@openssh.com", b"x")),
            HostKeyProblem::Certificate
        );
        assert_eq!(problem("ssh-ed25519 AAA*"), HostKeyProblem::Base64);
        assert_eq!(
            problem("-----BEGIN OPENSSH PRIVATE KEY-----\nb3"),
            HostKeyProblem::Private
        );
        let swapped = ED25519.replace("ssh-ed25519", "ssh-rsa");
        assert_eq!(
            problem(&swapped),
            HostKeyProblem::TypeDiffers { said: "ssh-rsa" }
        );
    }

    #[test]
    fn prefers_plain_types_once_each() {
        let keys: Vec<_> = ["ssh-rsa", "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp521"]
            .iter()
            .map(|name| HostKey::parse(&line(name, b"contents")).unwrap())
            .collect();
        assert_eq!(
            algorithms(&keys),
            "ssh-ed25519,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256"
        );
        assert_eq!(algorithms(&[]), "");
    }

    #[test]
    fn names_unknown_blobs_without_printing_them() {
        assert!(Fingerprint::of(b"").to_string().starts_with("key SHA256:"));
        assert!(
            Fingerprint::of(b"\0\0\0\x03a\x1bb")
                .to_string()
                .starts_with("key SHA256:")
        );
    }

    proptest! {
        #[test]
        fn every_framed_key_comes_back(index in 0..KeyType::ALL.len(), contents in proptest::collection::vec(any::<u8>(), 0..400)) {
            let kind = KeyType::ALL[index];
            let key = HostKey::parse(&line(kind.name(), &contents)).unwrap();
            prop_assert_eq!(key.kind(), kind);
            prop_assert_eq!(&key.blob[4 + kind.name().len()..], &contents[..]);
        }

        #[test]
        fn garbage_does_no_harm(text in ".{0,300}", blob in proptest::collection::vec(any::<u8>(), 0..64)) {
            drop(HostKey::parse(&text));
            drop(Fingerprint::of(&blob).to_string());
        }
    }
}
