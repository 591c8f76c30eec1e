//! How far sending has come.

use std::io::{self, Write};

/// Bytes after which progress is told within an item.
const PROGRESS_STEP: u64 = 1 << 20;
/// How much has been sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Whole items.
    pub items: u64,
    /// Bytes, those of unfinished items included.
    pub bytes: u64,
}

/// Counts what goes through.
pub(super) struct Metered<'a, 'm> {
    pub(super) sink: &'a mut dyn Write,
    pub(super) meter: &'a mut Meter<'m>,
}

impl Write for Metered<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.meter.bytes(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// Tells how far it has come.
pub(super) struct Meter<'a> {
    pub(super) sent: Sent,
    told: u64,
    progress: &'a mut dyn FnMut(Sent),
}

impl<'a> Meter<'a> {
    pub(super) fn new(progress: &'a mut dyn FnMut(Sent)) -> Self {
        Self {
            sent: Sent::default(),
            told: 0,
            progress,
        }
    }

    pub(super) fn bytes(&mut self, count: u64) {
        self.sent.bytes = self.sent.bytes.saturating_add(count);
        if self.sent.bytes.saturating_sub(self.told) >= PROGRESS_STEP {
            self.tell();
        }
    }

    pub(super) fn item(&mut self) {
        self.sent.items = self.sent.items.saturating_add(1);
        self.tell();
    }

    fn tell(&mut self) {
        self.told = self.sent.bytes;
        (self.progress)(self.sent);
    }
}
