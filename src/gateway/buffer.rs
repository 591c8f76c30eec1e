//! A bounded buffer between two streams.

use std::io::{self, Read, Write};

/// Bytes on their way from one side to the other.
///
/// It is filled only when it is empty, so that what is pending keeps its
/// place and length until it has been taken: libssh2 demands that of bytes
/// that are half sent.
pub struct Buffer {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
    capacity: usize,
}

impl Buffer {
    /// A buffer of this size; the memory is taken at its first use.
    pub fn new(capacity: usize) -> Self {
        Self {
            bytes: Box::default(),
            start: 0,
            end: 0,
            capacity,
        }
    }

    /// Tells whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// What is pending.
    pub fn pending(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Takes off the first bytes of what is pending.
    pub fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Forgets what is pending.
    pub fn clear(&mut self) {
        self.start = self.end;
    }

    /// The whole room, for filling an empty buffer.
    pub fn room(&mut self) -> &mut [u8] {
        if self.bytes.is_empty() {
            self.bytes = vec![0; self.capacity].into_boxed_slice();
        }
        debug_assert!(self.is_empty(), "filled only when empty");
        &mut self.bytes
    }

    /// Says how many bytes have been put into the room.
    pub fn filled(&mut self, count: usize) {
        self.start = 0;
        self.end = count.min(self.bytes.len());
    }

    /// Fills the empty buffer by one read; 0 is the end of the stream.
    pub fn fill_from(&mut self, mut source: impl Read) -> io::Result<usize> {
        let count = source.read(self.room())?;
        self.filled(count);
        Ok(count)
    }

    /// Writes until everything or nothing more is taken.
    pub fn drain_into(&mut self, mut sink: impl Write) -> io::Result<()> {
        while !self.is_empty() {
            match sink.write(self.pending()) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.consume(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Takes a few bytes at a time, and nothing every other time.
    struct Reluctant {
        taken: Vec<u8>,
        most: usize,
        willing: bool,
    }

    impl Write for Reluctant {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.willing = !self.willing;
            if !self.willing {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let count = bytes.len().min(self.most);
            self.taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_turned_round(text in proptest::collection::vec(any::<u8>(), 0..500), capacity in 1usize..64, most in 1usize..64) {
            let mut buffer = Buffer::new(capacity);
            let mut source = &text[..];
            let mut sink = Reluctant { taken: Vec::new(), most, willing: false };
            loop {
                if buffer.is_empty() && buffer.fill_from(&mut source).unwrap() == 0 {
                    break;
                }
                while let Err(error) = buffer.drain_into(&mut sink) {
                    prop_assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                }
            }
            prop_assert_eq!(sink.taken, text);
        }
    }
}
