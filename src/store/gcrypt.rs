//! Signing and checking by libgcrypt, the very library that Guix calls.
//!
//! Guix's keys are ECDSA over the curve that libgcrypt calls Ed25519, with
//! RFC 6979 nonces, which the usual Ed25519 crates can neither make nor check.
//! The library is loaded when first needed, so that building needs no
//! development package; where it is missing, `authenticate` has another way.
//!
//! This is the one module with foreign functions. What goes in and comes out
//! are s-expressions of our own making, in canonical form.

#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::OnceLock;

use thiserror::Error;

use super::signature::{Sexp, SexpError};

/// File that is loaded: a distribution without a common library directory
/// gives an absolute name when it builds.
const FILE: &str = match option_env!("OFFLOAD_LIBGCRYPT") {
    Some(name) => name,
    None => "libgcrypt.so.20",
};

/// Oldest version whose functions may be called from several threads without
/// more preparation, and which knows the curve.
const OLDEST: &CStr = c"1.6.0";

// Source: gcrypt.h, enum gcry_ctl_cmds; stable since 1.2.
const DISABLE_SECURE_MEMORY: c_int = 37;
const INITIALISATION_FINISHED: c_int = 38;
const IS_INITIALISATION_FINISHED: c_int = 39;

// Source: gcrypt.h, enum gcry_sexp_format.
const CANONICAL: c_int = 1;
const ADVANCED: c_int = 3;

/// Low bits of an error: its code, without the part that names its source.
/// Source: gpg-error.h, GPG_ERR_CODE_MASK.
const CODE_MASK: c_uint = 0xffff;
/// Source: gpg-error.h, GPG_ERR_BAD_SIGNATURE.
const BAD_SIGNATURE: c_uint = 8;

/// `gcry_sexp_t`.
type RawSexp = *mut c_void;

/// The functions of the library, loaded and initialised.
pub struct Library {
    sexp_new: unsafe extern "C" fn(*mut RawSexp, *const c_void, usize, c_int) -> c_uint,
    sexp_release: unsafe extern "C" fn(RawSexp),
    sexp_sprint: unsafe extern "C" fn(RawSexp, c_int, *mut c_void, usize) -> usize,
    pk_verify: unsafe extern "C" fn(RawSexp, RawSexp, RawSexp) -> c_uint,
    pk_sign: unsafe extern "C" fn(*mut RawSexp, RawSexp, RawSexp) -> c_uint,
    strerror: unsafe extern "C" fn(c_uint) -> *const c_char,
}

impl Library {
    /// Loads the library once for the process; the same answer ever after.
    pub fn get() -> Result<&'static Self, &'static LoadError> {
        static LIBRARY: OnceLock<Result<Library, LoadError>> = OnceLock::new();
        LIBRARY.get_or_init(|| Self::load(FILE)).as_ref()
    }

    fn load(file: &str) -> Result<Self, LoadError> {
        let missing = |error: libloading::Error| LoadError::Missing {
            file: file.to_owned(),
            why: error.to_string(),
        };
        // SAFETY: the file is libgcrypt by its soname, or by the name that the
        // distribution built in; its initialisers have no requirements.
        let library = unsafe { libloading::Library::new(file) }.map_err(missing)?;
        // Never unloaded, so that the functions below stay valid.
        let library: &'static libloading::Library = Box::leak(Box::new(library));
        initialise(library, file)?;
        // SAFETY: the types are those of gcrypt.h; gcry_sexp_t is a pointer,
        // gcry_error_t an unsigned int.
        unsafe {
            Ok(Self {
                sexp_new: *library.get(b"gcry_sexp_new\0").map_err(missing)?,
                sexp_release: *library.get(b"gcry_sexp_release\0").map_err(missing)?,
                sexp_sprint: *library.get(b"gcry_sexp_sprint\0").map_err(missing)?,
                pk_verify: *library.get(b"gcry_pk_verify\0").map_err(missing)?,
                pk_sign: *library.get(b"gcry_pk_sign\0").map_err(missing)?,
                strerror: *library.get(b"gcry_strerror\0").map_err(missing)?,
            })
        }
    }

