//! Control strings as trees.

use super::wrong;
use crate::machines::engine::Fault;

/// A part of a control string.
#[derive(Debug)]
pub enum Node {
    /// Characters as they stand there.
    Literal(String),
    /// `~a` and the like.
    Directive(Directive),
    /// `~{ … ~}`
    Iteration(Directive, Vec<Node>),
    /// `~[ … ~; … ~]`: the clauses, and whether the last one is for all else.
    Conditional(Directive, Vec<Vec<Node>>, bool),
    /// `~( … ~)`
    Case(Directive, Vec<Node>),
}

/// A directive with what stands before its letter.
#[derive(Debug, Default)]
pub struct Directive {
    /// The letter, in lower case.
    pub letter: char,
    /// The parameters.
    pub parameters: Vec<Parameter>,
    /// `:`
    pub colon: bool,
    /// `@`
    pub at: bool,
}

/// A parameter of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// Left out.
    Missing,
    /// A number.
    Number(i64),
    /// `'c`
    Character(char),
    /// `v`: an argument.
    Argument,
    /// `#`: how many arguments are left.
    Left,
}

/// More levels than this nobody writes.
const DEPTH_MAX: usize = 100;

/// What ended a sequence of nodes.
enum End {
    Text,
    Close(char),
    /// `~;`, with a colon for all else.
    Next(bool),
}

/// Parses a control string.
pub fn parse(control: &str) -> Result<Vec<Node>, Fault> {
    let mut parser = Parser {
        letters: control.chars().collect(),
        at: 0,
    };
    let (nodes, end) = parser.sequence(0)?;
    match end {
        End::Text => Ok(nodes),
        End::Close(_) | End::Next(_) => Err(wrong()),
    }
}

struct Parser {
    letters: Vec<char>,
    at: usize,
}

impl Parser {
    fn next(&mut self) -> Option<char> {
        let c = self.letters.get(self.at).copied();
        self.at = self.at.saturating_add(1);
        c
    }

    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn sequence(&mut self, depth: usize) -> Result<(Vec<Node>, End), Fault> {
        if depth > DEPTH_MAX {
            return Err(wrong());
        }
        let mut nodes = Vec::new();
        let mut literal = String::new();
        while let Some(c) = self.next() {
            if c != '~' {
                literal.push(c);
                continue;
            }
            if !literal.is_empty() {
                nodes.push(Node::Literal(std::mem::take(&mut literal)));
            }
            let Some(directive) = self.directive()? else {
                nodes.push(Node::Literal("~".into()));
                break;
            };
            match directive.letter {
                '{' => {
                    let (body, _) = self.body('}', depth)?;
                    nodes.push(Node::Iteration(directive, body));
                }
                '(' => {
                    let (body, _) = self.body(')', depth)?;
                    nodes.push(Node::Case(directive, body));
                }
                '[' => nodes.push(self.conditional(directive, depth)?),
                '}' | ')' | ']' => return Ok((nodes, End::Close(directive.letter))),
                ';' => return Ok((nodes, End::Next(directive.colon))),
                '\n' => self.newline(&directive, &mut nodes),
                _ => nodes.push(Node::Directive(directive)),
            }
        }
        if !literal.is_empty() {
            nodes.push(Node::Literal(literal));
        }
        Ok((nodes, End::Text))
    }

    /// What stands up to a closing directive, or the end.
    fn body(&mut self, close: char, depth: usize) -> Result<(Vec<Node>, bool), Fault> {
        let (nodes, end) = self.sequence(depth.saturating_add(1))?;
        match end {
            End::Close(c) if c == close => Ok((nodes, true)),
            // What is never closed: Guile does not mind.
            End::Text if close == ')' => Ok((nodes, false)),
            End::Text if close == '}' => Ok((Vec::new(), false)),
            _ => Err(wrong()),
        }
    }

    fn conditional(&mut self, directive: Directive, depth: usize) -> Result<Node, Fault> {
        let mut clauses = Vec::new();
        let mut otherwise = false;
        loop {
            let (nodes, end) = self.sequence(depth.saturating_add(1))?;
            clauses.push(nodes);
            match end {
                End::Next(colon) => otherwise = colon,
                End::Close(']') => return Ok(Node::Conditional(directive, clauses, otherwise)),
                End::Close(_) | End::Text => return Err(wrong()),
            }
        }
    }

    /// `~` at the end of a line: the line and the next one's indentation are
    /// one; `:` keeps the indentation, `@` the end of the line.
    fn newline(&mut self, directive: &Directive, nodes: &mut Vec<Node>) {
        if directive.at {
            nodes.push(Node::Literal("\n".into()));
        }
        if !directive.colon {
            while self.peek().is_some_and(char::is_whitespace) {
                self.next();
            }
        }
    }

    /// Parameters, flags and letter; `None` where the text ends before.
    fn directive(&mut self) -> Result<Option<Directive>, Fault> {
        let mut directive = Directive::default();
        loop {
            match self.peek() {
                None => return Ok(None),
                Some(',') => {
                    self.next();
                    if directive.parameters.is_empty() {
                        directive.parameters.push(Parameter::Missing);
                    }
                    if matches!(self.peek(), Some(c) if !is_parameter(c)) {
                        directive.parameters.push(Parameter::Missing);
                    } else if let Some(parameter) = self.parameter()? {
                        directive.parameters.push(parameter);
                    } else {
                        return Ok(None);
                    }
                }
                Some(c) if is_parameter(c) && directive.parameters.is_empty() => {
                    match self.parameter()? {
                        Some(parameter) => directive.parameters.push(parameter),
                        None => return Ok(None),
                    }
                }
                Some(':') => {
                    self.next();
                    directive.colon = true;
                }
                Some('@') => {
                    self.next();
                    directive.at = true;
                }
                Some(letter) => {
                    self.next();
                    directive.letter = letter.to_ascii_lowercase();
                    return Ok(Some(directive));
                }
            }
        }
    }

    fn parameter(&mut self) -> Result<Option<Parameter>, Fault> {
        let Some(c) = self.next() else {
            return Ok(None);
        };
        Ok(Some(match c {
            '\'' => Parameter::Character(self.next().ok_or_else(wrong)?),
            'v' | 'V' => Parameter::Argument,
            '#' => Parameter::Left,
            _ => {
                let mut digits = String::from(c);
                while let Some(digit) = self.peek().filter(char::is_ascii_digit) {
                    digits.push(digit);
                    self.next();
                }
                Parameter::Number(digits.parse().map_err(|_| wrong())?)
            }
        }))
    }
}

fn is_parameter(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '\'' | 'v' | 'V' | '#' | '+' | '-')
}
