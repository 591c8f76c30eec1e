//! What the evaluating child tells its parent: a report as bytes.
//!
//! The child runs a file's code, so the parent believes nothing: every length
//! is bounded before anything is allocated for it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::dependency::Dependency;
use super::diagnostic::{Diagnostic, Severity, Step};
use super::evaluate::{Report, Trace};
use super::raw::{Plain, RawField, RawMachine};
use super::record::{Field, Location, Position};

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
fn files(report: &Report) -> Vec<Arc<str>> {
    let mut files: Vec<Arc<str>> = Vec::new();
    let machines = report.machines.iter().flat_map(|machine| {
        let fields = machine.fields.iter().map(|field| &field.location);
        fields.chain([&machine.location])
    });
    let diagnostics = report.diagnostics.iter().map(|d| &d.location);
    let steps = report.diagnostics.iter().flat_map(|d| &d.trace);
    let traces = report.traces.iter();
    let steps = steps
        .chain(traces.clone().flat_map(|trace| &trace.steps))
        .map(|step| &step.location)
        .chain(traces.map(|trace| &trace.location));
    for location in machines.chain(diagnostics).flatten().chain(steps) {
        if !files.contains(&location.file) {
            files.push(Arc::clone(&location.file));
        }
    }
    files
}

struct Encoder {
    files: Vec<Arc<str>>,
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
            self.end(machine.end);
            self.count(machine.fields.len());
            for field in &machine.fields {
                let index = Field::ALL
                    .iter()
                    .position(|(known, _)| *known == field.field);
                self.out
                    .push(index.and_then(|i| u8::try_from(i).ok()).unwrap_or(u8::MAX));
                self.location(field.location.as_ref());
                self.end(field.end);
                self.value(&field.value);
            }
        }
        self.count(report.diagnostics.len());
        for diagnostic in &report.diagnostics {
            self.diagnostic(diagnostic);
        }
        self.count(report.dependencies.len());
        for dependency in &report.dependencies {
            self.dependency(dependency);
        }
        self.count(report.traces.len());
        for trace in &report.traces {
            self.location(Some(&trace.location));
            self.steps(&trace.steps);
        }
    }

    fn diagnostic(&mut self, diagnostic: &Diagnostic) {
        self.out.push(u8::from(diagnostic.is_error()));
        self.text(&diagnostic.code);
        self.text(&diagnostic.message);
        self.location(diagnostic.location.as_ref());
        self.end(diagnostic.end);
        self.optional(diagnostic.help.as_deref());
        self.steps(&diagnostic.trace);
    }

    fn steps(&mut self, steps: &[Step]) {
        self.count(steps.len());
        for step in steps {
            self.text(&step.what);
            self.location(Some(&step.location));
        }
    }

    fn dependency(&mut self, dependency: &Dependency) {
        match dependency {
            Dependency::File { path, digest } => {
                self.out.push(0);
                self.bytes(path.as_os_str().as_bytes());
                self.out.push(u8::from(digest.is_some()));
                self.out.extend(digest.iter().flatten());
            }
            Dependency::Existence { path, exists } => {
                self.out.push(1);
                self.bytes(path.as_os_str().as_bytes());
                self.out.push(u8::from(*exists));
            }
            Dependency::Environment { name, value } => {
                self.out.push(2);
                self.text(name);
                self.optional(value.as_deref());
            }
            Dependency::HostName(name) => {
                self.out.push(3);
                self.text(name);
            }
            Dependency::User(user) => {
                self.out.push(4);
                self.number(*user);
            }
            Dependency::Processors(count) => {
                self.out.push(5);
                self.number(*count);
            }
            Dependency::Uncacheable(reason) => {
                self.out.push(6);
                self.text(reason);
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

    /// Lines count from 1, so 0 stands for none.
    fn end(&mut self, end: Option<Position>) {
        let end = end.filter(|end| end.line > 0);
        self.number(end.map_or(0, |end| end.line));
        if let Some(end) = end {
            self.number(end.column);
        }
    }

    fn optional(&mut self, text: Option<&str>) {
        self.out.push(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.out.extend(bytes);
    }

    fn count(&mut self, count: usize) {
        self.number(u32::try_from(count).unwrap_or(u32::MAX));
    }

    fn number(&mut self, number: u32) {
        self.out.extend(number.to_le_bytes());
    }
}

struct Decoder<'a> {
    files: Vec<Arc<str>>,
    rest: &'a [u8],
    budget: usize,
}

type Decoded<T> = Result<T, MessageError>;

impl<'a> Decoder<'a> {
    fn report(&mut self) -> Decoded<Report> {
        self.files = self.many(4, |this| this.text().map(Arc::from))?;
        let machines = self.many(12, Self::machine)?;
        let diagnostics = self.many(22, Self::diagnostic)?;
        let dependencies = self.many(5, Self::dependency)?;
        let traces = self.many(8, Self::trace)?;
        Ok(Report {
            machines,
            diagnostics,
            dependencies,
            traces,
        })
    }

    fn trace(&mut self) -> Decoded<Trace> {
        Ok(Trace {
            location: self.location()?.ok_or(MessageError::Tag(0))?,
            steps: self.many(8, Self::step)?,
        })
    }

    fn machine(&mut self) -> Decoded<RawMachine> {
        Ok(RawMachine {
            location: self.location()?,
            end: self.end()?,
            fields: self.many(11, Self::field)?,
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
            end: self.end()?,
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
            end: self.end()?,
            help: self.optional()?,
            trace: self.many(8, Self::step)?,
        })
    }

    fn step(&mut self) -> Decoded<Step> {
        Ok(Step {
            what: self.text()?,
            location: self.location()?.ok_or(MessageError::Tag(0))?,
        })
    }

    fn dependency(&mut self) -> Decoded<Dependency> {
        self.spend(size_of::<Dependency>())?;
        Ok(match self.byte()? {
            0 => Dependency::File {
                path: self.path()?,
                digest: if self.boolean()? {
                    Some(self.array()?)
                } else {
                    None
                },
            },
            1 => Dependency::Existence {
                path: self.path()?,
                exists: self.boolean()?,
            },
            2 => Dependency::Environment {
                name: self.text()?,
                value: self.optional()?,
            },
            3 => Dependency::HostName(self.text()?),
            4 => Dependency::User(self.number()?),
            5 => Dependency::Processors(self.number()?),
            6 => Dependency::Uncacheable(self.text()?),
            tag => return Err(MessageError::Tag(tag)),
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
        let file = Arc::clone(file);
        self.spend(size_of::<RawField>())?;
        Ok(Some(Location {
            file,
            line: self.number()?,
            column: self.number()?,
        }))
    }

    fn end(&mut self) -> Decoded<Option<Position>> {
        let line = self.number()?;
        if line == 0 {
            return Ok(None);
        }
        Ok(Some(Position {
            line,
            column: self.number()?,
        }))
    }

    fn optional(&mut self) -> Decoded<Option<String>> {
        Ok(if self.boolean()? {
            Some(self.text()?)
        } else {
            None
        })
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

    fn path(&mut self) -> Decoded<PathBuf> {
        let bytes = self.counted()?;
        Ok(PathBuf::from(OsStr::from_bytes(bytes)))
    }

    fn counted(&mut self) -> Decoded<&'a [u8]> {
        let length = self.number()? as usize;
        self.take(length)
    }

    fn text(&mut self) -> Decoded<String> {
        let bytes = self.counted()?;
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
        proptest::option::of(("[ab]", any::<u32>(), any::<u32>()).prop_map(
            |(file, line, column)| Location {
                file: file.into(),
                line,
                column,
            },
        ))
    }

    fn end() -> impl Strategy<Value = Option<Position>> {
        proptest::option::of(
            (1u32.., any::<u32>()).prop_map(|(line, column)| Position { line, column }),
        )
    }

    fn step() -> impl Strategy<Value = Step> {
        (any::<String>(), any::<u32>()).prop_map(|(what, line)| Step {
            what,
            location: Location {
                file: "c".into(),
                line,
                column: 3,
            },
        })
    }

    fn dependency() -> impl Strategy<Value = Dependency> {
        let text = any::<String>;
        prop_oneof![
            (text(), any::<Option<[u8; 32]>>()).prop_map(|(path, digest)| Dependency::File {
                path: path.into(),
                digest
            }),
            (text(), any::<bool>()).prop_map(|(path, exists)| Dependency::Existence {
                path: path.into(),
                exists
            }),
            (text(), any::<Option<String>>())
                .prop_map(|(name, value)| Dependency::Environment { name, value }),
            text().prop_map(Dependency::HostName),
            any::<u32>().prop_map(Dependency::User),
            any::<u32>().prop_map(Dependency::Processors),
            text().prop_map(Dependency::Uncacheable),
        ]
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
        let field = (0..Field::ALL.len(), location(), end(), plain()).prop_map(
            |(index, location, end, value)| RawField {
                field: Field::ALL[index].0,
                location,
                end,
                value,
            },
        );
        (location(), end(), proptest::collection::vec(field, 0..5)).prop_map(
            |(location, end, fields)| RawMachine {
                location,
                end,
                fields,
            },
        )
    }

    fn diagnostic() -> impl Strategy<Value = Diagnostic> {
        (
            any::<bool>(),
            any::<String>(),
            any::<String>(),
            location(),
            end(),
            proptest::option::of(any::<String>()),
            proptest::collection::vec(step(), 0..3),
        )
            .prop_map(
                |(error, code, message, location, end, help, trace)| Diagnostic {
                    severity: if error {
                        Severity::Error
                    } else {
                        Severity::Warning
                    },
                    code,
                    message,
                    location,
                    end,
                    help,
                    trace,
                },
            )
    }

    fn report() -> impl Strategy<Value = Report> {
        (
            proptest::collection::vec(machine(), 0..4),
            proptest::collection::vec(diagnostic(), 0..4),
            proptest::collection::vec(dependency(), 0..4),
            proptest::collection::vec((step(), proptest::collection::vec(step(), 0..3)), 0..3),
        )
            .prop_map(|(machines, diagnostics, dependencies, traces)| Report {
                machines,
                diagnostics,
                dependencies,
                traces: traces
                    .into_iter()
                    .map(|(step, steps)| Trace {
                        location: step.location,
                        steps,
                    })
                    .collect(),
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
            0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
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
