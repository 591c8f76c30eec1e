//! Sets of characters.

use std::rc::Rc;

use super::super::arguments::Arguments;
use super::super::{Constants, Table};
use crate::machines::datum::{is_graphic, written_character};
use crate::machines::engine::{
    Answer, Fault, Value, View, boolean, character, foreign, from_list, integer, text, view,
    with_foreign,
};

/// A set of characters.
#[derive(Clone)]
pub enum Set {
    /// Ranges in order, ends included.
    Ranges(Rc<[(char, char)]>),
    /// Those that a test accepts.
    Class(fn(char) -> bool),
    /// Those of the first that are, or are not, in the second.
    Both(Rc<Set>, bool, Rc<Set>),
    /// Those of either.
    Either(Rc<Set>, Rc<Set>),
}

/// The sets that have names.
pub const VALUES: Constants = &[
    ("char-set:letter", || class(char::is_alphabetic)),
    ("char-set:lower-case", || class(char::is_lowercase)),
    ("char-set:upper-case", || class(char::is_uppercase)),
    ("char-set:title-case", || class(is_title_case)),
    ("char-set:digit", || class(is_digit)),
    ("char-set:letter+digit", || {
        class(|c| c.is_alphabetic() || is_digit(c))
    }),
    ("char-set:graphic", || class(is_graphic)),
    ("char-set:printing", || {
        class(|c| is_graphic(c) || c.is_whitespace())
    }),
    ("char-set:whitespace", || class(is_whitespace)),
    ("char-set:blank", || {
        class(|c| is_whitespace(c) && !matches!(c, '\n'..='\r' | '\u{2028}' | '\u{2029}'))
    }),
    ("char-set:iso-control", || class(char::is_control)),
    ("char-set:punctuation", || class(is_punctuation)),
    ("char-set:symbol", || class(is_symbol)),
    ("char-set:hex-digit", || class(|c| c.is_ascii_hexdigit())),
    ("char-set:ascii", || class(|c| c.is_ascii())),
    ("char-set:empty", || class(|_| false)),
    ("char-set:full", || class(|_| true)),
    ("char-set:designated", || class(|_| true)),
];

pub const TABLE: Table = &[
    ("char-set", |values| {
        let arguments = Arguments::at_least("char-set", values, 0)?;
        let chars: Result<Vec<char>, Fault> = (0..values.len())
            .map(|index| arguments.character(index))
            .collect();
        set(Set::of(chars?))
    }),
    ("list->char-set", list_to_set),
    ("string->char-set", string_to_set),
    ("->char-set", to_set),
    ("char-set?", |values| {
        let arguments = Arguments::exactly("char-set?", values, 1)?;
        Ok(boolean(is_set(arguments.value(0)?)))
    }),
    ("char-set-contains?", contains),
    ("char-set-size", size),
    ("char-set->list", to_list),
    ("char-set->string", to_string),
    ("char-set-union", |values| {
        combined("char-set-union", values, |a, b| {
            Set::Either(Rc::new(a), Rc::new(b))
        })
    }),
    ("char-set-intersection", |values| {
        combined("char-set-intersection", values, |a, b| {
            Set::Both(Rc::new(a), true, Rc::new(b))
        })
    }),
    ("char-set-difference", |values| {
        combined("char-set-difference", values, |a, b| {
            Set::Both(Rc::new(a), false, Rc::new(b))
        })
    }),
    ("char-set-complement", complement),
    ("char-set-adjoin", |values| {
        changed("char-set-adjoin", values, true)
    }),
    ("char-set-delete", |values| {
        changed("char-set-delete", values, false)
    }),
    ("char-set-copy", |values| {
        let arguments = Arguments::exactly("char-set-copy", values, 1)?;
        set(of(&arguments, 0)?)
    }),
    ("char-set=", |values| {
        related("char-set=", values, |a, b| a == b)
    }),
    ("char-set<=", |values| {
        related("char-set<=", values, |a, b| a.iter().all(|c| b.contains(c)))
    }),
    ("ucs-range->char-set", ucs_range),
];

impl Set {
    /// White space.
    pub fn whitespace() -> Self {
        Self::Class(is_whitespace)
    }

    /// What can be seen.
    pub fn graphic() -> Self {
        Self::Class(is_graphic)
    }

