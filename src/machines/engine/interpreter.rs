//! The interpreter itself: runs one unit of text after the other.

use std::cell::RefCell;
use std::collections::HashSet;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use steel::SteelVal;
use steel::steel_vm::builtin::BuiltInModule;
use steel::steel_vm::engine::Engine;
use steel::steel_vm::primitives;
use steel_parser::parser::SourceId;

use super::value::{constant, identical, is_pair, uncons, unset, unspecified};
use super::{EMITTED, Failure, Fault, NATIVE, NATIVES, SITE, Value, builtin, native_name, program};
use crate::machines::core::{Constant, Program, Text};
use crate::machines::datum::Datum;
use crate::machines::expand::base_name;
use crate::machines::source::Span;

/// What the engine knows by name.
#[derive(Default)]
struct Known {
    primitives: HashSet<&'static str>,
    constants: HashSet<u32>,
    globals: HashSet<u32>,
    /// The constants that are pairs.
    pairs: Vec<(u32, Value)>,
}

thread_local! {
    /// Values that forms hold which no datum can be.
    static OPAQUE: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
    static KNOWN: RefCell<Known> = RefCell::default();
    /// Each unit that was run, with a number below that of its text and above
    /// that of the text before.
    static UNITS: RefCell<Vec<(u32, Text)>> = const { RefCell::new(Vec::new()) };
}

impl Default for Interpreter {
    fn default() -> Self {
        Self::new()
    }
}

/// An engine for core programs.
pub struct Interpreter {
    // The destructor takes longer than a small file needs in all.
    engine: ManuallyDrop<Engine>,
    module: ManuallyDrop<BuiltInModule>,
}

impl Interpreter {
    /// An engine that knows nothing yet.
    pub fn new() -> Self {
        super::reset();
        KNOWN.take();
        OPAQUE.take();
        UNITS.take();
        let mut engine = Engine::new_raw_no_kernel();
        let module = primitives::prelude();
        // What the compiler itself emits, for rest arguments and the like.
        for (name, value) in module.inner_map().iter() {
            engine.register_value(&format!("#%prim.{name}"), value.clone());
        }
        NATIVES.with_borrow_mut(|natives| {
            if natives.is_empty() {
                for name in NATIVE.iter().chain(builtin::USED_NATIVES) {
                    if let Some(value) = module.try_get_ref(native_name(name)) {
                        natives.insert(name, value);
                    }
                }
            }
        });
        engine.register_value("unset", unset());
        Self {
            engine: ManuallyDrop::new(engine),
            module: ManuallyDrop::new(module),
        }
    }

    /// Makes known what a unit mentions.
    pub fn prepare(&mut self, program: &Program, text: &Text) -> Result<(), Failure> {
        let unset = unset();
        KNOWN.with_borrow_mut(|known| {
            for name in program.primitives.iter().chain(EMITTED) {
                if known.primitives.insert(name) {
                    let value = self.primitive(name)?;
                    self.engine.register_value(&format!("p.{name}"), value);
                }
            }
            for number in &text.constants {
                if known.constants.insert(*number)
                    && let Some(value) = program.constants.get(*number as usize)
                {
                    let value = constant(value)?;
                    if is_pair(&value) {
                        known.pairs.push((*number, value.clone()));
                    }
                    self.engine.register_value(&format!("k{number}"), value);
                }
            }
            for number in &text.globals {
                if known.globals.insert(*number) {
                    self.engine
                        .register_value(&format!("g{number}"), unset.clone());
                }
            }
            Ok(())
        })
    }

    fn primitive(&self, name: &str) -> Result<Value, Failure> {
        match ours(name) {
            Some(value) => Ok(value),
            None => self
                .module
                .try_get_ref(native_name(name))
                .ok_or_else(|| lacking(name)),
        }
    }

    /// Runs a unit; its value is that of the last form.
    pub fn run(&mut self, text: Text) -> Result<Value, Failure> {
        SITE.set(None);
        let code = enter_unit(text);
        match self.engine.run(code) {
            Ok(values) => Ok(values.into_iter().last().unwrap_or_else(unspecified)),
            Err(error) => Err(super::explain(&error)),
        }
    }
}

/// A procedure in Rust, or another value that Rust makes.
fn ours(name: &str) -> Option<Value> {
    builtin::function(name)
        .map(Value::FuncV)
        .or_else(|| builtin::value(name))
}

fn lacking(name: &str) -> Failure {
    Failure::new("internal", format!("the interpreter lacks `{name}`"))
}

/// Notes that a unit is run next; gives its text.
fn enter_unit(text: Text) -> String {
    let code = text.text.clone();
    UNITS.with_borrow_mut(|units| units.push((SourceId::fresh().0, text)));
    code
}

/// The place that an error comes from.
pub(super) fn origin(error: &Fault) -> Option<Span> {
    look_up(error.span()?, Text::origin)
}

/// The places of the calls that were not finished, the innermost first.
pub(super) fn frames(error: &Fault) -> Vec<Span> {
    let Some(trace) = error.stack_trace() else {
        return Vec::new();
    };
    let frames = trace.trace().iter().rev();
    frames
        .filter_map(|frame| look_up((*frame.span())?, Text::origin))
        .collect()
}

