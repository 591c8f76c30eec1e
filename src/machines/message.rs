//! What the evaluating child tells its parent: a report as bytes.
//!
//! The child runs a file's code, so the parent believes nothing: every length
//! is bounded before anything is allocated for it.

use super::diagnostic::{Diagnostic, Severity};
use super::evaluate::Report;
use super::raw::{Plain, RawField, RawMachine};
use super::record::{Field, Location};

/// The longest message that a parent takes.
pub const LENGTH_MAX: usize = 16 << 20;

/// The memory that a decoded message may take, about.
const MEMORY_MAX: usize = 128 << 20;

/// How deep values may be nested.
const DEPTH_MAX: u32 = 16;

/// A message that cannot be believed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It ends too early.
    #[error("message is cut short")]
    Short,
    /// Something follows it.
    #[error("message has a tail")]
    Tail,
    /// A number stands for nothing.
    #[error("message has an unknown tag {0}")]
    Tag(u8),
    /// A string is not UTF-8.
    #[error("message has a string that is not UTF-8")]
    Text,
    /// It would take too much memory.
    #[error("message is too large")]
    Large,
    /// Values are nested too deep.
    #[error("message is nested too deep")]
    Depth,
}

/// Encodes a report.
pub fn encode(report: &Report) -> Vec<u8> {
    let mut encoder = Encoder {
        files: files(report),
        out: Vec::new(),
    };
    encoder.report(report);
    encoder.out
}

/// Decodes a report.
pub fn decode(bytes: &[u8]) -> Result<Report, MessageError> {
    let mut decoder = Decoder {
        files: Vec::new(),
        rest: bytes,
        budget: MEMORY_MAX,
    };
    let report = decoder.report()?;
    if decoder.rest.is_empty() {
        Ok(report)
    } else {
        Err(MessageError::Tail)
    }
}

/// The names of the files that locations are in; usually one.
fn files(report: &Report) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    let machines = report.machines.iter().flat_map(|machine| {
        let fields = machine.fields.iter().map(|field| &field.location);
        fields.chain([&machine.location])
    });
    let diagnostics = report.diagnostics.iter().map(|d| &d.location);
    for location in machines.chain(diagnostics).flatten() {
        if !files.contains(&location.file) {
            files.push(location.file.clone());
        }
    }
    files
}

struct Encoder {
    files: Vec<String>,
    out: Vec<u8>,
}

impl Encoder {
    fn report(&mut self, report: &Report) {
        let files = std::mem::take(&mut self.files);
        self.count(files.len());
        for file in &files {
            self.text(file);
        }
        self.files = files;
        self.count(report.machines.len());
        for machine in &report.machines {
            self.location(machine.location.as_ref());
            self.count(machine.fields.len());
            for field in &machine.fields {
                let index = Field::ALL
                    .iter()
                    .position(|(known, _)| *known == field.field);
                self.out
                    .push(index.and_then(|i| u8::try_from(i).ok()).unwrap_or(u8::MAX));
                self.location(field.location.as_ref());
                self.value(&field.value);
            }
        }
        self.count(report.diagnostics.len());
        for diagnostic in &report.diagnostics {
            self.out.push(u8::from(diagnostic.is_error()));
            self.text(&diagnostic.code);
            self.text(&diagnostic.message);
            self.location(diagnostic.location.as_ref());
            match &diagnostic.help {
                Some(help) => {
                    self.out.push(1);
                    self.text(help);
                }
                None => self.out.push(0),
            }
        }
    }

    fn value(&mut self, value: &Plain) {
        match value {
            Plain::Boolean(b) => self.out.extend([0, u8::from(*b)]),
            Plain::Integer(n) => {
                self.out.push(1);
                self.out.extend(n.to_le_bytes());
            }
            Plain::Real(x) => {
                self.out.push(2);
                self.out.extend(x.to_le_bytes());
            }
            Plain::Text(text) => {
                self.out.push(3);
                self.text(text);
            }
            Plain::List(items) => {
                self.out.push(4);
                self.count(items.len());
                for item in items {
                    self.value(item);
                }
            }
            Plain::Other(text) => {
                self.out.push(5);
                self.text(text);
            }
        }
    }

