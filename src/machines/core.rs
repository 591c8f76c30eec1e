//! The core program: what the expander makes and the engine runs.
//!
//! A small language, because Steel is right about it where it is wrong about
//! more: `lambda`, `if`, `begin`, application, boxes, constants. Scope is
//! resolved, so the engine never sees a name that the file's author chose.

mod emit;
mod literal;
mod pattern;

use std::collections::BTreeSet;
use std::rc::Rc;

use super::datum::Datum;
use super::record::Field;
use super::source::Span;

pub use emit::{Text, emit};
pub use pattern::{Each, Matcher, Pattern};

/// The file of places in the library, which no source is.
pub const LIBRARY: u16 = u16::MAX;

/// Tells whether a place is in a file rather than the library.
pub fn is_of_the_file(span: Span) -> bool {
    span.file != LIBRARY && span.end > span.start
}

/// A program, and what of it is still to be run.
#[derive(Default)]
pub struct Program {
    /// Constants, by number; they never pass through the engine's compiler.
    pub constants: Vec<Constant>,
    /// Local variables, by number.
    pub locals: Vec<Local>,
    /// Variables of the file and procedures of the library, by number.
    pub globals: Vec<Global>,
    /// The `build-machine` forms, by number.
    pub records: Vec<RecordForm>,
    /// The patterns of `match`, by number.
    pub patterns: Vec<Matcher>,
    /// References that may find no value, by number.
    pub references: Vec<Reference>,
    /// How procedures with optional and keyword parameters take their
    /// arguments, by number.
    pub signatures: Vec<Signature>,
    /// Least and greatest number of arguments of the clauses of each
    /// `case-lambda`, by number.
    pub cases: Vec<Vec<Counts>>,
    /// Calls of the library's procedures by the file, by number.
    pub sites: Vec<Span>,
    /// Primitives that occur.
    pub primitives: BTreeSet<&'static str>,
    /// Definitions of the library that are reached and to be run: global,
    /// value.
    pub library: Vec<(u32, Expr)>,
    /// Variables of the file that begin with the value of a name of the core.
    pub initial: Vec<(u32, Expr)>,
    /// The top-level forms that are to be run, in their order.
    pub forms: Vec<Expr>,
}

/// A constant.
pub enum Constant {
    /// A datum of the file.
    Datum(Datum),
    /// Guile's unspecified value.
    Unspecified,
    /// The mark of a variable that has no value yet.
    Unset,
}

/// A local variable.
#[derive(Default)]
pub struct Local {
    /// It is assigned somewhere, or defined recursively: it lives in a box.
    pub assigned: bool,
    /// It is mentioned somewhere.
    pub referenced: bool,
    /// A reference expanded now may come before its value.
    pub pending: bool,
}

/// A variable of the file or a procedure of the library.
pub struct Global {
    /// Its name, for messages.
    pub name: Rc<str>,
    /// A reference expanded now may come before its value.
    pub pending: bool,
}

/// A reference that may find no value.
pub struct Reference {
    /// The name.
    pub name: Rc<str>,
    /// Where it stands.
    pub span: Span,
    /// Nothing binds the name at all.
    pub unbound: bool,
}

/// The least and the greatest number of arguments; without a greatest any.
pub type Counts = (usize, Option<usize>);

/// How a procedure takes its arguments.
pub struct Signature {
    /// How many must be there.
    pub required: usize,
    /// How many may follow.
    pub optional: usize,
    /// All others are given as a list.
    pub rest: bool,
    /// The keywords that it knows.
    pub keywords: Vec<Rc<str>>,
    /// It ignores other keywords.
    pub allow_others: bool,
}

/// A `build-machine` form.
pub struct RecordForm {
    /// The form.
    pub span: Span,
    /// Its fields as written.
    pub fields: Vec<FieldForm>,
    /// The argument that holds the machine to inherit from, and its place.
    pub inherit: Option<(u32, Span)>,
}

/// A field of a `build-machine` form.
pub struct FieldForm {
    /// Which field.
    pub field: Field,
    /// Where its value stands.
    pub span: Span,
    /// Where its value comes from.
    pub value: FieldSource,
}

/// Where a field's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldSource {
    /// A constant.
    Constant(u32),
    /// An argument of the call that makes the machine.
    Argument(u32),
}

