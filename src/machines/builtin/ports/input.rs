//! Reading from ports.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::rc::Rc;

use super::super::Table;
use super::super::arguments::Arguments;
use super::{Port, Standard, count, current};
use crate::machines::dependency;
use crate::machines::engine::{
    Answer, Fault, Value, View, boolean, character, cons, foreign, from_bytes, from_datum,
    from_list, integer, raise, text, unspecified, view, with_foreign,
};
use crate::machines::reader;

/// What opens ports.
pub const FILES: Table = &[
    ("open-input-file", |values| {
        let arguments = Arguments::at_least("open-input-file", values, 1)?;
        open(&arguments)
    }),
    ("open-file", |values| {
        let arguments = Arguments::at_least("open-file", values, 2)?;
        let mode = arguments.text(1)?;
        match mode.chars().next() {
            _ if mode.contains('+') => Err(super::super::unsupported("reading and writing a file")),
            Some('r') => open(&arguments),
            Some('w') => super::output::open(&arguments, false),
            Some('a') => super::output::open(&arguments, true),
            _ => Err(raise::out_of_range("open-file", arguments.value(1)?)),
        }
    }),
    ("open-input-string", |values| {
        let content = Arguments::exactly("open-input-string", values, 1)?.text(0)?;
        foreign(Port::reading(content.to_string(), None))
    }),
];

pub const TABLE: Table = &[
    ("read-char", |values| {
        one("read-char", values, 0, Source::take_char)
    }),
    ("get-char", |values| {
        one("get-char", values, 1, Source::take_char)
    }),
    ("peek-char", |values| {
        one("peek-char", values, 0, |source| {
            source.rest().chars().next()
        })
    }),
    ("lookahead-char", |values| {
        one("lookahead-char", values, 1, |source| {
            source.rest().chars().next()
        })
    }),
    ("char-ready?", |values| {
        let arguments = Arguments::between("char-ready?", values, 0, 1)?;
        with_source(&arguments, 0, "char-ready?", |_| ())?;
        Ok(boolean(true))
    }),
    ("unread-char", |values| {
        let arguments = Arguments::between("unread-char", values, 1, 2)?;
        let c = arguments.character(0)?;
        with_source(&arguments, 1, "unread-char", |source| {
            source.unread(&c.to_string());
        })?;
        Ok(unspecified())
    }),
    ("unread-string", |values| {
        let arguments = Arguments::exactly("unread-string", values, 2)?;
        let content = arguments.text(0)?;
        with_source(&arguments, 1, "unread-string", |source| {
            source.unread(&content);
        })?;
        Ok(unspecified())
    }),
    ("get-string-all", |values| {
        let arguments = Arguments::exactly("get-string-all", values, 1)?;
        with_source(&arguments, 0, "get-string-all", |source| {
            text(source.take(usize::MAX))
        })
    }),
    ("get-string-n", |values| {
        let arguments = Arguments::exactly("get-string-n", values, 2)?;
        let limit = arguments.index(1)?;
        let taken = with_source(&arguments, 0, "get-string-n", |source| source.take(limit))?;
        if taken.is_empty() && limit > 0 {
            return foreign(EndOfFile);
        }
        Ok(text(taken))
    }),
    ("read-string", |values| {
        let arguments = Arguments::between("read-string", values, 0, 2)?;
        let limit = match arguments.optional(1) {
            Some(_) => arguments.index(1)?,
            None => usize::MAX,
        };
        with_source(&arguments, 0, "read-char", |source| {
            text(source.take(limit))
        })
    }),
    ("get-bytevector-all", |values| {
        let arguments = Arguments::exactly("get-bytevector-all", values, 1)?;
        let taken = with_source(&arguments, 0, "get-bytevector-all", |source| {
            source.take(usize::MAX)
        })?;
        if taken.is_empty() {
            return foreign(EndOfFile);
        }
        Ok(from_bytes(taken.into_bytes()))
    }),
    ("get-bytevector-n", |values| {
        let arguments = Arguments::exactly("get-bytevector-n", values, 2)?;
        let limit = arguments.index(1)?;
        let taken = with_source(&arguments, 0, "get-bytevector-n", |source| {
            source.take(limit)
        })?;
        if taken.is_empty() {
            return foreign(EndOfFile);
        }
        Ok(from_bytes(taken.into_bytes()))
    }),
    ("get-u8", |values| {
        let arguments = Arguments::exactly("get-u8", values, 1)?;
        byte(with_source(&arguments, 0, "get-u8", Source::take_char)?)
    }),
    ("lookahead-u8", |values| {
        let arguments = Arguments::exactly("lookahead-u8", values, 1)?;
        byte(with_source(&arguments, 0, "lookahead-u8", |source| {
            source.rest().chars().next()
        })?)
    }),
    ("drain-input", |values| {
        let arguments = Arguments::exactly("drain-input", values, 1)?;
        with_source(&arguments, 0, "drain-input", |source| {
            text(source.take(usize::MAX))
        })
    }),
    ("read-line", |values| {
        let arguments = Arguments::between("read-line", values, 0, 2)?;
        delimited(&arguments, "\n", 0, 1, "%read-line")
    }),
    ("get-line", |values| {
        let arguments = Arguments::exactly("get-line", values, 1)?;
        delimited(&arguments, "\n", 0, 1, "get-line")
    }),
    ("%read-delimited", |values| {
        let arguments = Arguments::between("read-delimited", values, 1, 3)?;
        let delimiters = match view(arguments.value(0)?) {
            View::Character(c) => Rc::from(c.to_string()),
            _ => arguments.text(0)?,
        };
        delimited(&arguments, &delimiters, 1, 2, "read-delimited")
    }),
    ("read", read),
    ("eof-object?", |values| {
        let value = Arguments::exactly("eof-object?", values, 1)?.value(0)?;
        Ok(boolean(with_foreign(value, |_: &EndOfFile| ()).is_some()))
    }),
    ("eof-object", |values| {
        Arguments::exactly("eof-object", values, 0)?;
        foreign(EndOfFile)
    }),
    ("seek", seek),
    ("ftell", |values| {
        let arguments = Arguments::exactly("ftell", values, 1)?;
        with_source(&arguments, 0, "ftell", |source| count(source.at))
    }),
];

