//! Notices a transfer that stands still.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// What has moved, in bytes.
#[derive(Debug, Default)]
pub struct Moved(AtomicU64);

/// A stream that counts what moves through it.
pub struct Metered<'a, S> {
    inner: S,
    moved: &'a Moved,
}

impl Moved {
    /// Counts what moves through a stream.
    pub fn meter<S>(&self, inner: S) -> Metered<'_, S> {
        Metered { inner, moved: self }
    }

    /// Waits for the end, which is when the sender of `over` goes, and tells
    /// whether nothing has moved for so long before.
    pub fn stands_still(&self, over: &Receiver<()>, limit: Duration) -> bool {
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            if over.recv_timeout(limit) != Err(RecvTimeoutError::Timeout) {
                return false;
            }
            let now = self.0.load(Ordering::Relaxed);
            if now == seen {
                return true;
            }
            seen = now;
        }
    }

    fn add(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl<S: Read> Read for Metered<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.moved.add(read);
        Ok(read)
    }
}

impl<S: Write> Write for Metered<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.moved.add(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn only_what_moves_does_not_stand_still() {
        let moved = Moved::default();
        let (ends, over) = mpsc::channel();
        let limit = Duration::from_millis(20);
        assert!(moved.stands_still(&over, limit));
        let still = std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut sink = moved.meter(io::sink());
                for _ in 0..50 {
                    sink.write_all(b"x").unwrap();
                    std::thread::sleep(limit / 10);
                }
                drop(ends);
            });
            moved.stands_still(&over, limit * 20)
        });
        assert!(!still);
        let mut copied = Vec::new();
        moved.meter(&b"abc"[..]).read_to_end(&mut copied).unwrap();
        assert_eq!(moved.0.into_inner(), 53);
    }
}
