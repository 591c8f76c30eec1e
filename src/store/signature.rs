//! Signatures, keys and the access-control list: their texts taken apart.
//!
//! Facts of the daemon's protocol, sections 4.2 to 4.4. Whether a signature is
//! good is `authenticate`'s to find out; what it says and whose it claims to
//! be is found out here.

use thiserror::Error;

pub mod sexp;

pub use sexp::{Sexp, SexpError};

/// Longest signature; one by an RSA key of 16,384 bits has 13 KiB.
const MAX_SIGNATURE: usize = 64 << 10;

/// A public key; equal to another when the canonical forms are.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(Sexp);

impl PublicKey {
    /// Parses the text of a `signing-key.pub`.
    pub fn parse(text: &[u8]) -> Result<Self, FormError> {
        Self::from_sexp(&Sexp::parse(text)?)
    }

    fn from_sexp(sexp: &Sexp) -> Result<Self, FormError> {
        match sexp.tail("public-key") {
            Some([Sexp::List(_)]) => Ok(Self(sexp.clone())),
            _ => Err(FormError::Unexpected("a public key")),
        }
    }

    /// The flags with which Guix signs by keys of this kind; `None` for a kind
    /// that it has never made. Source: pki.scm and pk-crypto.scm,
    /// `bytevector->hash-data`; both spellings of the first were measured.
    fn flags(&self) -> Option<&'static str> {
        let Sexp::List(parts) = self.0.tail("public-key")?.first()? else {
            return None;
        };
        match parts.first()?.as_atom()? {
            b"ecc" | b"ecdsa" => Some("rfc6979"),
            b"rsa" => Some("pkcs1"),
            _ => None,
        }
    }

    /// The s-expression.
    pub fn sexp(&self) -> &Sexp {
        &self.0
    }

    /// What `guix archive --authorize` reads, on one line.
    pub fn printable(&self) -> String {
        self.0.printable()
    }

    /// What is signed for this hash by this key's owner.
    pub fn data(&self, hash: &[u8; 32]) -> Option<Sexp> {
        let flags = Sexp::list("flags", vec![Sexp::atom(self.flags()?)]);
        let hash = Sexp::list(
            "hash",
            vec![Sexp::atom("sha256"), Sexp::Atom(hash.to_vec())],
        );
        Some(Sexp::list("data", vec![flags, hash]))
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.printable())
    }
}

/// A signature as it stands in a bundle, taken apart and not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Hash that it claims to sign.
    pub hash: [u8; 32],
    /// Key that it claims to be by.
    pub key: PublicKey,
    /// What was signed: hash, its kind, and how.
    pub data: Sexp,
    /// The numbers.
    pub value: Sexp,
}

impl Signature {
    /// Parses `(signature (data …) (sig-val …) (public-key …))`.
    pub fn parse(text: &[u8]) -> Result<Self, FormError> {
        if text.len() > MAX_SIGNATURE {
            return Err(SexpError::TooLong(text.len()).into());
        }
        let sexp = Sexp::parse(text)?;
        sexp.tail("signature")
            .ok_or(FormError::Unexpected("a signature"))?;
        let data = sexp
            .only("data")
            .ok_or(FormError::Unexpected("signed data"))?;
        let value = sexp
            .only("sig-val")
            .ok_or(FormError::Unexpected("a signature's value"))?;
        let key = sexp
            .only("public-key")
            .ok_or(FormError::Unexpected("a public key"))?;
        Ok(Self {
            hash: signed_hash(data)?,
            key: PublicKey::from_sexp(key)?,
            data: data.clone(),
            value: value.clone(),
        })
    }

    /// Tells whether the signed data is just what Guix signs by such a key, so
    /// that the hash in it is all that libgcrypt will look at.
    pub fn is_usual(&self) -> bool {
        self.key.data(&self.hash).as_ref() == Some(&self.data)
    }

    /// The text of a signature made by us.
    pub fn assemble(data: Sexp, value: Sexp, key: &PublicKey) -> Sexp {
        Sexp::list("signature", vec![data, value, key.0.clone()])
    }
}

fn signed_hash(data: &Sexp) -> Result<[u8; 32], FormError> {
    match data.only("hash").and_then(|hash| hash.tail("hash")) {
        Some([Sexp::Atom(kind), Sexp::Atom(hash)]) if kind == b"sha256" => hash
            .as_slice()
            .try_into()
            .map_err(|_| FormError::Unexpected("a SHA-256 hash of 32 bytes")),
        _ => Err(FormError::Unexpected("a SHA-256 hash")),
    }
}

/// Keys whose items may be imported: /etc/guix/acl.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acl {
    keys: Vec<PublicKey>,
}

