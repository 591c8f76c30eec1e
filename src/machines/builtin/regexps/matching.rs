//! Matching: of all matches that begin first the longest.
//!
//! The pattern becomes a program whose choices are tried in their order, each
//! state at a place once; so the time is bounded by the product of both
//! lengths. With references back to groups that does not hold, and the number
//! of steps is bounded instead.

use super::super::characters::folded;
use super::parse::{Assertion, Item, Node, is_word};

/// A step of a program.
#[derive(Debug)]
enum Step {
    Char(char),
    Any,
    Set(bool, Vec<Item>),
    Assertion(Assertion),
    Back(usize),
    /// Either, the first one rather.
    Split(usize, usize),
    Jump(usize),
    Save(usize),
    Match,
}

/// A pattern that can be matched.
#[derive(Debug)]
pub struct Program {
    steps: Vec<Step>,
    groups: usize,
    fold: bool,
    lines: bool,
    back: bool,
}

/// How a text is looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Its beginning is none of a line.
    not_start: bool,
    /// Its end is none of a line.
    not_end: bool,
}

impl Options {
    /// Of the flags of `regexp-exec`.
    pub fn of(flags: i64) -> Self {
        Self {
            not_start: flags & 1 != 0,
            not_end: flags & 2 != 0,
        }
    }
}

/// The text is too long for the pattern.
#[derive(Debug)]
pub struct TooLong;

/// Where groups matched.
pub type Groups = Vec<Option<(usize, usize)>>;

/// Larger programs are refused.
const STEPS_MAX: usize = 20_000;
/// So are more states at places.
const STATES_MAX: usize = 1 << 28;
/// And more work than this where states do not bound it.
const WORK_MAX: usize = 10_000_000;

impl Program {
    /// Of a pattern; `None` if it is too large.
    pub fn new(node: &Node, fold: bool, lines: bool) -> Option<Self> {
        let mut program = Self {
            steps: Vec::new(),
            groups: 0,
            fold,
            lines,
            back: false,
        };
        program.add(node)?;
        program.steps.push(Step::Match);
        Some(program)
    }

    fn push(&mut self, step: Step) -> Option<usize> {
        if self.steps.len() >= STEPS_MAX {
            return None;
        }
        self.steps.push(step);
        Some(self.steps.len().saturating_sub(1))
    }

    fn here(&self) -> usize {
        self.steps.len()
    }

    fn patch(&mut self, at: usize, step: Step) {
        if let Some(place) = self.steps.get_mut(at) {
            *place = step;
        }
    }

    fn add(&mut self, node: &Node) -> Option<()> {
        match node {
            Node::Empty => {}
            Node::Char(c) => {
                let c = if self.fold { folded(*c) } else { *c };
                self.push(Step::Char(c))?;
            }
            Node::Any => {
                self.push(Step::Any)?;
            }
            Node::Set(wanted, items) => {
                self.push(Step::Set(*wanted, items.clone()))?;
            }
            Node::Assertion(assertion) => {
                self.push(Step::Assertion(*assertion))?;
            }
            Node::Back(group) => {
                self.back = true;
                self.push(Step::Back(*group))?;
            }
            Node::Group(number, inside) => {
                self.groups = self.groups.max(*number);
                self.push(Step::Save(number.saturating_mul(2)))?;
                self.add(inside)?;
                self.push(Step::Save(number.saturating_mul(2).saturating_add(1)))?;
            }
            Node::Sequence(nodes) => {
                for node in nodes {
                    self.add(node)?;
                }
            }
            Node::Choice(nodes) => self.choice(nodes)?,
            Node::Repeat(node, least, most) => {
                for _ in 0..*least {
                    self.add(node)?;
                }
                match most {
                    None => self.star(node)?,
                    Some(most) => self.optional(node, most.saturating_sub(*least))?,
                }
            }
        }
        Some(())
    }

