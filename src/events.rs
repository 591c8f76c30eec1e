//! What happens to a build, as values, and where they are rendered.
//!
//! Two renderings: lines for the daemon's client on descriptor 2, and a trace
//! of the phases with their times. Nothing foreign reaches a line unescaped,
//! and every line begins with a word of ours or with a trace the client knows:
//! a line that begins with `# ` would be a reply.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::since_boot;

/// Something that happened to a build.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// The process has started and knows its settings.
    Started {
        /// Microseconds from the system's start to the moment from which the
        /// trace counts: so the traces of several processes can be compared.
        since_boot: u128,
    },
    /// A request was read.
    Asked,
    /// The machine file was evaluated.
    Evaluated {
        /// How many machines it gives.
        machines: usize,
    },
    /// A slot was taken.
    Slot {
        /// The machine.
        machine: &'a str,
        /// The slot, as `NAME:PORT/NUMBER`.
        slot: &'a str,
    },
    /// A slot is given back.
    Released {
        /// The slot.
        slot: &'a str,
    },
    /// The build stands in line, or goes on to with other machines.
    InLine {
        /// Its place in the order.
        number: &'a str,
        /// The machines that it would take now, as `NAME:PORT`.
        machines: &'a [String],
    },
    /// It has left the line.
    OutOfLine,
    /// The machine is logged in to.
    Connected {
        /// The machine.
        machine: &'a str,
    },
    /// The daemon was answered.
    Replied {
        /// The reply's word.
        reply: &'a str,
    },
    /// The daemon's two lines were read.
    Told {
        /// Items of the closure.
        inputs: usize,
        /// Outputs wanted.
        outputs: usize,
    },
    /// The local database has told what the closure is.
    Looked,
    /// The remote daemon has shaken hands and told what it has.
    Opened {
        /// The machine.
        machine: &'a str,
    },
    /// The transfer begins.
    Sending {
        /// The machine.
        machine: &'a str,
        /// Items to send.
        items: usize,
        /// Their bytes as archives.
        bytes: u64,
    },
    /// Everything needed is there.
    Sent,
    /// The build was asked for.
    Building {
        /// The derivation.
        derivation: &'a str,
        /// The machine.
        machine: &'a str,
    },
    /// The build has ended well.
    Built,
    /// Outputs are fetched.
    Retrieving {
        /// The machine.
        machine: &'a str,
        /// How many.
        items: usize,
    },
    /// An output has come and its signature is good.
    Received {
        /// The output.
        item: &'a str,
        /// Bytes of its archive.
        bytes: u64,
    },
    /// The outputs are registered.
    Registered,
    /// Everything is over.
    Done {
        /// The derivation.
        derivation: &'a str,
        /// The machine.
        machine: &'a str,
        /// Since the acceptance.
        took: Duration,
    },
}

impl Event<'_> {
    /// The name in traces.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Asked => "asked",
            Self::Evaluated { .. } => "evaluated",
            Self::Slot { .. } => "slot",
            Self::Released { .. } => "released",
            Self::InLine { .. } => "in-line",
            Self::OutOfLine => "out-of-line",
            Self::Connected { .. } => "connected",
            Self::Replied { .. } => "replied",
            Self::Told { .. } => "told",
            Self::Looked => "looked",
            Self::Opened { .. } => "opened",
            Self::Sending { .. } => "sending",
            Self::Sent => "sent",
            Self::Building { .. } => "building",
            Self::Built => "built",
            Self::Retrieving { .. } => "retrieving",
            Self::Received { .. } => "received",
            Self::Registered => "registered",
            Self::Done { .. } => "done",
        }
    }

    /// The text for the daemon's client, where there is something to say.
    pub fn text(&self) -> Option<String> {
        Some(match self {
            Self::Sending {
                machine,
                items,
                bytes,
            } => format!(
                "sending {} ({}) to '{machine}'...",
                counted(*items, "store item"),
                amount(*bytes)
            ),
            Self::Building {
                derivation,
                machine,
            } => format!("building '{derivation}' on '{machine}'..."),
            Self::Retrieving { machine, items } => format!(
                "retrieving {} from '{machine}'...",
                counted(*items, "store item")
            ),
            Self::Done {
                derivation,
                machine,
                took,
            } => format!(
                "done with '{derivation}' on '{machine}' in {:.2} s",
                took.as_secs_f64()
            ),
            _ => return None,
        })
    }
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A number of bytes for people.
#[allow(clippy::cast_precision_loss)] // one decimal is shown
pub fn amount(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    format!("{value:.1} {unit}")
}