    /// Checks that `value` is a signature of `data` by the owner of `key`.
    pub fn verify(&self, value: &Sexp, data: &Sexp, key: &Sexp) -> Result<(), Failure> {
        let (value, data, key) = (
            self.expression(value)?,
            self.expression(data)?,
            self.expression(key)?,
        );
        // SAFETY: three live expressions, which the function only reads.
        let error = unsafe { (self.pk_verify)(value.raw, data.raw, key.raw) };
        self.check(error)
    }

    /// Signs `data`; the result is `(sig-val …)`.
    pub fn sign(&self, data: &Sexp, secret: &Sexp) -> Result<Sexp, Failure> {
        let (data, secret) = (self.expression(data)?, self.expression(secret)?);
        let mut raw = std::ptr::null_mut();
        // SAFETY: two live expressions, which the function only reads, and a
        // place for its result.
        let error = unsafe { (self.pk_sign)(&raw mut raw, data.raw, secret.raw) };
        self.check(error)?;
        let value = Expression { library: self, raw };
        Ok(Sexp::parse(&value.print(CANONICAL)?)?)
    }

    /// The form for people, laid out as Guix's own signatures are.
    pub fn advanced(&self, sexp: &Sexp) -> Result<Vec<u8>, Failure> {
        self.expression(sexp)?.print(ADVANCED)
    }

    fn expression(&self, sexp: &Sexp) -> Result<Expression<'_>, Failure> {
        let text = sexp.canonical();
        let mut raw = std::ptr::null_mut();
        // SAFETY: the text is live and of the length given; the function
        // copies it. 0: the form is what it is, nothing is guessed about its
        // length.
        let error = unsafe { (self.sexp_new)(&raw mut raw, text.as_ptr().cast(), text.len(), 0) };
        self.check(error)?;
        Ok(Expression { library: self, raw })
    }

    fn check(&self, error: c_uint) -> Result<(), Failure> {
        match error & CODE_MASK {
            0 => Ok(()),
            BAD_SIGNATURE => Err(Failure::BadSignature),
            _ => {
                // SAFETY: the function gives a static text for every number.
                let text = unsafe { (self.strerror)(error) };
                if text.is_null() {
                    return Err(Failure::Refused(format!("error {error}")));
                }
                // SAFETY: not null, terminated, static.
                let text = unsafe { CStr::from_ptr(text) };
                Err(Failure::Refused(text.to_string_lossy().into_owned()))
            }
        }
    }
}

/// Readies the library unless something else in the process has done so.
fn initialise(library: &libloading::Library, file: &str) -> Result<(), LoadError> {
    let missing = |error: libloading::Error| LoadError::Missing {
        file: file.to_owned(),
        why: error.to_string(),
    };
    // SAFETY: the types are those of gcrypt.h; gcry_control takes a command
    // and arguments that depend on it.
    let (check_version, control) = unsafe {
        (
            *library
                .get::<unsafe extern "C" fn(*const c_char) -> *const c_char>(
                    b"gcry_check_version\0",
                )
                .map_err(missing)?,
            *library
                .get::<unsafe extern "C" fn(c_int, ...) -> c_uint>(b"gcry_control\0")
                .map_err(missing)?,
        )
    };
    // SAFETY: a terminated text; the manual demands this call before all others.
    if unsafe { check_version(OLDEST.as_ptr()) }.is_null() {
        return Err(LoadError::TooOld {
            file: file.to_owned(),
        });
    }
    // SAFETY: these commands take an int or nothing, and `get` calls this once.
    unsafe {
        if control(IS_INITIALISATION_FINISHED) == 0 {
            // Guix does without secure memory as well: it would need the right
            // to lock pages.
            control(DISABLE_SECURE_MEMORY, 0 as c_int);
            control(INITIALISATION_FINISHED, 0 as c_int);
        }
    }
    Ok(())
}

/// An expression in the library's own form, released when dropped.
struct Expression<'l> {
    library: &'l Library,
    raw: RawSexp,
}

impl Expression<'_> {
    fn print(&self, mode: c_int) -> Result<Vec<u8>, Failure> {
        // SAFETY: a live expression; without a buffer the function only says
        // how long one must be.
        let needed = unsafe { (self.library.sexp_sprint)(self.raw, mode, std::ptr::null_mut(), 0) };
        let mut text = vec![0_u8; needed];
        // SAFETY: a live expression and a buffer of the length given.
        let length = unsafe {
            (self.library.sexp_sprint)(self.raw, mode, text.as_mut_ptr().cast(), text.len())
        };
        if length == 0 || length > text.len() {
            return Err(Failure::Refused("no printed form".to_owned()));
        }
        text.truncate(length);
        // The length asked for counts a final NUL in every form but the
        // canonical one.
        if mode != CANONICAL && text.last() == Some(&0) {
            text.pop();
        }
        Ok(text)
    }
}

