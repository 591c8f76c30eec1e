//! Other files: `include`, `load`, `primitive-load`.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::session::unreadable;
use super::{Binding, Expanded, Expander, Expr, Finding, Scope, malformed};
use crate::machines::datum::{Datum, Kind};
use crate::machines::diagnostic::Diagnostic;
use crate::machines::engine::raise::system_error;
use crate::machines::engine::{self, Failure, text};
use crate::machines::files;
use crate::machines::reader::{self, Reader};
use crate::machines::source::{Span, decode};

/// Files that load each other deeper than this never end.
const DEPTH_MAX: u32 = 100;

impl Expander {
    /// The directory of the file that a form stands in, as the file's name
    /// was given.
    fn directory(&self, span: Span) -> PathBuf {
        let name = self.sources.name(span.file).unwrap_or_default();
        Path::new(name).parent().unwrap_or(Path::new("")).to_owned()
    }

    /// The name of the file that a form stands in.
    pub(super) fn form_current_filename(&mut self, datum: &Datum) -> Expr {
        let kind = match self.sources.name(datum.span.file) {
            Some(name) => Kind::Text(name.into()),
            None => Kind::Boolean(false),
        };
        let span = datum.span;
        self.quoted(&Datum { kind, span })
    }

    /// `(include FILE)`: its forms, relative to the file that includes it.
    pub(super) fn included(&mut self, datum: &Datum) -> Expanded<Vec<Datum>> {
        let Some([_, name]) = datum.list() else {
            return Err(malformed(datum.span, "`include` takes the name of a file"));
        };
        let Kind::Text(name) = &name.kind else {
            return Err(malformed(name.span, "`include` takes a string"));
        };
        let path = self.directory(datum.span).join(&**name);
        let Some((file, text)) = self.read_source(&path, datum.span) else {
            return Ok(Vec::new());
        };
        let mut reader = Reader::new(&text, file, reader::NESTING_MAX);
        let mut data = Vec::new();
        loop {
            match reader.read() {
                Ok(Some(datum)) => data.push(datum),
                Ok(None) => return Ok(data),
                Err(error) => {
                    self.findings.push(unreadable(error));
                    return Ok(data);
                }
            }
        }
    }

    /// `(load FILE)` at top level: its forms are evaluated here and now.
    /// `relative`: to the file that says so.
    pub(super) fn load_now(&mut self, datum: &Datum, scope: &Rc<Scope>, relative: bool) {
        let Some(name) = datum.list().and_then(|items| items.get(1)) else {
            return;
        };
        let span = datum.span;
        let name = self.expr(name, scope);
        // What stands before may write the file.
        self.run_pending();
        if let Some(name) = self.text_now(name) {
            let path = if relative {
                self.directory(span).join(name)
            } else {
                PathBuf::from(name)
            };
            self.evaluate_file(&path, span);
        }
    }

    /// Tells whether a form is `(primitive-load FILE)`, to be done here and
    /// now.
    pub(super) fn is_primitive_load(&self, datum: &Datum, scope: &Scope) -> bool {
        let Some([head, _]) = datum.list() else {
            return false;
        };
        let binding = head.symbol().and_then(|name| scope.lookup(name));
        !self.nested
            && matches!(binding, Some(Binding::Library(global))
                if self.modules.is_evaluating(global, "primitive-load", &self.program))
    }

    /// `(load FILE)` where it is no form of the top level.
    pub(super) fn form_load(
        &mut self,
        datum: &Datum,
        rest: &[Datum],
        scope: &Rc<Scope>,
    ) -> Expanded<Expr> {
        let [name, ..] = rest else {
            return Err(malformed(datum.span, "`load` takes the name of a file"));
        };
        let name = self.expr(name, scope);
        let directory = self.directory_text(datum.span);
        Ok(self.library_call("%load", vec![name, directory], datum.span))
    }

    /// `load` as a value.
    pub(super) fn load_procedure(&mut self, datum: &Datum, scope: &Rc<Scope>) -> Expanded<Expr> {
        let span = datum.span;
        let symbol = |name: &str| Datum {
            kind: Kind::Symbol(name.into()),
            span,
        };
        let list = |items| Datum {
            kind: Kind::List(items),
            span,
        };
        let parameters = list(vec![symbol("file")]);
        let body = list(vec![datum.clone(), symbol("file")]);
        self.lambda(&parameters, &[body], span, scope)
    }

    fn directory_text(&mut self, span: Span) -> Expr {
        let name = self.directory(span).to_string_lossy().into_owned();
        let kind = Kind::Text(name.into());
        self.quoted(&Datum { kind, span })
    }

    /// Evaluates the forms of another file.
    pub(super) fn evaluate_file(&mut self, path: &Path, span: Span) {
        if self.files >= DEPTH_MAX {
            self.find(malformed(span, "files load each other without end"));
            return;
        }
        let Some((file, text)) = self.read_source(path, span) else {
            return;
        };
        let last = self.last;
        self.files = self.files.saturating_add(1);
        self.evaluate_text(file, &text, reader::NESTING_MAX);
        self.files = self.files.saturating_sub(1);
        self.last = last;
    }

    /// Reads a file; stops where that fails.
    fn read_source(&mut self, path: &Path, span: Span) -> Option<(u16, String)> {
        match read(path) {
            Ok(bytes) => match decode(&bytes) {
                Ok(text) => {
                    let text = text.into_owned();
                    let name = path.to_string_lossy();
                    // Whatever includes itself.
                    if self.sources.count(&name) < DEPTH_MAX as usize
                        && let Some(file) = self.sources.add(&name, &text)
                    {
                        self.sources.set_origin(file, span);
                        return Some((file, text));
                    }
                    self.find(malformed(span, "files load each other without end"));
                }
                Err(error) => {
                    let message = format!("{}: {}", path.display(), error.message);
                    let diagnostic = Diagnostic::error("encoding", message);
                    self.findings.push(Finding { diagnostic, span });
                }
            },
            Err(failure) => {
                self.modules.lack();
                self.end_with(Failure {
                    span: Some(span),
                    ..failure
                });
            }
        }
        None
    }
}

impl Expander {
    /// The forms of a file, then what is wrong with its text.
    pub(super) fn nested_forms(
        &mut self,
        path: &Path,
    ) -> Result<Vec<Result<Datum, Failure>>, Failure> {
        let bytes = read(path)?;
        let text = decode(&bytes).map_err(|error| {
            let message = format!("{}: {}", path.display(), error.message);
            Failure::new("encoding", message)
        })?;
        let file = self
            .sources
            .add(&path.to_string_lossy(), &text)
            .ok_or_else(|| Failure::new("too-large", "too many files"))?;
        let mut reader = Reader::new(&text, file, reader::NESTING_MAX);
        let mut forms = Vec::new();
        loop {
            match reader.read() {
                Ok(Some(datum)) => forms.push(Ok(datum)),
                Ok(None) => break,
                Err(error) => {
                    forms.push(Err(Failure {
                        span: Some(error.span),
                        help: error.help,
                        ..Failure::new("read", error.problem.to_string())
                    }));
                    break;
                }
            }
        }
        Ok(forms)
    }
}

/// The bytes of a file, which the result depends on.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    files::read(path).map_err(|error| {
        let errno = error.raw_os_error().unwrap_or(libc::EIO);
        let about = vec![text(path.to_string_lossy())];
        engine::explained(&system_error("open-file", errno, about))
    })
}