/// Looks where in a unit's text something happened.
fn look_up<R>(
    span: steel_parser::span::Span,
    look: impl FnOnce(&Text, u32, u32) -> Option<R>,
) -> Option<R> {
    if span.end() <= span.start() {
        return None;
    }
    let source = span.source_id()?.0;
    UNITS.with_borrow(|units| {
        let before = units.partition_point(|(number, _)| *number < source);
        let (_, text) = units.get(before.checked_sub(1)?)?;
        look(text, span.start(), span.end())
    })
}

/// The name of the procedure whose call has failed, if it is one of the top
/// level or of the library.
pub(super) fn called(error: &Fault) -> Option<String> {
    let number: u32 = look_up(error.span()?, |text, start, end| {
        // `gN`, or `(p.%site M gN)`.
        let operator = text.slice(start, end);
        let name = operator.trim_end_matches(')').rsplit(' ').next()?;
        name.strip_prefix('g')?.parse().ok()
    })?;
    let program = program();
    let global = program.globals.get(number as usize)?;
    Some(base_name(&global.name).to_owned())
}

/// A unit for the interpreter's own `eval-string`, while another is running:
/// nothing can be registered then, so the text defines what is new. Two texts,
/// because the compiler must not see a definition and its use together.
pub fn nested(program: &Program, text: Text) -> (Value, Value) {
    let mut definitions = String::new();
    let mut define = |name: &str, value: &str| {
        for part in ["(define ", name, " ", value, ")\n"] {
            definitions.push_str(part);
        }
    };
    KNOWN.with_borrow_mut(|known| {
        for name in &program.primitives {
            if known.primitives.insert(name) {
                define(&format!("p.{name}"), &format!("(p.%primitive \"{name}\")"));
            }
        }
        for number in &text.constants {
            if known.constants.insert(*number) {
                define(&format!("k{number}"), &format!("(p.%constant {number})"));
            }
        }
        for number in &text.globals {
            if known.globals.insert(*number) {
                define(&format!("g{number}"), "unset");
            }
        }
    });
    definitions.push_str("unset\n");
    let code = enter_unit(text);
    let native = |text: String| SteelVal::StringV(text.into());
    (native(definitions), native(code))
}

/// The procedure that a text made by [`nested`] asks for.
pub fn nested_primitive(name: &str) -> Result<Value, Failure> {
    match ours(name) {
        Some(value) => Ok(value),
        None => NATIVES
            .with_borrow(|natives| natives.get(name).cloned())
            .ok_or_else(|| lacking(name)),
    }
}

/// The constant that a text made by [`nested`] asks for.
pub fn nested_constant(number: usize) -> Result<Value, Failure> {
    match program().constants.get(number) {
        Some(value) => constant(value),
        None => Err(Failure::new("internal", "an unknown constant")),
    }
}

/// The datum that a value was quoted as, or is an item of.
pub fn quoted_datum(value: &Value) -> Option<Datum> {
    if !is_pair(value) {
        return None;
    }
    let program = program();
    KNOWN.with_borrow(|known| {
        known.pairs.iter().find_map(|(number, constant)| {
            let Some(Constant::Datum(datum)) = program.constants.get(*number as usize) else {
                return None;
            };
            if identical(value, constant) {
                return Some(datum.clone());
            }
            let mut rest = constant.clone();
            for item in datum.list()? {
                let (first, next) = uncons(&rest)?;
                if is_pair(&first) && identical(value, &first) {
                    return Some(item.clone());
                }
                rest = next;
            }
            None
        })
    })
}

/// The datum that a value was quoted as not long ago.
pub fn recently_quoted(value: &Value) -> Option<Datum> {
    const LAST: usize = 16;
    if !is_pair(value) {
        return None;
    }
    let program = program();
    KNOWN.with_borrow(|known| {
        let (number, _) = known
            .pairs
            .iter()
            .rev()
            .take(LAST)
            .find(|(_, constant)| identical(value, constant))?;
        match program.constants.get(*number as usize) {
            Some(Constant::Datum(datum)) => Some(datum.clone()),
            _ => None,
        }
    })
}

/// What begins the names of such values; Unicode has no such character.
const OPAQUE_MARK: char = '\u{10ffff}';

/// A name for a value that a form holds and that no datum can be.
pub fn opaque(value: &Value) -> Rc<str> {
    OPAQUE.with_borrow_mut(|values| {
        values.push(value.clone());
        format!("{OPAQUE_MARK}{}", values.len().saturating_sub(1)).into()
    })
}

/// The value that such a name stands for.
pub fn opaque_value(name: &str) -> Option<Value> {
    let number: usize = name.strip_prefix(OPAQUE_MARK)?.parse().ok()?;
    OPAQUE.with_borrow(|values| values.get(number).cloned())
}

/// A text of the interpreter's own.
pub fn native_text(value: &Value) -> Option<String> {
    match value {
        SteelVal::StringV(text) => Some(text.to_string()),
        _ => None,
    }
}
