//! `eval` and `load`: what is expanded while the file runs.
//!
//! A procedure in Rust cannot run anything, so it gives texts for the
//! interpreter's own `eval-string` (`scheme/guile/evaluation.scm`).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::Path;

use super::Table;
use super::arguments::Arguments;
use crate::machines::core::LIBRARY;
use crate::machines::datum::{Datum, Kind};
use crate::machines::engine::{
    self, Answer, Failure, Fault, Value, View, boolean, fault, foreign, pair, uncons, view,
    with_foreign,
};
use crate::machines::expand::{has_module, import_module, is_defined, nested, nested_file};
use crate::machines::source::Span;

pub(super) const TABLE: Table = &[
    ("%constant", constant),
    ("%eval-prepare", eval_prepare),
    ("%load-open", load_open),
    ("%load-next", load_next),
    ("%primitive", primitive),
    ("%module-define", module_define),
    ("current-module", module),
    ("interaction-environment", module),
    ("module?", |values| {
        Ok(boolean(values.first().is_some_and(is_module)))
    }),
    ("%module-defined?", |values| {
        let arguments = Arguments::exactly("module-defined?", values, 2)?;
        defined(arguments.value(0)?, arguments.value(1)?)
    }),
    ("module-name", module_name),
    ("%module-use!", module_use),
    ("resolve-interface", |values| {
        resolve("resolve-interface", values)
    }),
    ("resolve-module", |values| resolve("resolve-module", values)),
    ("set-current-module", |values| {
        Arguments::exactly("set-current-module", values, 1)?;
        foreign(Module(None))
    }),
];

/// The place of what stands in no file.
pub const NOWHERE: Span = Span {
    file: LIBRARY,
    start: 0,
    end: 0,
};

/// Data nested deeper than this is not evaluated.
const DEPTH_MAX: usize = 1_000;

/// Nor is a longer list.
const LENGTH_MAX: usize = 1_000_000;

/// A module by its name; without: the one that the file is evaluated in.
struct Module(Option<Datum>);

fn module(values: &[Value]) -> Answer {
    Arguments::exactly("current-module", values, 0)?;
    foreign(Module(None))
}

fn is_module(value: &Value) -> bool {
    with_foreign(value, |_: &Module| ()).is_some()
}

/// The name of another module than the file's own.
fn named(value: &Value) -> Option<Datum> {
    with_foreign(value, |module: &Module| module.0.clone()).flatten()
}

/// `(resolve-module NAME …)`
fn resolve(name: &'static str, values: &[Value]) -> Answer {
    let arguments = Arguments::at_least(name, values, 1)?;
    let module = arguments.value(0)?;
    let datum = datum_at(module, NOWHERE, DEPTH_MAX)?;
    if has_module(&datum).map_err(fault)? {
        return foreign(Module(Some(datum)));
    }
    Err(engine::raise::misc_error(
        "",
        "no code for module ~S",
        vec![module.clone()],
    ))
}

fn module_name(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("module-name", values, 1)?;
    Ok(match named(arguments.value(0)?) {
        Some(name) => engine::from_datum(&name),
        None => engine::from_list(vec![engine::symbol("guile-user")]),
    })
}

/// `(module-use! MODULE INTERFACE)`
fn module_use(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("module-use!", values, 2)?;
    if let Some(name) = named(arguments.value(1)?) {
        import_module(&name).map_err(fault)?;
    }
    Ok(engine::unspecified())
}

fn defined(module: &Value, name: &Value) -> Answer {
    let View::Symbol(symbol) = view(name) else {
        return Err(engine::raise::wrong_type_arg("defined?", 1, name));
    };
    let module = named(module);
    is_defined(symbol, module.as_ref())
        .map(boolean)
        .map_err(fault)
}

/// `(%module-define NAME VALUE)`: the form that defines it.
fn module_define(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("module-define!", values, 2)?;
    let kind = |name: &str| Kind::Symbol(name.into());
    let parts = [
        kind("define"),
        datum_at(arguments.value(0)?, NOWHERE, DEPTH_MAX)?.kind,
        Kind::Symbol(engine::opaque(arguments.value(1)?)),
    ];
    let span = NOWHERE;
    let form = parts.map(|kind| Datum { kind, span }).to_vec();
    texts(
        &Datum {
            kind: Kind::List(form),
            span,
        },
        None,
    )
}

/// `(%primitive NAME)`, for the texts made here.
fn primitive(values: &[Value]) -> Answer {
    match values.first().map(engine::native_text) {
        Some(Some(name)) => engine::nested_primitive(&name).map_err(fault),
        _ => Err(fault(Failure::new("internal", "this is no name"))),
    }
}

