//! Reading files. They are decoded as UTF-8 whatever the locale.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::Table;
use super::arguments::Arguments;
use crate::machines::dependency;
use crate::machines::engine::{
    Answer, Failure, Fault, Value, boolean, character, fault, foreign, text, unspecified,
    with_foreign,
};

pub const TABLE: Table = &[
    ("open-input-file", open_input_file),
    ("close-port", |values| close("close-port", values)),
    ("close-input-port", |values| {
        close("close-input-port", values)
    }),
    ("get-string-all", get_string_all),
    ("read-string", |values| read_string("read-string", values)),
    ("read-line", |values| read_line("read-line", values, false)),
    ("get-line", |values| read_line("get-line", values, true)),
    ("read-char", read_char),
    ("eof-object?", is_eof),
    ("eof-object", |_| foreign(EndOfFile)),
    ("port?", is_port),
];

/// A file that a machine file reads is a key or a list: bounded.
const FILE_MAX: u64 = 64 << 20;

/// A port for reading: the whole text, and how far it has been read.
struct Port {
    text: String,
    at: RefCell<Option<usize>>,
}

/// What is read at the end.
struct EndOfFile;

/// The error for a file that cannot be used; a missing one has a code of its
/// own, since stock takes it for a missing machine file.
pub fn file_fault(name: &str, error: &io::Error) -> Fault {
    let message = format!("cannot open file `{name}`: {}", reason(error));
    if error.kind() == io::ErrorKind::NotFound {
        return fault(Failure {
            help: Some("stock would silently use no machine at all".into()),
            ..Failure::new("missing-file", message)
        });
    }
    fault(Failure::new("system-error", message))
}

/// The system's words without `(os error 2)`.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

fn open_input_file(values: &[Value]) -> Answer {
    let arguments = Arguments::at_least("open-input-file", values, 1)?;
    let name = &*arguments.text(0)?;
    let mut bytes = Vec::new();
    let read = File::open(name).and_then(|file| {
        // A pipe or terminal could keep us waiting for ever; a directory
        // fails by itself.
        file.take(FILE_MAX.saturating_add(1))
            .read_to_end(&mut bytes)
    });
    dependency::note_attempt(Path::new(name), read.as_ref().map(|_| &*bytes));
    if let Err(error) = read {
        return Err(file_fault(name, &error));
    }
    if bytes.len() as u64 > FILE_MAX {
        return Err(fault(Failure::new(
            "system-error",
            format!("file `{name}` is larger than {FILE_MAX} bytes"),
        )));
    }
    foreign(Port {
        text: String::from_utf8_lossy(&bytes).into_owned(),
        at: RefCell::new(Some(0)),
    })
}

/// Takes a part of what is unread: gives its length, and what to skip after.
fn take(
    arguments: &Arguments<'_>,
    index: usize,
    part: impl FnOnce(&str) -> Option<(usize, usize)>,
) -> Result<Option<String>, Fault> {
    let value = arguments.optional(index).ok_or_else(|| {
        fault(Failure::new(
            "unsupported",
            "reading from standard input, which is empty, is not supported here",
        ))
    })?;
    with_foreign(value, |port: &Port| {
        let mut at = port.at.borrow_mut();
        let Some(position) = *at else {
            return Err(arguments.wrong(index, "an open port"));
        };
        let rest = port.text.get(position..).unwrap_or_default();
        let Some((length, skipped)) = part(rest) else {
            return Ok(None);
        };
        let taken = rest.get(..length).map(str::to_owned);
        *at = Some(position.saturating_add(length).saturating_add(skipped));
        Ok(taken)
    })
    .unwrap_or_else(|| Err(arguments.wrong(index, "a port")))
}

fn get_string_all(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("get-string-all", values, 1)?;
    let all = take(&arguments, 0, |rest| Some((rest.len(), 0)))?;
    Ok(text(all.unwrap_or_default()))
}

fn read_string(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::between(name, values, 1, 2)?;
    let limit = match arguments.optional(1) {
        Some(_) => Some(arguments.index(1)?),
        None => None,
    };
    let taken = take(&arguments, 0, |rest| {
        let length = limit
            .and_then(|limit| rest.char_indices().nth(limit))
            .map_or(rest.len(), |(at, _)| at);
        Some((length, 0))
    })?;
    Ok(text(taken.unwrap_or_default()))
}

fn read_line(name: &'static str, values: &[Value], required: bool) -> Answer {
    let arguments = Arguments::between(name, values, usize::from(required), 2)?;
    if arguments.optional(1).is_some() && arguments.symbol(1)? != "trim" {
        return Err(arguments.wrong(1, "the symbol trim, other ways are not supported here"));
    }
    let line = take(&arguments, 0, |rest| match rest.find('\n') {
        _ if rest.is_empty() => None,
        Some(end) => Some((end, 1)),
        None => Some((rest.len(), 0)),
    })?;
    match line {
        Some(line) => Ok(text(line)),
        None => foreign(EndOfFile),
    }
}

fn read_char(values: &[Value]) -> Answer {
    let arguments = Arguments::between("read-char", values, 0, 1)?;
    let taken = take(&arguments, 0, |rest| {
        rest.chars().next().map(|c| (c.len_utf8(), 0))
    })?;
    match taken.and_then(|taken| taken.chars().next()) {
        Some(c) => Ok(character(c)),
        None => foreign(EndOfFile),
    }
}

fn close(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    with_foreign(arguments.value(0)?, |port: &Port| port.at.replace(None))
        .ok_or_else(|| arguments.wrong(0, "a port"))?;
    Ok(unspecified())
}

fn is_port(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("port?", values, 1)?;
    Ok(boolean(
        with_foreign(arguments.value(0)?, |_: &Port| ()).is_some(),
    ))
}

fn is_eof(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("eof-object?", values, 1)?;
    Ok(boolean(
        with_foreign(arguments.value(0)?, |_: &EndOfFile| ()).is_some(),
    ))
}
