//! Hashes: of streams on their way, and in the names of store items.
//!
//! Names: facts of the daemon's protocol, section 5.2; the examples in the
//! tests were made by a daemon of Guix 1.5.0.

use std::io::{self, Read, Write};

use data_encoding::HEXLOWER;
use sha2::Digest as _;

use super::base32;
use super::path::{PathError, StoreDir, StorePath};

/// Bytes of a hash part before they are written in base 32.
const HASH_PART_BYTES: usize = 20;

/// A SHA-256 hash.
pub type Sha256 = [u8; 32];

/// Hashes bytes that are all there.
pub fn sha256(bytes: &[u8]) -> Sha256 {
    sha2::Sha256::digest(bytes).into()
}

/// Writes a hash in base 16, as the database and signatures hold it.
pub fn hex(hash: &[u8]) -> String {
    HEXLOWER.encode(hash)
}

/// Reads a hash in base 16.
pub fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    HEXLOWER.decode(text).ok()
}

/// The path of a text item (every `.drv` is one) with these references, whose
/// order does not matter.
pub fn text_path(
    dir: &StoreDir,
    name: &str,
    hash: &Sha256,
    references: &[StorePath],
) -> Result<StorePath, PathError> {
    let mut sorted: Vec<&StorePath> = references.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut kind = String::from("text");
    for reference in sorted {
        kind.push(':');
        kind.push_str(reference.as_str());
    }
    make_path(dir, &kind, hash, name)
}

/// The path of a recursive source, from the hash of its archive.
pub fn source_path(dir: &StoreDir, name: &str, nar_hash: &Sha256) -> Result<StorePath, PathError> {
    make_path(dir, "source", nar_hash, name)
}

/// The path of a flat source or of a fixed output.
///
/// `hash` is that of the file, or of its archive when `recursive`;
/// `algorithm` is the daemon's name of it: `sha256`, `sha1`, `sha512`.
pub fn fixed_path(
    dir: &StoreDir,
    name: &str,
    recursive: bool,
    algorithm: &str,
    hash: &[u8],
) -> Result<StorePath, PathError> {
    if let ("sha256", true, Ok(nar_hash)) = (algorithm, recursive, <&Sha256>::try_from(hash)) {
        return source_path(dir, name, nar_hash);
    }
    let recursive = if recursive { "r:" } else { "" };
    let inner = format!("fixed:out:{recursive}{algorithm}:{}:", hex(hash));
    make_path(dir, "output:out", &sha256(inner.as_bytes()), name)
}

fn make_path(
    dir: &StoreDir,
    kind: &str,
    hash: &Sha256,
    name: &str,
) -> Result<StorePath, PathError> {
    let text = format!("{kind}:sha256:{}:{}:{name}", hex(hash), dir.as_str());
    let folded = fold(&sha256(text.as_bytes()));
    dir.join(&format!("{}-{name}", base32::encode(&folded)))
}

/// Folds a hash to the size of a hash part: byte i goes into byte i mod 20.
fn fold(hash: &Sha256) -> [u8; HASH_PART_BYTES] {
    let mut folded = [0; HASH_PART_BYTES];
    for chunk in hash.chunks(HASH_PART_BYTES) {
        for (into, byte) in folded.iter_mut().zip(chunk) {
            *into ^= byte;
        }
    }
    folded
}

/// A running SHA-256 that also counts; writing to it cannot fail.
#[derive(Clone, Debug, Default)]
pub struct Hasher {
    state: sha2::Sha256,
    count: u64,
}

impl Hasher {
    /// Starts with nothing hashed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Hashes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
        self.count = self.count.saturating_add(bytes.len() as u64);
    }

    /// The number of bytes hashed.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The hash of what has been hashed, without ending here.
    pub fn so_far(&self) -> Sha256 {
        self.state.clone().finalize().into()
    }

    /// The hash and the number of bytes.
    pub fn finish(self) -> (Sha256, u64) {
        (self.state.finalize().into(), self.count)
    }
}

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A reader that hashes what is read through it.
#[derive(Debug)]
pub struct HashingReader<R> {
    inner: R,
    hasher: Hasher,
}

impl<R: Read> HashingReader<R> {
    /// Hashes from here on.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            hasher: Hasher::new(),
        }
    }

    /// The number of bytes read.
    pub fn count(&self) -> u64 {
        self.hasher.count()
    }

    /// The hash of what has been read, without ending here.
    pub fn so_far(&self) -> Sha256 {
        self.hasher.so_far()
    }

    /// The reader, the hash and the number of bytes.
    pub fn finish(self) -> (R, Sha256, u64) {
        let (hash, count) = self.hasher.finish();
        (self.inner, hash, count)
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.hasher.update(buffer.get(..got).unwrap_or_default());
        Ok(got)
    }
}

/// A writer that hashes what goes through it.
#[derive(Debug)]
pub struct HashingWriter<W> {
    inner: W,
    hasher: Hasher,
}

