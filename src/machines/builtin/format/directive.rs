//! What each directive does.

use num_traits::{One as _, Signed as _};

use super::super::print::{displayed, written};
use super::numbers::sign;
use super::parameters::Parameters;
use super::parse::{Directive, Node, Parameter, parse};
use super::{english, items, wrong};
use crate::machines::engine::{Fault, Number, Value, View, number, view};

/// More output than this nobody reads.
const LENGTH_MAX: usize = 64 << 20;
/// More levels than this nobody writes.
const DEPTH_MAX: usize = 200;
/// Nor is padding of more meant.
const WIDTH_MAX: i64 = 1 << 20;

/// How letters are changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Lower,
    Upper,
    /// Each word.
    Words,
    /// The first letter.
    First,
}

/// Whether to go on after a directive.
#[derive(PartialEq, Eq)]
enum Flow {
    Go,
    /// `~^`
    Stop,
}

/// The text so far and the arguments.
pub struct State<'a> {
    out: String,
    column: usize,
    values: &'a [Value],
    pub(super) at: usize,
    case: Option<Case>,
    depth: usize,
}

impl<'a> State<'a> {
    /// With these arguments, on a line that is at this column.
    pub fn new(values: &'a [Value], column: usize) -> Self {
        Self {
            out: String::new(),
            column,
            values,
            at: 0,
            case: None,
            depth: 0,
        }
    }

    /// The text.
    pub fn finish(self) -> String {
        self.out
    }

    /// The whole control string.
    pub fn all(&mut self, nodes: &[Node]) -> Result<(), Fault> {
        self.nodes(nodes).map(|_| ())
    }

    fn nodes(&mut self, nodes: &[Node]) -> Result<Flow, Fault> {
        for node in nodes {
            let flow = match node {
                Node::Literal(text) => {
                    self.literal(text);
                    Flow::Go
                }
                Node::Directive(directive) => self.directive(directive)?,
                Node::Iteration(directive, body) => self.iteration(directive, body)?,
                Node::Conditional(directive, clauses, otherwise) => {
                    self.conditional(directive, clauses, *otherwise)?
                }
                Node::Case(directive, body) => self.changed(directive, body)?,
            };
            if flow == Flow::Stop {
                return Ok(Flow::Stop);
            }
            if self.out.len() > LENGTH_MAX {
                return Err(wrong());
            }
        }
        Ok(Flow::Go)
    }

    /// Characters of the control string, which Guile changes one by one.
    fn literal(&mut self, text: &str) {
        if self.case.is_none() {
            self.out.push_str(text);
            return;
        }
        for c in text.chars() {
            self.put(&c.to_string());
        }
    }

    pub(super) fn put(&mut self, text: &str) {
        match self.case {
            None => self.out.push_str(text),
            Some(Case::Lower) => self.out.push_str(&text.to_lowercase()),
            Some(Case::Upper) => self.out.push_str(&text.to_uppercase()),
            Some(which) => {
                let mut inside = false;
                for c in text.chars() {
                    if inside {
                        self.out.extend(c.to_lowercase());
                    } else {
                        self.out.extend(c.to_uppercase());
                    }
                    inside = match which {
                        Case::Words => c.is_alphanumeric(),
                        _ => inside || c.is_alphabetic(),
                    };
                }
            }
        }
    }

    pub(super) fn repeat(&mut self, c: char, count: i64) {
        let count = usize::try_from(count.clamp(0, WIDTH_MAX)).unwrap_or(0);
        self.out.extend(std::iter::repeat_n(c, count));
    }

    /// How far the last line goes.
    fn column(&self) -> i64 {
        let column = match self.out.rsplit_once('\n') {
            Some((_, last)) => last.chars().count(),
            None => self.column.saturating_add(self.out.chars().count()),
        };
        i64::try_from(column).unwrap_or(i64::MAX)
    }

    pub(super) fn next(&mut self) -> Result<Value, Fault> {
        let value = self.values.get(self.at).cloned().ok_or_else(wrong)?;
        self.at = self.at.saturating_add(1);
        Ok(value)
    }

    fn left(&self) -> usize {
        self.values.len().saturating_sub(self.at)
    }