/// Where events and messages of one hook go. Clones share everything.
#[derive(Clone, Debug)]
pub struct Journal {
    trace: Option<Arc<Mutex<File>>>,
    /// Of the clock that all processes share.
    begun: Duration,
}

impl Journal {
    /// Begins; `trace` is a file that gets a line for each event.
    pub fn new(trace: Option<&Path>) -> Self {
        let file = trace.and_then(|path| {
            OpenOptions::new()
                .append(true)
                .create(true)
                .open(path)
                .map_err(|error| log::warn!("cannot open the trace {}: {error}", path.display()))
                .ok()
        });
        Self {
            trace: file.map(|file| Arc::new(Mutex::new(file))),
            begun: since_boot(),
        }
    }

    /// Tells that the process has started.
    pub fn started(&self) {
        self.event(&Event::Started {
            since_boot: self.begun.as_micros(),
        });
    }

    /// Renders an event.
    pub fn event(&self, event: &Event<'_>) {
        if let Some(trace) = &self.trace {
            let line = format!(
                "{} {} {} {event:?}\n",
                std::process::id(),
                since_boot().saturating_sub(self.begun).as_micros(),
                event.name()
            );
            if let Ok(mut file) = trace.lock() {
                // A full disk must not fail a build for its trace.
                drop(file.write_all(line.as_bytes()));
            }
        }
        log::debug!("{event:?}");
        if let Some(text) = event.text() {
            self.say(&text);
        }
    }

    /// Tells the client something, one line or several.
    pub fn say(&self, text: &str) {
        for line in text.lines() {
            write_line(&format!("offload: {}", printable(line)));
        }
    }

    /// Writes a trace that the client understands, such as `@ build-remote`.
    ///
    /// The client reads a trace only where it is whole in one read, so it is
    /// one write (measured, 1.5.0).
    pub fn client_trace(&self, words: &[&str]) {
        write_line(&format!("@ {}", printable(&words.join(" "))));
    }
}

/// Writes a line with one call, so that no other process's text comes between.
fn write_line(line: &str) {
    let mut bytes = String::with_capacity(line.len().saturating_add(1));
    bytes.push_str(line);
    bytes.push('\n');
    // Nobody reads a closed pipe; there is no one left to tell.
    drop(std::io::stderr().write_all(bytes.as_bytes()));
}

/// The text with its control characters escaped, so that what another side
/// sent cannot begin a line or move a cursor.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KiB"),
            (200 << 20, "200.0 MiB"),
            (u64::MAX, "16777216.0 TiB"),
        ] {
            assert_eq!(amount(bytes), text);
        }
    }

    #[test]
    fn foreign_text_cannot_begin_a_line() {
        assert_eq!(
            printable("a\n# accept\r\x1b[2J"),
            "a\\n# accept\\r\\u{1b}[2J"
        );
    }

    #[test]
    fn events_for_people() {
        let event = Event::Sending {
            machine: "w1",
            items: 1,
            bytes: 2048,
        };
        assert_eq!(
            event.text().unwrap(),
            "sending 1 store item (2.0 KiB) to 'w1'..."
        );
        assert_eq!(Event::Sent.text(), None);
    }

    #[test]
    fn a_trace_has_a_line_for_each_event() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trace");
        let journal = Journal::new(Some(&path));
        journal.started();
        journal.event(&Event::Sent);
        let text = std::fs::read_to_string(&path).unwrap();
        let names: Vec<_> = text
            .lines()
            .map(|line| line.split(' ').nth(2).unwrap())
            .collect();
        assert_eq!(names, ["started", "sent"]);
    }
}