impl<W: Write> HashingWriter<W> {
    /// Hashes from here on.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Hasher::new(),
        }
    }

    /// The number of bytes written.
    pub fn count(&self) -> u64 {
        self.hasher.count()
    }

    /// The hash of what has been written, without ending here.
    pub fn so_far(&self) -> Sha256 {
        self.hasher.so_far()
    }

    /// The writer, the hash and the number of bytes.
    pub fn finish(self) -> (W, Sha256, u64) {
        let (hash, count) = self.hasher.finish();
        (self.inner, hash, count)
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let put = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..put).unwrap_or(bytes));
        Ok(put)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A writer that gives everything to two.
///
/// What the first takes, the second is made to take as well.
#[derive(Debug)]
pub struct Tee<A, B>(
    /// The first.
    pub A,
    /// The second.
    pub B,
);

impl<A: Write, B: Write> Write for Tee<A, B> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let put = self.0.write(bytes)?;
        self.1.write_all(bytes.get(..put).unwrap_or(bytes))?;
        Ok(put)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        self.1.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &[u8] = b"hello world\n";
    const HELLO_NAR: &str = "34ca3ac63094d1d5751f741101692a78f95eedf10744b088129fc324dfd0f603";

    fn nar_hash() -> Sha256 {
        unhex(HELLO_NAR.as_bytes()).unwrap().try_into().unwrap()
    }

    #[test]
    fn names_texts_as_the_daemon_does() {
        let dir = StoreDir::default();
        let hash = sha256(HELLO);
        let plain = text_path(&dir, "worked-text", &hash, &[]).unwrap();
        assert_eq!(
            plain.as_str(),
            "/gnu/store/1hqp1kznhm15lxn7h668f9x88i6mzsvc-worked-text"
        );
        let other = dir
            .join("cm8y231qw04r66231f5w9nbrnzm8aa0g-worked-dir")
            .unwrap();
        // The daemon sorts references before it makes the name.
        for references in [[plain.clone(), other.clone()], [other, plain]] {
            assert_eq!(
                text_path(&dir, "worked-ref", &hash, &references)
                    .unwrap()
                    .as_str(),
                "/gnu/store/j8gxjg6z48dmmm5b1f4snfd401prpg4j-worked-ref"
            );
        }
    }

    #[test]
    fn names_sources_as_the_daemon_does() {
        let dir = StoreDir::default();
        let recursive = "/gnu/store/3n2ndm96wd31b5sg5fz8yflwahzp9yb6-worked-rec";
        let nar = nar_hash();
        assert_eq!(
            source_path(&dir, "worked-rec", &nar).unwrap().as_str(),
            recursive
        );
        assert_eq!(
            fixed_path(&dir, "worked-rec", true, "sha256", &nar)
                .unwrap()
                .as_str(),
            recursive
        );
        assert_eq!(
            fixed_path(&dir, "worked-flat", false, "sha256", &sha256(HELLO))
                .unwrap()
                .as_str(),
            "/gnu/store/ihvy8v8kwxj6rr4w6swaiyl55s1ii8ar-worked-flat"
        );
        let sha1: [u8; 20] = sha1::Sha1::digest(HELLO).into();
        assert_eq!(
            fixed_path(&dir, "worked-flat1", false, "sha1", &sha1)
                .unwrap()
                .as_str(),
            "/gnu/store/xwm4ald4pd20y5vglh5awix7p0mk158n-worked-flat1"
        );
    }

    #[test]
    fn refuses_names_that_no_item_has() {
        let dir = StoreDir::default();
        for name in ["", ".x", "a/b", "a b", &"a".repeat(300)] {
            assert!(source_path(&dir, name, &[0; 32]).is_err(), "{name}");
        }
    }

    #[test]
    fn hashes_on_the_way() {
        let mut reader = HashingReader::new(HELLO);
        let mut head = [0; 5];
        reader.read_exact(&mut head).unwrap();
        assert_eq!(reader.so_far(), sha256(b"hello"));
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap();
        assert_eq!(reader.finish().1, sha256(HELLO));

        let mut writer = HashingWriter::new(Tee(Vec::new(), Hasher::new()));
        writer.write_all(HELLO).unwrap();
        writer.flush().unwrap();
        let (Tee(written, second), hash, count) = writer.finish();
        assert_eq!(written, HELLO);
        assert_eq!((hash, count), (sha256(HELLO), 12));
        assert_eq!(second.finish(), (hash, count));
    }

    #[test]
    fn hashes_only_what_the_writer_took() {
        let mut narrow = [0u8; 4];
        let mut writer = HashingWriter::new(narrow.as_mut_slice());
        assert_eq!(writer.write(HELLO).unwrap(), 4);
        assert_eq!(writer.so_far(), sha256(b"hell"));
        assert_eq!(writer.count(), 4);
    }
}