/// A file that a machine file reads is a key or a list: bounded.
const FILE_MAX: u64 = 64 << 20;

/// What is read at the end.
pub struct EndOfFile;

/// A text, and how far it has been read.
pub struct Source {
    text: String,
    at: usize,
}

impl Source {
    /// A text that has not been read.
    pub fn new(text: String) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next characters, at most so many.
    fn take(&mut self, limit: usize) -> String {
        let rest = self.rest();
        let length = rest
            .char_indices()
            .nth(limit)
            .map_or(rest.len(), |(at, _)| at);
        let taken = rest.get(..length).unwrap_or_default().to_owned();
        self.at = self.at.saturating_add(length);
        taken
    }

    fn take_char(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at = self.at.saturating_add(c.len_utf8());
        Some(c)
    }

    fn unread(&mut self, content: &str) {
        self.text = format!("{content}{}", self.rest());
        self.at = 0;
    }

    /// Line and column of what is next, from 0.
    pub fn position(&self) -> (usize, usize) {
        let before = self.text.get(..self.at).unwrap_or_default();
        let column = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count(), column.chars().count())
    }
}

/// The error of the system about a file, noted as what the file depends on.
pub fn file_fault(subr: &str, name: &str, error: &io::Error) -> Fault {
    raise::system_error(subr, error.raw_os_error().unwrap_or(5), vec![text(name)])
}

fn open(arguments: &Arguments<'_>) -> Answer {
    let value = arguments.value(0)?;
    let View::Text(name) = view(value) else {
        return Err(raise::wrong_type_expecting("", "string", value));
    };
    let content = read_file(&name)?;
    foreign(Port::reading(content, Some(name)))
}

/// The text of a file.
pub fn read_file(name: &str) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    // A pipe or terminal could keep us waiting for ever; the parent's clock
    // ends that. A directory opens, and fails when it is read.
    let path = Path::new(name);
    let opened = File::open(path);
    let file = opened.map_err(|error| {
        dependency::note_attempt(path, Err(&error));
        file_fault("open-file", name, &error)
    })?;
    let read = file
        .take(FILE_MAX.saturating_add(1))
        .read_to_end(&mut bytes);
    dependency::note_attempt(path, read.as_ref().map(|_| &*bytes));
    read.map_err(|error| {
        raise::system_error("fport_read", error.raw_os_error().unwrap_or(5), Vec::new())
    })?;
    if bytes.len() as u64 > FILE_MAX {
        // EFBIG
        return Err(raise::system_error("fport_read", 27, vec![text(name)]));
    }
    let content = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match content.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => content,
    })
}