    /// A directive's parameters with those that come from arguments put in.
    fn parameters(&mut self, directive: &Directive) -> Result<Vec<Parameter>, Fault> {
        let mut all = Vec::new();
        for parameter in &directive.parameters {
            all.push(match parameter {
                Parameter::Argument => match view(&self.next()?) {
                    View::Integer(n) => Parameter::Number(n),
                    View::Character(c) => Parameter::Character(c),
                    View::Boolean(false) => Parameter::Missing,
                    _ => return Err(wrong()),
                },
                Parameter::Left => {
                    Parameter::Number(i64::try_from(self.left()).unwrap_or(i64::MAX))
                }
                other => *other,
            });
        }
        Ok(all)
    }

    fn directive(&mut self, directive: &Directive) -> Result<Flow, Fault> {
        let parameters = Parameters(self.parameters(directive)?);
        match directive.letter {
            'a' => self.object(directive, &parameters, displayed)?,
            's' => self.object(directive, &parameters, written)?,
            'd' => self.whole(directive, &parameters, 10, 0)?,
            'b' => self.whole(directive, &parameters, 2, 0)?,
            'o' => self.whole(directive, &parameters, 8, 0)?,
            'x' => self.whole(directive, &parameters, 16, 0)?,
            'r' => self.radix(directive, &parameters)?,
            'c' => self.character(directive)?,
            'p' => self.plural(directive)?,
            'f' => self.fixed(directive, &parameters)?,
            'e' => self.exponential(directive, &parameters)?,
            'g' => self.general(directive, &parameters)?,
            '$' => self.money(directive, &parameters)?,
            'i' => self.complex()?,
            '%' | 'n' if directive.letter == '%' => self.repeat('\n', parameters.count(0, 1)?),
            '&' => {
                let count = parameters.count(0, 1)?;
                let fresh = i64::from(self.column() > 0 && count > 0);
                self.repeat('\n', count.saturating_sub(1).max(0).saturating_add(fresh));
            }
            '~' => self.repeat('~', parameters.count(0, 1)?),
            '|' => self.repeat('\u{c}', parameters.count(0, 1)?),
            '_' => self.repeat(' ', parameters.count(0, 1)?),
            '/' => self.repeat('\t', parameters.count(0, 1)?),
            't' => self.tabulate(directive, &parameters)?,
            '*' => self.go_to(directive, &parameters)?,
            '?' | 'k' => self.indirect(directive)?,
            'y' => {
                let value = self.next()?;
                self.put(&format!("{}\n", written(&value)));
            }
            '!' => {}
            'q' => self.put("format\n"),
            '^' => return Ok(self.escape(&parameters)),
            _ => return Err(wrong()),
        }
        Ok(Flow::Go)
    }

    /// Pads to `mincol` by steps of `colinc`, at least `minpad`.
    fn object(
        &mut self,
        directive: &Directive,
        parameters: &Parameters,
        print: fn(&Value) -> String,
    ) -> Result<(), Fault> {
        let text = print(&self.next()?);
        if parameters.0.is_empty() {
            self.put(&text);
            return Ok(());
        }
        let width = parameters.count(0, 0)?;
        let step = parameters.count(1, 1)?.max(1);
        let mut padding = parameters.count(2, 0)?;
        let fill = parameters.character(3, ' ');
        let length = length(&text);
        while length.saturating_add(padding) < width {
            padding = padding.saturating_add(step);
        }
        if directive.at {
            self.repeat(fill, padding);
            self.put(&text);
        } else {
            self.put(&text);
            self.repeat(fill, padding);
        }
        Ok(())
    }

    /// `~mincol,padchar,commachar,commawidthD`, the parameters from `first` on.
    fn whole(
        &mut self,
        directive: &Directive,
        parameters: &Parameters,
        radix: u32,
        first: usize,
    ) -> Result<(), Fault> {
        let n = number(&self.next()?)
            .and_then(|n| n.to_big())
            .ok_or_else(wrong)?;
        let mut digits = n.abs().to_str_radix(radix);
        if directive.colon {
            let comma = parameters.character(first.saturating_add(2), ',');
            let group = parameters.count(first.saturating_add(3), 3)?.max(1);
            digits = grouped(&digits, comma, usize::try_from(group).unwrap_or(3));
        }
        let text = format!("{}{digits}", sign(n.is_negative(), directive.at));
        let width = parameters.count(first, 0)?;
        let fill = parameters.character(first.saturating_add(1), ' ');
        self.repeat(fill, width.saturating_sub(length(&text)));
        self.put(&text);
        Ok(())
    }

