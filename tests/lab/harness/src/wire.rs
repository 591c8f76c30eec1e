//! A small client of guix-daemon.
//!
//! Written apart from the program's own client, which is under test; it
//! trusts the daemon and is quick: an item takes a millisecond.

use std::io::{BufReader, BufWriter, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::nar::{Node, token};

const NEXT: u64 = 0x6f6c_6d67;
const WRITE: u64 = 0x6461_7416;
const LAST: u64 = 0x616c_7473;
const ERROR: u64 = 0x6378_7470;
/// What we claim to speak: that of Guix 1.2.0 to 1.4.0.
const VERSION: u64 = 0x163;

/// How long the daemon may say nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to a daemon.
pub struct Daemon {
    reader: BufReader<UnixStream>,
    writer: BufWriter<UnixStream>,
    /// What the daemon and its builders have said.
    pub log: Vec<u8>,
    /// The builders' tools, once they are in the store.
    pub(crate) tools: Option<String>,
}

/// What a daemon knows of a store item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathInfo {
    /// The derivation that made it, or nothing.
    pub deriver: String,
    /// SHA-256 of its archive, base 16.
    pub hash: String,
    /// What it refers to.
    pub references: Vec<String>,
    /// Size of its archive.
    pub size: u64,
}

/// A daemon's refusal: its message and its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What it says.
    pub message: String,
    /// 100 when a builder failed, 101 when it took too long, 1 for the rest.
    pub status: u64,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "daemon: {} (status {})", self.message, self.status)
    }
}

impl std::error::Error for Refused {}

impl Daemon {
    /// Connects to a socket.
    pub fn connect(socket: &Path) -> Result<Daemon> {
        let stream = UnixStream::connect(socket)
            .with_context(|| format!("cannot connect to {}", socket.display()))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut daemon = Daemon {
            reader: BufReader::with_capacity(1 << 16, stream.try_clone()?),
            writer: BufWriter::with_capacity(1 << 16, stream),
            log: Vec::new(),
            tools: None,
        };
        for value in [0x6e69_7863, VERSION, 0, 1] {
            daemon.put(value)?;
        }
        daemon.writer.flush()?;
        if daemon.int()? != 0x6478_696f {
            bail!("no guix-daemon at {}", socket.display());
        }
        daemon.int()?;
        daemon.reply(&mut |_| Ok(()))?;
        daemon.options(false, &[])?;
        Ok(daemon)
    }

    /// Sets options: whether builds may be offloaded, and pairs.
    pub fn options(&mut self, offload: bool, pairs: &[(&str, &str)]) -> Result<()> {
        self.put(19)?;
        for value in [
            0,
            0,
            0,
            0,
            u64::from(offload),
            0,
            0,
            0,
            0,
            pairs.len() as u64,
        ] {
            self.put(value)?;
        }
        for (name, value) in pairs {
            self.text(name)?;
            self.text(value)?;
        }
        self.call()
    }

    /// Adds a text item; gives its path.
    pub fn add_text(
        &mut self,
        name: &str,
        contents: &[u8],
        references: &[String],
    ) -> Result<String> {
        self.put(8)?;
        self.text(name)?;
        token(&mut self.writer, contents)?;
        self.list(references)?;
        self.call()?;
        self.string()
    }

    /// Adds a tree as a recursive source; gives its path.
    pub fn add_source(&mut self, name: &str, tree: &Node) -> Result<String> {
        self.add_archive(name, true, tree)
    }

    /// Adds a file as a flat source; gives its path.
    pub fn add_flat(&mut self, name: &str, contents: &[u8]) -> Result<String> {
        self.add_archive(name, false, &Node::file(contents))
    }

    fn add_archive(&mut self, name: &str, recursive: bool, tree: &Node) -> Result<String> {
        self.put(7)?;
        self.text(name)?;
        self.put(1)?;
        self.put(u64::from(recursive))?;
        self.text("sha256")?;
        tree.write_archive(&mut self.writer)?;
        self.call()?;
        self.string()
    }

    /// Builds; the daemon's message and status when that fails.
    pub fn build(&mut self, items: &[String]) -> Result<()> {
        self.put(9)?;
        self.list(items)?;
        self.put(0)?;
        self.call()?;
        self.int().map(drop)
    }

    /// Gives those of the items that are valid.
    pub fn valid(&mut self, items: &[String]) -> Result<Vec<String>> {
        self.put(31)?;
        self.list(items)?;
        self.call()?;
        self.strings()
    }

    /// Gives all valid items.
    pub fn all_valid(&mut self) -> Result<Vec<String>> {
        self.put(23)?;
        self.call()?;
        self.strings()
    }

