//! From a field to the word in it that is meant.

use super::advice::unknown_system;
use crate::machines::datum::{Datum, Kind};
use crate::machines::diagnostic::Diagnostic;
use crate::machines::reader::{NESTING_MAX, Reader};
use crate::machines::record::{Location, Position};
use crate::machines::source::Sources;

/// Moves what is said of a system type to the string in the field, where it is
/// written there and the field is in this file.
pub fn pinpoint(name: &str, text: &str, diagnostics: &mut [Diagnostic]) {
    let mut strings = None;
    for diagnostic in diagnostics {
        if diagnostic.code != "machines::unknown-system" {
            continue;
        }
        let strings = strings.get_or_insert_with(|| strings_of(name, text));
        let Some(place) = &diagnostic.location else {
            continue;
        };
        let from = (place.line, place.column);
        let to = diagnostic.end.map_or(from, |end| (end.line, end.column));
        let found = strings.iter().find(|string| {
            let at = &string.location;
            at.file == place.file
                && (from..to).contains(&(at.line, at.column))
                && diagnostic.message == unknown_system(&string.value)
        });
        if let Some(string) = found {
            diagnostic.location = Some(string.location.clone());
            diagnostic.end = string.end;
        }
    }
}

struct Literal {
    value: String,
    location: Location,
    end: Option<Position>,
}

/// The strings of a text, in its order.
fn strings_of(name: &str, text: &str) -> Vec<Literal> {
    let mut sources = Sources::default();
    let Some(file) = sources.add(name, text) else {
        return Vec::new();
    };
    let mut reader = Reader::new(text, file, NESTING_MAX).passing();
    let mut strings = Vec::new();
    while let Ok(Some(datum)) = reader.read() {
        let mut waiting: Vec<&Datum> = vec![&datum];
        while let Some(datum) = waiting.pop() {
            match &datum.kind {
                Kind::Text(value) => {
                    if let Some(location) = sources.location(datum.span) {
                        strings.push(Literal {
                            value: value.to_string(),
                            location,
                            end: sources.end(datum.span),
                        });
                    }
                }
                Kind::List(items) | Kind::Vector(items) => waiting.extend(items.iter().rev()),
                Kind::Dotted(items, tail) => {
                    waiting.push(tail);
                    waiting.extend(items.iter().rev());
                }
                _ => {}
            }
        }
    }
    strings
}