    /// These characters.
    pub fn of(mut chars: Vec<char>) -> Self {
        chars.sort_unstable();
        chars.dedup();
        let mut ranges: Vec<(char, char)> = Vec::new();
        for c in chars {
            match ranges.last_mut() {
                Some((_, end)) if u32::from(*end).checked_add(1) == Some(u32::from(c)) => *end = c,
                _ => ranges.push((c, c)),
            }
        }
        Self::Ranges(ranges.into())
    }

    /// Tells whether a character is in it.
    pub fn has(&self, c: char) -> bool {
        match self {
            Self::Ranges(ranges) => ranges
                .iter()
                .any(|(start, end)| (*start..=*end).contains(&c)),
            Self::Class(test) => test(c),
            Self::Both(a, wanted, b) => a.has(c) && b.has(c) == *wanted,
            Self::Either(a, b) => a.has(c) || b.has(c),
        }
    }

    fn is_listed(&self) -> bool {
        matches!(self, Self::Ranges(_))
    }

    fn depth(&self) -> usize {
        match self {
            Self::Ranges(_) | Self::Class(_) => 0,
            Self::Both(a, _, b) | Self::Either(a, b) => a.depth().max(b.depth()).saturating_add(1),
        }
    }

    /// All its characters.
    fn chars(&self) -> Vec<char> {
        match self {
            Self::Ranges(ranges) => ranges
                .iter()
                .flat_map(|(start, end)| *start..=*end)
                .collect(),
            Self::Either(a, b) if a.is_listed() && b.is_listed() => {
                let mut chars = a.chars();
                chars.extend(b.chars());
                chars
            }
            Self::Both(a, ..) if a.is_listed() => {
                a.chars().into_iter().filter(|c| self.has(*c)).collect()
            }
            _ => ('\0'..=char::MAX).filter(|c| self.has(*c)).collect(),
        }
    }

    /// As `write` gives it: not all ranges of a large one.
    pub fn written(&self) -> String {
        const SHOWN: usize = 60;
        let Self::Ranges(ranges) = Self::of(self.chars()) else {
            return String::new();
        };
        let mut parts: Vec<String> = ranges
            .iter()
            .take(SHOWN)
            .map(|(start, end)| {
                if start == end {
                    written_character(*start)
                } else {
                    format!("{}..{}", written_character(*start), written_character(*end))
                }
            })
            .collect();
        if ranges.len() > SHOWN {
            parts.push("...".into());
        }
        format!("#<charset {{{}}}>", parts.join(" "))
    }
}

fn is_whitespace(c: char) -> bool {
    c.is_whitespace() && c != '\u{85}'
}

fn is_title_case(c: char) -> bool {
    c.is_alphabetic()
        && !c.is_lowercase()
        && !c.is_uppercase()
        && c.to_lowercase().next() != Some(c)
}

fn is_punctuation(c: char) -> bool {
    (c.is_ascii_punctuation() && !is_symbol(c))
        || matches!(c, '¡' | '§' | '«' | '¶' | '·' | '»' | '¿' | '\u{2010}'..='\u{2027}'
            | '\u{2030}'..='\u{205e}' | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}')
}

fn is_symbol(c: char) -> bool {
    matches!(c, '$' | '+' | '<'..='>' | '^' | '`' | '|' | '~' | '¢'..='¦' | '¨' | '©' | '¬' | '®'..='±'
        | '´' | '¸' | '×' | '÷' | '\u{20a0}'..='\u{20bf}' | '\u{2190}'..='\u{23ff}'
        | '\u{2500}'..='\u{2767}' | '\u{1f300}'..='\u{1faff}')
}

/// The zeros of the scripts that have decimal digits (Unicode, category Nd);
/// the mathematical ones are five sets one after the other.
const ZEROS: &[u32] = &[
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
    0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50,
    0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// Tells whether a character is a decimal digit of any script.
pub(super) fn is_digit(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_digit();
    }
    let at = ZEROS.partition_point(|zero| *zero <= u32::from(c));
    at.checked_sub(1)
        .and_then(|at| ZEROS.get(at))
        .is_some_and(|zero| u32::from(c).wrapping_sub(*zero) < 10)
}

/// Sets that are made of others step by step do not become deep.
const DEPTH_MAX: usize = 16;

fn set(set: Set) -> Answer {
    let simple = match &set {
        Set::Either(a, b) | Set::Both(a, _, b) => a.is_listed() && b.is_listed(),
        _ => false,
    };
    foreign(if simple || set.depth() > DEPTH_MAX {
        Set::of(set.chars())
    } else {
        set
    })
}