/// Reads from the port that an optional argument is, or the current one.
fn with_source<R>(
    arguments: &Arguments<'_>,
    index: usize,
    subr: &str,
    take: impl FnOnce(&mut Source) -> R,
) -> Result<R, Fault> {
    let value = match arguments.optional(index) {
        Some(value) => value.clone(),
        None => current(Standard::Input),
    };
    let taken = with_foreign(&value, |port: &Port| {
        let source = port.input().filter(|_| !port.closed.get())?;
        Some(take(&mut source.borrow_mut()))
    });
    taken.flatten().ok_or_else(|| {
        raise::wrong_type_at(subr, index.saturating_add(1), "open input port", &value)
    })
}

/// A character that is a byte.
fn byte(c: Option<char>) -> Answer {
    match c.map(u8::try_from) {
        Some(Ok(byte)) => Ok(integer(i64::from(byte))),
        Some(Err(_)) => Err(super::super::unsupported("reading such bytes")),
        None => foreign(EndOfFile),
    }
}

fn one(
    name: &'static str,
    values: &[Value],
    min: usize,
    take: fn(&mut Source) -> Option<char>,
) -> Answer {
    let arguments = Arguments::between(name, values, min, 1)?;
    match with_source(&arguments, 0, name, take)? {
        Some(c) => Ok(character(c)),
        None => foreign(EndOfFile),
    }
}

/// Up to a delimiter, which goes by the way that an optional argument names.
fn delimited(
    arguments: &Arguments<'_>,
    delimiters: &str,
    port: usize,
    way: usize,
    subr: &str,
) -> Answer {
    let way = match arguments.optional(way) {
        Some(_) => arguments.symbol(way)?,
        None => "trim",
    };
    let taken = with_source(arguments, port, subr, |source| {
        let rest = source.rest();
        if rest.is_empty() {
            return None;
        }
        let found = rest.char_indices().find(|(_, c)| delimiters.contains(*c));
        let length = found.map_or(rest.len(), |(at, _)| at);
        let part = rest.get(..length).unwrap_or_default().to_owned();
        let skipped = match found {
            Some((_, c)) if way != "peek" => c.len_utf8(),
            _ => 0,
        };
        source.at = source.at.saturating_add(length).saturating_add(skipped);
        Some((part, found.map(|(_, c)| c)))
    })?;
    let ended = |c: Option<char>| c.map_or_else(|| foreign(EndOfFile), |c| Ok(character(c)));
    match (taken, way) {
        (Some((part, Some(c))), "concat") => Ok(text(format!("{part}{c}"))),
        (Some((part, c)), "split") => cons(text(part), ended(c)?),
        (None, "split") => cons(foreign(EndOfFile)?, foreign(EndOfFile)?),
        (Some((part, _)), "trim" | "peek" | "concat") => Ok(text(part)),
        (None, _) => foreign(EndOfFile),
        (Some(_), _) => Err(raise::misc_error(
            "",
            "unexpected handle-delim value: ~S",
            vec![crate::machines::engine::symbol(way)],
        )),
    }
}

/// `(read PORT)`: one datum.
fn read(values: &[Value]) -> Answer {
    let arguments = Arguments::between("read", values, 0, 1)?;
    let outcome = with_source(&arguments, 0, "read", |source| {
        let rest = source.rest().to_owned();
        let mut reader = reader::Reader::new(&rest, 0, reader::NESTING_MAX).as_set();
        let datum = reader.read();
        let read = reader.position();
        source.at = source.at.saturating_add(read);
        let (line, column) = source.position();
        datum.map_err(|error| (error, line, column))
    })?;
    match outcome {
        Ok(Some(datum)) => Ok(from_datum(&datum)),
        Ok(None) => foreign(EndOfFile),
        Err((error, line, column)) => {
            let place = format!(
                "#<unknown port>:{}:{}: {}",
                line.saturating_add(1),
                column.saturating_add(1),
                error.problem
            );
            Err(raise::scm_error(
                "read-error",
                "",
                &place.replace('~', "~~"),
                from_list(Vec::new()),
                boolean(false),
            ))
        }
    }
}

/// `(seek PORT OFFSET WHENCE)`
fn seek(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("seek", values, 3)?;
    let offset = arguments.integer(1)?;
    let whence = arguments.integer(2)?;
    let at = with_source(&arguments, 0, "seek", |source| {
        let base = match whence {
            0 => 0,
            1 => source.at,
            _ => source.text.len(),
        };
        let at = i64::try_from(base).ok()?.checked_add(offset)?;
        let at = usize::try_from(at).ok()?;
        if !source.text.is_char_boundary(at) {
            return None;
        }
        source.at = at;
        Some(at)
    })?;
    at.map(count).ok_or_else(|| arguments.out_of_range(1))
}