/// An expression with the place that it comes from.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it comes from.
    pub span: Span,
}

/// What an expression is.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A constant.
    Constant(u32),
    /// The value of a local variable; with a check that it has one.
    Local(u32, Option<u32>),
    /// The value of a global variable; with a check that it has one.
    Global(u32, Option<u32>),
    /// A procedure in Rust.
    Primitive(&'static str),
    /// A name that nothing binds.
    Unbound(u32),
    /// A procedure of the library where the file calls it: number of the
    /// site.
    Site(u32, Box<Expr>),
    /// A choice.
    If(Box<[Expr; 3]>),
    /// A procedure: parameters, rest parameter, body.
    Lambda(Vec<u32>, Option<u32>, Box<Expr>),
    /// A procedure whose arguments are taken apart first: the number of its
    /// signature, the procedure that takes what is made of them.
    Taking(u32, Box<Expr>),
    /// A procedure that calls the one of these that takes so many arguments:
    /// number of the counts, procedures.
    Choosing(u32, Vec<Expr>),
    /// A call.
    Call(Box<Expr>, Vec<Expr>),
    /// Variables bound to values all at once.
    Let(Vec<(u32, Expr)>, Box<Expr>),
    /// Variables without a value yet; the body assigns them.
    Letrec(Vec<u32>, Box<Expr>),
    /// An assignment.
    SetLocal(u32, Box<Expr>),
    /// An assignment.
    SetGlobal(u32, Box<Expr>),
    /// One after the other.
    Sequence(Vec<Expr>),
    /// A build machine: number of the form, arguments.
    Machine(u32, Vec<Expr>),
}

impl Program {
    /// Takes a constant in.
    pub fn constant(&mut self, constant: Constant) -> u32 {
        self.constants.push(constant);
        last_index(self.constants.len())
    }

    /// A new local variable.
    pub fn local(&mut self) -> u32 {
        self.locals.push(Local::default());
        last_index(self.locals.len())
    }

    /// A new global variable.
    pub fn global(&mut self, name: Rc<str>, pending: bool) -> u32 {
        self.globals.push(Global { name, pending });
        last_index(self.globals.len())
    }

    /// A reference to be checked when it is reached.
    pub fn reference(&mut self, name: Rc<str>, span: Span, unbound: bool) -> u32 {
        self.references.push(Reference {
            name,
            span,
            unbound,
        });
        last_index(self.references.len())
    }

    /// Takes a `build-machine` form in.
    pub fn record(&mut self, form: RecordForm) -> u32 {
        self.records.push(form);
        last_index(self.records.len())
    }

    /// Takes a pattern in.
    pub fn pattern(&mut self, matcher: Matcher) -> u32 {
        self.patterns.push(matcher);
        last_index(self.patterns.len())
    }

    /// Takes a signature in.
    pub fn signature(&mut self, signature: Signature) -> u32 {
        self.signatures.push(signature);
        last_index(self.signatures.len())
    }

    /// Takes the counts of a `case-lambda` in.
    pub fn cases(&mut self, counts: Vec<Counts>) -> u32 {
        self.cases.push(counts);
        last_index(self.cases.len())
    }

    /// Notes a call of the library.
    pub fn site(&mut self, span: Span) -> u32 {
        self.sites.push(span);
        last_index(self.sites.len())
    }

    /// A local variable's properties.
    pub fn local_mut(&mut self, local: u32) -> Option<&mut Local> {
        self.locals.get_mut(local as usize)
    }

    /// A global variable's properties.
    pub fn global_mut(&mut self, global: u32) -> Option<&mut Global> {
        self.globals.get_mut(global as usize)
    }

    /// Marks a local variable as assigned.
    pub fn assign(&mut self, local: u32) {
        if let Some(local) = self.local_mut(local) {
            local.assigned = true;
        }
    }

    fn is_boxed(&self, local: u32) -> bool {
        self.locals
            .get(local as usize)
            .is_some_and(|local| local.assigned)
    }
}

/// The texts are shorter than 4 GiB, so there are fewer things than that.
fn last_index(len: usize) -> u32 {
    u32::try_from(len.saturating_sub(1)).unwrap_or(u32::MAX)
}