    fn choice(&mut self, nodes: &[Node]) -> Option<()> {
        let mut ends = Vec::new();
        for (number, node) in nodes.iter().enumerate() {
            if number.saturating_add(1) == nodes.len() {
                self.add(node)?;
                break;
            }
            let split = self.push(Step::Match)?;
            self.add(node)?;
            ends.push(self.push(Step::Match)?);
            let next = self.here();
            self.patch(split, Step::Split(split.saturating_add(1), next));
        }
        let end = self.here();
        for jump in ends {
            self.patch(jump, Step::Jump(end));
        }
        Some(())
    }

    fn star(&mut self, node: &Node) -> Option<()> {
        let split = self.push(Step::Match)?;
        self.add(node)?;
        self.push(Step::Jump(split))?;
        let end = self.here();
        self.patch(split, Step::Split(split.saturating_add(1), end));
        Some(())
    }

    fn optional(&mut self, node: &Node, count: u32) -> Option<()> {
        let mut splits = Vec::new();
        for _ in 0..count {
            splits.push(self.push(Step::Match)?);
            self.add(node)?;
        }
        let end = self.here();
        for split in splits {
            self.patch(split, Step::Split(split.saturating_add(1), end));
        }
        Some(())
    }

    /// The groups of the longest of the first matches; the whole is group 0.
    /// Before `begin` there is no text.
    pub fn search(
        &self,
        text: &[char],
        begin: usize,
        start: usize,
        options: Options,
    ) -> Result<Option<Groups>, TooLong> {
        let places = text.len().saturating_sub(begin).saturating_add(1);
        let states = if self.back {
            0
        } else {
            self.steps.len().saturating_mul(places)
        };
        if states > STATES_MAX {
            return Err(TooLong);
        }
        let mut run = Run {
            program: self,
            text,
            begin,
            options,
            seen: vec![0; states.div_ceil(64)],
            work: 0,
        };
        for start in start..=text.len() {
            if let Some(groups) = run.from(start)? {
                return Ok(Some(groups));
            }
        }
        Ok(None)
    }
}

/// What is still to be tried.
enum Task {
    Try(usize, usize),
    Restore(usize, Option<usize>),
}

struct Run<'a> {
    program: &'a Program,
    text: &'a [char],
    begin: usize,
    options: Options,
    /// Which states have been at which places.
    seen: Vec<u64>,
    work: usize,
}