    fn location(&mut self, location: Option<&Location>) {
        // 0: none; else the number of the file, from 1.
        let file = location
            .and_then(|location| self.files.iter().position(|file| *file == location.file))
            .and_then(|index| u32::try_from(index.saturating_add(1)).ok())
            .unwrap_or(0);
        self.number(file);
        if let Some(location) = location.filter(|_| file > 0) {
            self.number(location.line);
            self.number(location.column);
        }
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.out.extend(text.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.number(u32::try_from(count).unwrap_or(u32::MAX));
    }

    fn number(&mut self, number: u32) {
        self.out.extend(number.to_le_bytes());
    }
}

struct Decoder<'a> {
    files: Vec<String>,
    rest: &'a [u8],
    budget: usize,
}

type Decoded<T> = Result<T, MessageError>;

impl<'a> Decoder<'a> {
    fn report(&mut self) -> Decoded<Report> {
        self.files = self.many(4, Self::text)?;
        let machines = self.many(8, Self::machine)?;
        let diagnostics = self.many(10, Self::diagnostic)?;
        Ok(Report {
            machines,
            diagnostics,
        })
    }

    fn machine(&mut self) -> Decoded<RawMachine> {
        Ok(RawMachine {
            location: self.location()?,
            fields: self.many(7, Self::field)?,
        })
    }

    fn field(&mut self) -> Decoded<RawField> {
        let tag = self.byte()?;
        let field = Field::ALL
            .get(usize::from(tag))
            .map(|(field, _)| *field)
            .ok_or(MessageError::Tag(tag))?;
        Ok(RawField {
            field,
            location: self.location()?,
            value: self.value(0)?,
        })
    }

    fn diagnostic(&mut self) -> Decoded<Diagnostic> {
        let severity = if self.boolean()? {
            Severity::Error
        } else {
            Severity::Warning
        };
        Ok(Diagnostic {
            severity,
            code: self.text()?,
            message: self.text()?,
            location: self.location()?,
            help: if self.boolean()? {
                Some(self.text()?)
            } else {
                None
            },
        })
    }

    fn value(&mut self, depth: u32) -> Decoded<Plain> {
        if depth > DEPTH_MAX {
            return Err(MessageError::Depth);
        }
        self.spend(size_of::<Plain>())?;
        Ok(match self.byte()? {
            0 => Plain::Boolean(self.boolean()?),
            1 => Plain::Integer(i64::from_le_bytes(self.array()?)),
            2 => Plain::Real(f64::from_le_bytes(self.array()?)),
            3 => Plain::Text(self.text()?),
            4 => Plain::List(self.many(2, |this| this.value(depth.saturating_add(1)))?),
            5 => Plain::Other(self.text()?),
            tag => return Err(MessageError::Tag(tag)),
        })
    }

    fn location(&mut self) -> Decoded<Option<Location>> {
        let Some(index) = self.number()?.checked_sub(1) else {
            return Ok(None);
        };
        let file = self.files.get(index as usize).ok_or(MessageError::Short)?;
        let file = file.clone();
        self.spend(file.len().saturating_add(size_of::<RawField>()))?;
        Ok(Some(Location {
            file,
            line: self.number()?,
            column: self.number()?,
        }))
    }

    fn spend(&mut self, memory: usize) -> Decoded<()> {
        self.budget = self.budget.checked_sub(memory).ok_or(MessageError::Large)?;
        Ok(())
    }