impl Acl {
    /// Parses the list; every entry must be one key and the tag
    /// `(guix import)`, as Guix demands (pki.scm, `acl->public-keys`).
    pub fn parse(text: &[u8]) -> Result<Self, FormError> {
        let sexp = Sexp::parse(text)?;
        let entries = sexp
            .tail("acl")
            .ok_or(FormError::Unexpected("an access-control list"))?;
        let keys = entries.iter().map(Self::entry).collect::<Result<_, _>>()?;
        Ok(Self { keys })
    }

    fn entry(entry: &Sexp) -> Result<PublicKey, FormError> {
        let tag = Sexp::list("tag", vec![Sexp::list("guix", vec![Sexp::atom("import")])]);
        match entry.tail("entry") {
            // Guix takes any expression for the subject; one that is no public
            // key equals none.
            Some([key, last]) if *last == tag => Ok(PublicKey(key.clone())),
            _ => Err(FormError::Unexpected(
                "an entry with one key and the tag (guix import)",
            )),
        }
    }

    /// Tells whether items signed by this key may be imported.
    pub fn authorises(&self, key: &PublicKey) -> bool {
        self.keys.contains(key)
    }
}

/// Both halves of a key pair.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// The half that goes into each signature.
    pub public: PublicKey,
    /// The half that signs; its contents are never printed.
    pub secret: Sexp,
}

impl KeyPair {
    /// Parses the texts of `signing-key.sec` and `signing-key.pub`.
    pub fn parse(secret: &[u8], public: &[u8]) -> Result<Self, FormError> {
        let secret = Sexp::parse(secret)?;
        secret
            .tail("private-key")
            .ok_or(FormError::Unexpected("a private key"))?;
        Ok(Self {
            public: PublicKey::parse(public)?,
            secret,
        })
    }
}

/// Why a text is not what it should be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FormError {
    /// It is no s-expression.
    #[error(transparent)]
    Sexp(#[from] SexpError),
    /// It is another one than was expected.
    #[error("{0} was expected")]
    Unexpected(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECC: &[u8] = include_bytes!("../../tests/golden/signature/ecc/signature");
    const RSA: &[u8] = include_bytes!("../../tests/golden/signature/rsa/signature");
    const ACL: &[u8] = include_bytes!("../../tests/golden/signature/ecc/acl");
    const HASH: &[u8] = b"34ca3ac63094d1d5751f741101692a78f95eedf10744b088129fc324dfd0f603";

    #[test]
    fn takes_real_signatures_apart() {
        for text in [ECC, RSA] {
            let signature = Signature::parse(text).unwrap();
            assert_eq!(
                signature.hash.to_vec(),
                data_encoding::HEXLOWER.decode(HASH).unwrap()
            );
            assert!(signature.is_usual());
        }
    }

    #[test]
    fn real_list_authorises_its_key_only() {
        let acl = Acl::parse(ACL).unwrap();
        assert!(acl.authorises(&Signature::parse(ECC).unwrap().key));
        assert!(!acl.authorises(&Signature::parse(RSA).unwrap().key));
        assert!(!Acl::default().authorises(&Signature::parse(ECC).unwrap().key));
    }

    #[test]
    fn other_tags_make_the_list_invalid() {
        let text = String::from_utf8(ACL.to_vec()).unwrap();
        assert!(Acl::parse(text.replace("import", "export").as_bytes()).is_err());
        assert!(Acl::parse(text.replace("(guix import)", "").as_bytes()).is_err());
        assert!(Acl::parse(b"").is_err());
        assert_eq!(Acl::parse(b"(acl)").unwrap(), Acl::default());
    }

    #[test]
    fn unusual_data_is_noticed() {
        let text = String::from_utf8(ECC.to_vec()).unwrap();
        for changed in [
            text.replace("rfc6979", "raw"),
            text.replace("(flags rfc6979)", ""),
            text.replace("(flags rfc6979)", "(flags rfc6979)(salt 1:a)"),
        ] {
            assert!(!Signature::parse(changed.as_bytes()).unwrap().is_usual());
        }
    }

    #[test]
    fn a_second_part_of_a_kind_is_refused() {
        let text = String::from_utf8(ECC.to_vec()).unwrap();
        for (from, to) in [
            ("(data", "(data (hash sha256 #00#)) (data"),
            ("(public-key", "(public-key (ecc)) (public-key"),
            ("(hash sha256", "(hash sha256 #00#) (hash sha256"),
            ("(hash sha256", "(hash sha1"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert!(Signature::parse(changed.as_bytes()).is_err(), "{to}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let pair = KeyPair::parse(
            include_bytes!("../../tests/golden/signature/ecc/signing-key.sec"),
            include_bytes!("../../tests/golden/signature/ecc/signing-key.pub"),
        )
        .unwrap();
        assert!(!format!("{pair:?}").contains("4479"));
    }
}