    /// Tells what is known of a valid item.
    pub fn info(&mut self, item: &str) -> Result<PathInfo> {
        self.put(26)?;
        self.text(item)?;
        self.call()?;
        let deriver = self.string()?;
        let hash = self.string()?;
        let references = self.strings()?;
        self.int()?;
        let size = self.int()?;
        Ok(PathInfo {
            deriver,
            hash,
            references,
            size,
        })
    }

    /// Gives an item's references.
    pub fn references(&mut self, item: &str) -> Result<Vec<String>> {
        self.put(5)?;
        self.text(item)?;
        self.call()?;
        self.strings()
    }

    /// Gives items and all they refer to, sorted.
    pub fn closure(&mut self, items: &[String]) -> Result<Vec<String>> {
        let mut seen = std::collections::BTreeSet::new();
        let mut left: Vec<String> = items.to_vec();
        while let Some(item) = left.pop() {
            if seen.insert(item.clone()) {
                left.extend(self.references(&item)?);
            }
        }
        Ok(seen.into_iter().collect())
    }

    /// Keeps an item from the collector while this connection lasts.
    pub fn add_temporary_root(&mut self, item: &str) -> Result<()> {
        self.put(11)?;
        self.text(item)?;
        self.call()?;
        self.int().map(drop)
    }

    /// Reads every item anew and compares it with the database, as
    /// `guix gc --verify=contents` does; gives what is wrong.
    pub fn verify(&mut self) -> Result<Option<String>> {
        self.log.clear();
        self.put(35)?;
        self.put(1)?;
        self.put(0)?;
        self.call()?;
        let bad = self.int()? != 0;
        let report = String::from_utf8_lossy(&self.log).into_owned();
        let wrong = bad
            || ["modified", "disappeared", "error"]
                .iter()
                .any(|w| report.contains(w));
        Ok(wrong.then_some(report))
    }

    /// Deletes items that nothing needs, or all of those.
    pub fn collect(&mut self, items: &[String]) -> Result<()> {
        self.put(20)?;
        // Action 3 deletes the items named, 2 all dead ones (gcDeleteSpecific,
        // gcDeleteDead).
        self.put(if items.is_empty() { 2 } else { 3 })?;
        self.list(items)?;
        for value in [0, u64::MAX, 0, 0, 0] {
            self.put(value)?;
        }
        self.call()?;
        self.strings()?;
        self.int()?;
        self.int().map(drop)
    }

    /// Exports an item: the bytes of it, without a bundle's leading 1.
    pub fn export(&mut self, item: &str, sign: bool) -> Result<Vec<u8>> {
        self.put(16)?;
        self.text(item)?;
        self.put(u64::from(sign))?;
        self.writer.flush()?;
        let mut bytes = Vec::new();
        self.reply(&mut |part| {
            bytes.extend_from_slice(part);
            Ok(())
        })?;
        self.int()?;
        Ok(bytes)
    }

    fn call(&mut self) -> Result<()> {
        self.writer.flush()?;
        self.reply(&mut |_| Ok(()))
    }

    fn reply(&mut self, data: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        loop {
            match self.int()? {
                LAST => return Ok(()),
                NEXT => {
                    let text = self.bytes()?;
                    self.log.extend_from_slice(&text);
                }
                WRITE => {
                    let part = self.bytes()?;
                    data(&part)?;
                }
                ERROR => {
                    let (message, status) = (self.string()?, self.int()?);
                    return Err(Refused { message, status }.into());
                }
                other => bail!("daemon sent an unknown frame {other:#x}"),
            }
        }
    }

    fn put(&mut self, value: u64) -> Result<()> {
        Ok(self.writer.write_all(&value.to_le_bytes())?)
    }

    fn text(&mut self, text: &str) -> Result<()> {
        Ok(token(&mut self.writer, text.as_bytes())?)
    }

    fn list(&mut self, items: &[String]) -> Result<()> {
        self.put(items.len() as u64)?;
        items.iter().try_for_each(|i| self.text(i))
    }

    fn int(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.reader
            .read_exact(&mut bytes)
            .context("daemon hung up")?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        let length = self.int()?;
        let mut bytes = Vec::new();
        (&mut self.reader)
            .take(length.next_multiple_of(8))
            .read_to_end(&mut bytes)?;
        bytes.truncate(usize::try_from(length)?);
        Ok(bytes)
    }

    fn string(&mut self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.bytes()?).into_owned())
    }

    fn strings(&mut self) -> Result<Vec<String>> {
        (0..self.int()?).map(|_| self.string()).collect()
    }
}