    /// A count and so many things of at least `size` bytes each.
    fn many<T>(
        &mut self,
        size: usize,
        mut read: impl FnMut(&mut Self) -> Decoded<T>,
    ) -> Decoded<Vec<T>> {
        let count = self.number()? as usize;
        if count.saturating_mul(size) > self.rest.len() {
            return Err(MessageError::Short);
        }
        (0..count).map(|_| read(self)).collect()
    }

    fn text(&mut self) -> Decoded<String> {
        let length = self.number()? as usize;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes)
            .map(str::to_owned)
            .map_err(|_| MessageError::Text)
    }

    fn boolean(&mut self) -> Decoded<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            tag => Err(MessageError::Tag(tag)),
        }
    }

    fn byte(&mut self) -> Decoded<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn number(&mut self) -> Decoded<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| MessageError::Short)
    }

    fn take(&mut self, length: usize) -> Decoded<&'a [u8]> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(MessageError::Short)?;
        self.rest = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn location() -> impl Strategy<Value = Option<Location>> {
        proptest::option::of(
            ("[ab]", any::<u32>(), any::<u32>()).prop_map(|(file, line, column)| Location {
                file,
                line,
                column,
            }),
        )
    }

    fn plain() -> impl Strategy<Value = Plain> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Plain::Boolean),
            any::<i64>().prop_map(Plain::Integer),
            (-1e300..1e300f64).prop_map(Plain::Real),
            any::<String>().prop_map(Plain::Text),
            any::<String>().prop_map(Plain::Other),
        ];
        leaf.prop_recursive(4, 20, 4, |inner| {
            proptest::collection::vec(inner, 0..4).prop_map(Plain::List)
        })
    }

    fn machine() -> impl Strategy<Value = RawMachine> {
        let field =
            (0..Field::ALL.len(), location(), plain()).prop_map(|(index, location, value)| {
                RawField {
                    field: Field::ALL[index].0,
                    location,
                    value,
                }
            });
        (location(), proptest::collection::vec(field, 0..5))
            .prop_map(|(location, fields)| RawMachine { location, fields })
    }

    fn diagnostic() -> impl Strategy<Value = Diagnostic> {
        (
            any::<bool>(),
            any::<String>(),
            any::<String>(),
            location(),
            proptest::option::of(any::<String>()),
        )
            .prop_map(|(error, code, message, location, help)| Diagnostic {
                severity: if error {
                    Severity::Error
                } else {
                    Severity::Warning
                },
                code,
                message,
                location,
                help,
            })
    }

    fn report() -> impl Strategy<Value = Report> {
        (
            proptest::collection::vec(machine(), 0..4),
            proptest::collection::vec(diagnostic(), 0..4),
        )
            .prop_map(|(machines, diagnostics)| Report {
                machines,
                diagnostics,
            })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(report in report()) {
            prop_assert_eq!(decode(&encode(&report)), Ok(report));
        }

        #[test]
        fn what_is_cut_is_refused(report in report(), cut in 1_usize..50) {
            let bytes = encode(&report);
            let end = bytes.len().saturating_sub(cut);
            prop_assert!(decode(&bytes[..end]).is_err());
        }

        #[test]
        fn garbage_is_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(decode(&bytes));
        }

        #[test]
        fn a_changed_byte_does_not_make_it_panic(report in report(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = encode(&report);
            let index = at.index(bytes.len());
            bytes[index] = byte;
            drop(decode(&bytes));
        }
    }

    #[test]
    fn huge_counts_allocate_nothing() {
        assert_eq!(decode(&[0xff; 4]), Err(MessageError::Short));
        let mut nested = vec![
            0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        for _ in 0..100 {
            nested.extend([4, 1, 0, 0, 0]);
        }
        assert_eq!(decode(&nested), Err(MessageError::Depth));
    }

    #[test]
    fn a_tail_is_refused() {
        let mut bytes = encode(&Report::default());
        bytes.push(0);
        assert_eq!(decode(&bytes), Err(MessageError::Tail));
    }
}
