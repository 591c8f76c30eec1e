//! What a machine file prints: whole lines, escaped, bounded.

use crate::machines::diagnostic::escape;

/// A longer line is passed on in parts.
const LINE_MAX: usize = 4096;
/// More than this is not passed on.
const TOTAL_MAX: usize = 256 << 10;

/// Cuts bytes into lines.
pub struct Lines<'a> {
    line: Vec<u8>,
    total: usize,
    sink: &'a mut dyn FnMut(&str),
}

impl<'a> Lines<'a> {
    /// Lines that go to this sink, without their ends.
    pub fn new(sink: &'a mut dyn FnMut(&str)) -> Self {
        Self {
            line: Vec::new(),
            total: 0,
            sink,
        }
    }

    /// More bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.total >= TOTAL_MAX {
                return;
            }
            self.total = self.total.saturating_add(1);
            if self.total >= TOTAL_MAX {
                self.flush();
                (self.sink)("(further output is left out)");
            } else if byte == b'\n' {
                self.flush();
            } else {
                self.line.push(byte);
                if self.line.len() >= LINE_MAX {
                    self.flush();
                }
            }
        }
    }

    /// The end: what is left is a line too.
    pub fn finish(mut self) {
        if !self.line.is_empty() {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let line = std::mem::take(&mut self.line);
        (self.sink)(&escape(&String::from_utf8_lossy(&line)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let mut seen = Vec::new();
        let mut sink = |line: &str| seen.push(line.to_owned());
        let mut lines = Lines::new(&mut sink);
        for piece in pieces {
            lines.push(piece);
        }
        lines.finish();
        seen
    }

    #[test]
    fn whole_lines_whatever_the_pieces() {
        assert_eq!(lines(&[b"a\nb", b"c\n", b"d"]), ["a", "bc", "d"]);
        assert_eq!(lines(&[b"# accept\x1b[2J\n"]), ["# accept\\u{1b}[2J"]);
        assert!(lines(&[]).is_empty());
    }

    #[test]
    fn lines_and_their_sum_are_bounded() {
        let all = lines(&[&vec![b'x'; 1 << 20]]);
        assert!(all.iter().all(|line| line.len() <= LINE_MAX));
        assert_eq!(all.last().unwrap(), "(further output is left out)");
        assert!(all.iter().map(String::len).sum::<usize>() <= TOTAL_MAX + 100);
    }
}