    fn radix(&mut self, directive: &Directive, parameters: &Parameters) -> Result<(), Fault> {
        if let Some(radix) = parameters.number(0) {
            let radix = u32::try_from(radix)
                .ok()
                .filter(|radix| (2..=36).contains(radix))
                .ok_or_else(wrong)?;
            return self.whole(directive, parameters, radix, 1);
        }
        let n = number(&self.next()?)
            .and_then(|n| n.to_big())
            .ok_or_else(wrong)?;
        let words = match (directive.at, directive.colon) {
            (true, old) => english::roman(&n, old),
            (false, true) => english::ordinal(&n),
            (false, false) => english::cardinal(&n),
        };
        self.put(&words.ok_or_else(wrong)?);
        Ok(())
    }

    fn character(&mut self, directive: &Directive) -> Result<(), Fault> {
        let value = self.next()?;
        let View::Character(c) = view(&value) else {
            return Err(wrong());
        };
        let text = match u32::from(c) {
            _ if directive.at => written(&value),
            code @ 0..=31 if directive.colon => {
                let letter = char::from_u32(code.saturating_add(64)).unwrap_or('?');
                format!("^{letter}")
            }
            code @ 127.. if directive.colon => format!("#\\{code:o}"),
            _ => c.to_string(),
        };
        self.put(&text);
        Ok(())
    }

    fn plural(&mut self, directive: &Directive) -> Result<(), Fault> {
        if directive.colon {
            self.at = self.at.checked_sub(1).ok_or_else(wrong)?;
        }
        let n = number(&self.next()?).ok_or_else(wrong)?;
        let one = match n {
            Number::Real(x) => (x - 1.0).abs() == 0.0,
            exact => exact.to_big().is_some_and(|n| n.is_one()),
        };
        self.put(match (directive.at, one) {
            (true, true) => "y",
            (true, false) => "ies",
            (false, true) => "",
            (false, false) => "s",
        });
        Ok(())
    }

    /// A real number as a complex one, the others are not supported.
    fn complex(&mut self) -> Result<(), Fault> {
        let n = number(&self.next()?).ok_or_else(wrong)?;
        let text = format!("{}+0.0i", crate::machines::datum::written_real(n.to_real()));
        self.put(&text);
        Ok(())
    }

    fn tabulate(&mut self, directive: &Directive, parameters: &Parameters) -> Result<(), Fault> {
        let column = self.column();
        let wanted = parameters.count(0, 1)?;
        let step = parameters.count(1, i64::from(directive.at))?;
        if directive.at {
            self.repeat(' ', wanted);
            let column = column.saturating_add(wanted);
            if let Some(over) = column.checked_rem(step)
                && over > 0
            {
                self.repeat(' ', step.saturating_sub(over));
            }
            return Ok(());
        }
        if column < wanted {
            self.repeat(' ', wanted.saturating_sub(column));
        } else if step > 0 {
            let over = column.saturating_sub(wanted).checked_rem(step).unwrap_or(0);
            self.repeat(' ', step.saturating_sub(over));
        }
        Ok(())
    }

    fn go_to(&mut self, directive: &Directive, parameters: &Parameters) -> Result<(), Fault> {
        let count = parameters.number(0);
        let at = i64::try_from(self.at).map_err(|_| wrong())?;
        let at = match (directive.at, directive.colon) {
            (true, _) => count.unwrap_or(0),
            (false, true) => at.saturating_sub(count.unwrap_or(1)),
            (false, false) => at.saturating_add(count.unwrap_or(1)),
        };
        self.at = usize::try_from(at)
            .ok()
            .filter(|at| *at <= self.values.len())
            .ok_or_else(wrong)?;
        Ok(())
    }

    /// Another control string, with arguments of its own or from these.
    fn indirect(&mut self, directive: &Directive) -> Result<(), Fault> {
        let View::Text(control) = view(&self.next()?) else {
            return Err(wrong());
        };
        let nodes = parse(&control)?;
        if directive.at {
            self.depth = self.depth.saturating_add(1);
            if self.depth > DEPTH_MAX {
                return Err(wrong());
            }
            self.nodes(&nodes)?;
            self.depth = self.depth.saturating_sub(1);
            return Ok(());
        }
        let values = items(&self.next()?)?;
        self.with_values(&values, &nodes).map(|_| ())
    }