impl Run<'_> {
    /// Notes a state at a place; `false` if it is known.
    fn enter(&mut self, step: usize, at: usize) -> Result<bool, TooLong> {
        if self.program.back {
            self.work = self.work.saturating_add(1);
            return if self.work > WORK_MAX {
                Err(TooLong)
            } else {
                Ok(true)
            };
        }
        let places = self.text.len().saturating_sub(self.begin).saturating_add(1);
        let state = step
            .saturating_mul(places)
            .saturating_add(at.saturating_sub(self.begin));
        let (word, bit) = (state / 64, state % 64);
        let Some(word) = self.seen.get_mut(word) else {
            return Ok(false);
        };
        let fresh = *word & (1 << bit) == 0;
        *word |= 1 << bit;
        Ok(fresh)
    }

    fn from(&mut self, start: usize) -> Result<Option<Groups>, TooLong> {
        let slots = self.program.groups.saturating_add(1).saturating_mul(2);
        let mut saved: Vec<Option<usize>> = vec![None; slots];
        let mut best: Option<(usize, Vec<Option<usize>>)> = None;
        let mut tasks = vec![Task::Try(0, start)];
        while let Some(task) = tasks.pop() {
            let (mut step, mut at) = match task {
                Task::Try(step, at) => (step, at),
                Task::Restore(slot, value) => {
                    if let Some(place) = saved.get_mut(slot) {
                        *place = value;
                    }
                    continue;
                }
            };
            loop {
                if !self.enter(step, at)? {
                    break;
                }
                let Some(current) = self.program.steps.get(step) else {
                    break;
                };
                match current {
                    Step::Match => {
                        if best.as_ref().is_none_or(|(end, _)| at > *end) {
                            best = Some((at, saved.clone()));
                        }
                        break;
                    }
                    Step::Jump(to) => step = *to,
                    Step::Split(first, second) => {
                        tasks.push(Task::Try(*second, at));
                        step = *first;
                    }
                    Step::Save(slot) => {
                        if let Some(place) = saved.get_mut(*slot) {
                            tasks.push(Task::Restore(*slot, *place));
                            *place = Some(at);
                        }
                        step = step.saturating_add(1);
                    }
                    other => match self.advance(other, at, &saved) {
                        Some(next) => {
                            at = next;
                            step = step.saturating_add(1);
                        }
                        None => break,
                    },
                }
            }
        }
        Ok(best.map(|(end, saved)| {
            let mut groups = vec![Some((start, end))];
            groups.extend(saved.chunks_exact(2).skip(1).map(|pair| match pair {
                [Some(start), Some(end)] => Some((*start, *end)),
                _ => None,
            }));
            groups
        }))
    }

    fn char_at(&self, at: usize) -> Option<char> {
        self.text.get(at).copied()
    }

    fn char_before(&self, at: usize) -> Option<char> {
        at.checked_sub(1)
            .filter(|before| *before >= self.begin)
            .and_then(|before| self.char_at(before))
    }

    /// Where a step that looks at the text leads to.
    fn advance(&self, step: &Step, at: usize, saved: &[Option<usize>]) -> Option<usize> {
        let next = at.checked_add(1)?;
        match step {
            Step::Char(wanted) => {
                let c = self.char_at(at)?;
                let c = if self.program.fold { folded(c) } else { c };
                (c == *wanted).then_some(next)
            }
            Step::Any => {
                let c = self.char_at(at)?;
                (!(self.program.lines && c == '\n')).then_some(next)
            }
            Step::Set(wanted, items) => {
                let c = self.char_at(at)?;
                if !wanted && self.program.lines && c == '\n' {
                    return None;
                }
                (self.has(items, c) == *wanted).then_some(next)
            }
            Step::Assertion(assertion) => self.holds(*assertion, at).then_some(at),
            Step::Back(group) => {
                let slot = group.checked_mul(2)?;
                let start = (*saved.get(slot)?)?;
                let end = (*saved.get(slot.checked_add(1)?)?)?;
                let part = self.text.get(start..end)?;
                self.text
                    .get(at..)?
                    .starts_with(part)
                    .then(|| at.saturating_add(part.len()))
            }
            Step::Split(..) | Step::Jump(_) | Step::Save(_) | Step::Match => None,
        }
    }

    fn has(&self, items: &[Item], c: char) -> bool {
        let one = |c: char| {
            items.iter().any(|item| match item {
                Item::Range(start, end) => (*start..=*end).contains(&c),
                Item::Class(class) => class(c),
            })
        };
        one(c)
            || (self.program.fold && (one(folded(c)) || c.to_uppercase().next().is_some_and(one)))
    }

    fn holds(&self, assertion: Assertion, at: usize) -> bool {
        let (before, after) = (self.char_before(at), self.char_at(at));
        let word = |c: Option<char>| c.is_some_and(is_word);
        match assertion {
            Assertion::Start => match before {
                None => !self.options.not_start,
                Some(c) => self.program.lines && c == '\n',
            },
            Assertion::End => match after {
                None => !self.options.not_end,
                Some(c) => self.program.lines && c == '\n',
            },
            Assertion::Boundary(wanted) => (word(before) != word(after)) == wanted,
            Assertion::WordStart => !word(before) && word(after),
            Assertion::WordEnd => word(before) && !word(after),
            Assertion::TextStart => before.is_none(),
            Assertion::TextEnd => after.is_none(),
        }
    }
}