impl Drop for Expression<'_> {
    fn drop(&mut self) {
        // SAFETY: made by the library, released once; null is allowed.
        unsafe { (self.library.sexp_release)(self.raw) }
    }
}

/// Why the library cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LoadError {
    /// There is none, or it lacks a function.
    #[error("{file} cannot be loaded: {why}")]
    Missing {
        /// Name that was tried.
        file: String,
        /// The loader's words.
        why: String,
    },
    /// It is not to be used.
    #[error("libgcrypt is switched off")]
    SwitchedOff,
    /// It is older than 1.6.
    #[error("{file} is older than 1.6")]
    TooOld {
        /// Name that was tried.
        file: String,
    },
}

/// What the library says of a request.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Failure {
    /// The signature is not by this key, or not of this data.
    #[error("bad signature")]
    BadSignature,
    /// It cannot work with this key or value.
    #[error("libgcrypt: {0}")]
    Refused(String),
    /// It has printed something that cannot be read.
    #[error("libgcrypt: {0}")]
    Printed(#[from] SexpError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::signature::{KeyPair, Signature};

    const HASH: &[u8] = b"34ca3ac63094d1d5751f741101692a78f95eedf10744b088129fc324dfd0f603";

    fn hash() -> [u8; 32] {
        data_encoding::HEXLOWER
            .decode(HASH)
            .unwrap()
            .try_into()
            .unwrap()
    }

    fn cases() -> [(&'static [u8], &'static [u8], &'static [u8]); 2] {
        [
            (
                include_bytes!("../../tests/golden/signature/ecc/signing-key.sec"),
                include_bytes!("../../tests/golden/signature/ecc/signing-key.pub"),
                include_bytes!("../../tests/golden/signature/ecc/signature"),
            ),
            (
                include_bytes!("../../tests/golden/signature/rsa/signing-key.sec"),
                include_bytes!("../../tests/golden/signature/rsa/signing-key.pub"),
                include_bytes!("../../tests/golden/signature/rsa/signature"),
            ),
        ]
    }

    /// Both algorithms are deterministic, so equality to the byte is demanded.
    #[test]
    fn signs_byte_for_byte_as_guix_does() {
        let library = Library::get().unwrap();
        for (secret, public, text) in cases() {
            let pair = KeyPair::parse(secret, public).unwrap();
            let data = pair.public.data(&hash()).unwrap();
            let value = library.sign(&data, &pair.secret).unwrap();
            let signature = Signature::assemble(data, value, &pair.public);
            assert_eq!(
                String::from_utf8(library.advanced(&signature).unwrap()).unwrap(),
                String::from_utf8(text.to_vec()).unwrap()
            );
        }
    }

    #[test]
    fn tells_good_signatures_from_bad_ones() {
        let library = Library::get().unwrap();
        for (_, _, text) in cases() {
            let signature = Signature::parse(text).unwrap();
            let key = signature.key.sexp();
            library
                .verify(&signature.value, &signature.data, key)
                .unwrap();
            let other = signature.key.data(&[7; 32]).unwrap();
            assert_eq!(
                library.verify(&signature.value, &other, key),
                Err(Failure::BadSignature)
            );
        }
        let [(_, _, ecc), (_, _, rsa)] =
            cases().map(|(secret, public, text)| (secret, public, Signature::parse(text).unwrap()));
        assert!(
            library
                .verify(&ecc.value, &ecc.data, rsa.key.sexp())
                .is_err()
        );
    }

    #[test]
    fn nonsense_is_refused() {
        let library = Library::get().unwrap();
        let nonsense = Sexp::list("sig-val", vec![]);
        assert!(matches!(
            library.verify(&nonsense, &nonsense, &nonsense),
            Err(Failure::Refused(_))
        ));
        assert!(library.sign(&nonsense, &nonsense).is_err());
    }

    #[test]
    fn a_missing_library_is_an_error() {
        assert!(matches!(
            Library::load("libgcrypt-that-is-not.so.0"),
            Err(LoadError::Missing { .. })
        ));
    }
}