    /// Runs a body with other arguments.
    fn with_values(&mut self, values: &[Value], nodes: &[Node]) -> Result<(Flow, usize), Fault> {
        let mut inner = State {
            out: std::mem::take(&mut self.out),
            column: self.column,
            values,
            at: 0,
            case: self.case,
            depth: self.depth.saturating_add(1),
        };
        if inner.depth > DEPTH_MAX {
            return Err(wrong());
        }
        let flow = inner.nodes(nodes);
        self.out = std::mem::take(&mut inner.out);
        Ok((flow?, inner.at))
    }

    fn iteration(&mut self, directive: &Directive, body: &[Node]) -> Result<Flow, Fault> {
        let parameters = Parameters(self.parameters(directive)?);
        let limit = parameters.size(0)?.unwrap_or(i64::MAX);
        let own;
        let body = if body.is_empty() {
            let View::Text(control) = view(&self.next()?) else {
                return Err(wrong());
            };
            own = parse(&control)?;
            &own
        } else {
            body
        };
        let values = if directive.at {
            let rest = self.values.get(self.at..).unwrap_or_default().to_vec();
            self.at = self.values.len();
            rest
        } else {
            items(&self.next()?)?
        };
        if directive.colon {
            for value in values.iter().zip(0..limit).map(|(value, _)| value) {
                self.with_values(&items(value)?, body)?;
            }
            return Ok(Flow::Go);
        }
        let mut at = 0;
        let mut round = 0;
        while at < values.len() && round < limit {
            let rest = values.get(at..).unwrap_or_default();
            let (flow, used) = self.with_values(rest, body)?;
            // A body that takes nothing would go on for ever.
            if flow == Flow::Stop || self.out.len() > LENGTH_MAX || used == 0 && limit == i64::MAX {
                break;
            }
            at = at.saturating_add(used);
            round = round.saturating_add(1);
        }
        Ok(Flow::Go)
    }

    fn conditional(
        &mut self,
        directive: &Directive,
        clauses: &[Vec<Node>],
        otherwise: bool,
    ) -> Result<Flow, Fault> {
        let parameters = Parameters(self.parameters(directive)?);
        if directive.at {
            let before = self.at;
            if matches!(view(&self.next()?), View::Boolean(false)) {
                return Ok(Flow::Go);
            }
            self.at = before;
            return match clauses.first() {
                Some(clause) => self.nodes(clause),
                None => Ok(Flow::Go),
            };
        }
        let index = if directive.colon {
            let truth = !matches!(view(&self.next()?), View::Boolean(false));
            i64::from(truth)
        } else {
            match parameters.number(0) {
                Some(n) => n,
                None => match view(&self.next()?) {
                    View::Integer(n) if n >= 0 => n,
                    _ => return Err(wrong()),
                },
            }
        };
        let clause = usize::try_from(index)
            .ok()
            .and_then(|index| clauses.get(index));
        match clause.or_else(|| clauses.last().filter(|_| otherwise)) {
            Some(clause) => self.nodes(clause),
            None => Ok(Flow::Go),
        }
    }

    fn changed(&mut self, directive: &Directive, body: &[Node]) -> Result<Flow, Fault> {
        let before = self.case;
        self.case = Some(match (directive.colon, directive.at) {
            (false, false) => Case::Lower,
            (true, false) => Case::Words,
            (false, true) => Case::First,
            (true, true) => Case::Upper,
        });
        let flow = self.nodes(body);
        self.case = before;
        flow
    }

    fn escape(&self, parameters: &Parameters) -> Flow {
        let stop = match (
            parameters.number(0),
            parameters.number(1),
            parameters.number(2),
        ) {
            (None, ..) => self.left() == 0,
            (Some(n), None, _) => n == 0,
            (Some(a), Some(b), None) => a == b,
            (Some(a), Some(b), Some(c)) => a <= b && b <= c,
        };
        if stop { Flow::Stop } else { Flow::Go }
    }
}

pub(super) fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

fn grouped(digits: &str, comma: char, group: usize) -> String {
    let mut out = String::new();
    let count = digits.len();
    for (at, digit) in digits.chars().enumerate() {
        let left = count.saturating_sub(at);
        if at > 0 && left.checked_rem(group) == Some(0) {
            out.push(comma);
        }
        out.push(digit);
    }
    out
}