/// `(%constant NUMBER)`, for the texts made here.
fn constant(values: &[Value]) -> Answer {
    let number = Arguments::exactly("%constant", values, 1)?.index(0)?;
    engine::nested_constant(number).map_err(fault)
}

/// `(%eval-prepare FORM MODULE)`: two texts.
fn eval_prepare(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("eval", values, 2)?;
    let module = arguments.value(1)?;
    if !is_module(module) {
        return Err(engine::raise::wrong_type_saying(
            "eval",
            "Wrong type argument in position 2 (expecting module): ~S",
            module,
        ));
    }
    let datum = datum_of(arguments.value(0)?)?;
    texts(&datum, named(module).as_ref())
}

fn texts(datum: &Datum, module: Option<&Datum>) -> Answer {
    let (definitions, code) = nested(datum, module).map_err(fault)?;
    Ok(pair(definitions, code))
}

/// The forms of a file that is being loaded.
struct Loading(RefCell<VecDeque<Result<Datum, Failure>>>);

/// `(%load-open NAME DIRECTORY)`: relative to the directory, unless that is
/// `#f`.
fn load_open(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("load", values, 2)?;
    let name = arguments.text(0)?;
    let path = match view(arguments.value(1)?) {
        View::Text(directory) => Path::new(&*directory).join(&*name),
        _ => Path::new(&*name).to_owned(),
    };
    let forms = nested_file(&path).map_err(fault)?;
    foreign(Loading(RefCell::new(forms.into())))
}

/// `(%load-next LOADING)`: two texts for the next form, or `#f`.
fn load_next(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("load", values, 1)?;
    let next = with_foreign(arguments.value(0)?, |loading: &Loading| {
        loading.0.borrow_mut().pop_front()
    });
    match next.flatten() {
        Some(Ok(datum)) => texts(&datum, None),
        Some(Err(failure)) => Err(fault(failure)),
        None => Ok(boolean(false)),
    }
}

/// A value as a form. What is quoted in the file has its place there.
fn datum_of(value: &Value) -> Result<Datum, Fault> {
    match engine::quoted_datum(value) {
        Some(datum) => Ok(datum),
        None => datum_at(value, NOWHERE, DEPTH_MAX),
    }
}

/// What a macro gave, as a form: what it took from its use keeps its place.
pub fn datum_of_macro(value: &Value, span: Span) -> Result<Datum, Fault> {
    datum(value, span, DEPTH_MAX, true)
}

/// A value as a datum that stands here.
pub fn datum_at(value: &Value, span: Span, depth: usize) -> Result<Datum, Fault> {
    datum(value, span, depth, false)
}

fn datum(value: &Value, span: Span, depth: usize, places: bool) -> Result<Datum, Fault> {
    if places && let Some(quoted) = engine::recently_quoted(value) {
        return Ok(quoted);
    }
    if let Some(syntax) = super::syntax::syntax_datum(value) {
        return Ok(syntax);
    }
    let Some(deeper) = depth.checked_sub(1) else {
        return Err(too_large());
    };
    let kind = match view(value) {
        View::Boolean(b) => Kind::Boolean(b),
        View::Number(_) | View::Integer(_) | View::Real(_) => {
            let written = engine::written_number(value).unwrap_or_default();
            match crate::machines::reader::number::parse(&written, 10) {
                Some(Ok(number)) => Kind::Number(number),
                _ => Kind::Symbol(engine::opaque(value)),
            }
        }
        View::Character(c) => Kind::Character(c),
        View::Text(text) => Kind::Text((*text).into()),
        View::Symbol(name) => Kind::Symbol((*name).into()),
        View::Keyword(name) => Kind::Keyword((*name).into()),
        View::Empty => Kind::List(Vec::new()),
        View::Pair => list_kind(value, span, deeper, places)?,
        View::Vector => Kind::Vector(
            engine::vector_items(value)
                .unwrap_or_default()
                .iter()
                .map(|item| datum(item, span, deeper, places))
                .collect::<Result<_, _>>()?,
        ),
        _ => Kind::Symbol(engine::opaque(value)),
    };
    Ok(Datum { kind, span })
}

fn list_kind(value: &Value, span: Span, depth: usize, places: bool) -> Result<Kind, Fault> {
    let mut items = Vec::new();
    let mut rest = value.clone();
    while let Some((first, next)) = uncons(&rest) {
        if items.len() >= LENGTH_MAX {
            return Err(too_large());
        }
        items.push(datum(&first, span, depth, places)?);
        rest = next;
    }
    Ok(match view(&rest) {
        View::Empty => Kind::List(items),
        _ => Kind::Dotted(items, Box::new(datum(&rest, span, depth, places)?)),
    })
}

fn too_large() -> Fault {
    fault(Failure::new(
        "syntax",
        "this is nested too deep, or too long, to be evaluated",
    ))
}