fn class(test: fn(char) -> bool) -> Value {
    foreign(Set::Class(test)).unwrap_or_default()
}

fn is_set(value: &Value) -> bool {
    with_foreign(value, |_: &Set| ()).is_some()
}

fn of(arguments: &Arguments<'_>, index: usize) -> Result<Set, Fault> {
    with_foreign(arguments.value(index)?, Set::clone)
        .ok_or_else(|| arguments.wrong(index, "charset"))
}

/// The set that an optional argument adds to.
fn base(arguments: &Arguments<'_>, index: usize) -> Result<Vec<char>, Fault> {
    match arguments.optional(index) {
        Some(_) => of(arguments, index).map(|set| set.chars()),
        None => Ok(Vec::new()),
    }
}

fn list_to_set(values: &[Value]) -> Answer {
    let arguments = Arguments::between("list->char-set", values, 1, 2)?;
    let mut chars = base(&arguments, 1)?;
    for item in arguments.list(0)? {
        match view(&item) {
            View::Character(c) => chars.push(c),
            _ => return Err(arguments.wrong_plain(0)),
        }
    }
    set(Set::of(chars))
}

fn string_to_set(values: &[Value]) -> Answer {
    let arguments = Arguments::between("string->char-set", values, 1, 2)?;
    let mut chars = base(&arguments, 1)?;
    chars.extend(arguments.text(0)?.chars());
    set(Set::of(chars))
}

fn to_set(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("->char-set", values, 1)?;
    match view(arguments.value(0)?) {
        View::Character(c) => set(Set::of(vec![c])),
        View::Text(content) => set(Set::of(content.chars().collect())),
        _ => set(of(&arguments, 0)?),
    }
}

fn contains(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("char-set-contains?", values, 2)?;
    let found = of(&arguments, 0)?.has(arguments.character(1)?);
    Ok(boolean(found))
}

fn size(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("char-set-size", values, 1)?;
    let size = of(&arguments, 0)?.chars().len();
    Ok(integer(i64::try_from(size).unwrap_or(i64::MAX)))
}

fn to_list(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("char-set->list", values, 1)?;
    let chars = of(&arguments, 0)?.chars();
    Ok(from_list(chars.into_iter().map(character).collect()))
}

fn to_string(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("char-set->string", values, 1)?;
    let chars = of(&arguments, 0)?.chars();
    Ok(text(chars.into_iter().collect::<String>()))
}

fn combined(name: &'static str, values: &[Value], combine: fn(Set, Set) -> Set) -> Answer {
    let arguments = Arguments::at_least(name, values, 0)?;
    let mut result: Option<Set> = None;
    for index in 0..values.len() {
        let next = of(&arguments, index)?;
        result = Some(match result {
            Some(result) => combine(result, next),
            None => next,
        });
    }
    set(result.unwrap_or_else(|| Set::of(Vec::new())))
}

fn complement(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("char-set-complement", values, 1)?;
    let all = Rc::new(Set::Class(|_| true));
    set(Set::Both(all, false, Rc::new(of(&arguments, 0)?)))
}

fn changed(name: &'static str, values: &[Value], add: bool) -> Answer {
    let arguments = Arguments::at_least(name, values, 1)?;
    let first = of(&arguments, 0)?;
    let chars: Result<Vec<char>, Fault> = (1..values.len())
        .map(|index| arguments.character(index))
        .collect();
    let second = Rc::new(Set::of(chars?));
    set(if add {
        Set::Either(Rc::new(first), second)
    } else {
        Set::Both(Rc::new(first), false, second)
    })
}

fn related(name: &'static str, values: &[Value], holds: fn(&[char], &[char]) -> bool) -> Answer {
    let arguments = Arguments::at_least(name, values, 0)?;
    let mut sets = Vec::new();
    for index in 0..values.len() {
        sets.push(of(&arguments, index)?.chars());
    }
    Ok(boolean(sets.windows(2).all(|pair| match pair {
        [a, b] => holds(a, b),
        _ => true,
    })))
}

/// `(ucs-range->char-set START END)`
fn ucs_range(values: &[Value]) -> Answer {
    let arguments = Arguments::between("ucs-range->char-set", values, 2, 4)?;
    let bound = |index| {
        arguments
            .index(index)
            .map(|n| u32::try_from(n).unwrap_or(u32::MAX).min(0x11_0000))
    };
    let (start, end) = (bound(0)?, bound(1)?);
    set(Set::of((start..end).filter_map(char::from_u32).collect()))
}
