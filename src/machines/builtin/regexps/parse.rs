//! Patterns as trees: extended ones, and basic ones, which differ only in
//! where the backslash stands.

/// A part of a pattern.
#[derive(Clone, Debug)]
pub enum Node {
    /// Nothing.
    Empty,
    /// This character.
    Char(char),
    /// Any character.
    Any,
    /// One of these, or none of these.
    Set(bool, Vec<Item>),
    /// A condition on the place.
    Assertion(Assertion),
    /// What a group matched.
    Back(usize),
    /// A group.
    Group(usize, Box<Node>),
    /// One after the other.
    Sequence(Vec<Node>),
    /// One of several.
    Choice(Vec<Node>),
    /// From so many to so many.
    Repeat(Box<Node>, u32, Option<u32>),
}

/// What a bracket expression contains.
#[derive(Clone, Debug)]
pub enum Item {
    /// A range, ends included.
    Range(char, char),
    /// A class.
    Class(fn(char) -> bool),
}

/// A condition on the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assertion {
    /// `^`
    Start,
    /// `$`
    End,
    /// `\b`, `\B`
    Boundary(bool),
    /// `\<`
    WordStart,
    /// `\>`
    WordEnd,
    /// `` \` ``
    TextStart,
    /// `\'`
    TextEnd,
}

/// More levels than this nobody writes.
const DEPTH_MAX: usize = 200;
/// Nor more repetitions: the C library's limit.
const REPEAT_MAX: u32 = 255;

/// Why a pattern is none, in the C library's words.
type Reason = &'static str;

const UNMATCHED_PARENTHESIS: Reason = "Unmatched ( or \\(";
const UNMATCHED_BRACE: Reason = "Unmatched \\{";
const UNMATCHED_BRACKET: Reason = "Unmatched [, [^, [:, [., or [=";
const BAD_PRECEDING: Reason = "Invalid preceding regular expression";
const BAD_REFERENCE: Reason = "Invalid back reference";
const TOO_BIG: Reason = "Regular expression too big";

/// Parses a pattern.
pub fn parse(pattern: &str, basic: bool) -> Result<Node, Reason> {
    if pattern == "[" {
        return Err("Invalid regular expression");
    }
    let mut parser = Parser {
        letters: pattern.chars().collect(),
        at: 0,
        groups: 0,
        basic,
    };
    let node = parser.choice(0)?;
    if parser.at < parser.letters.len() {
        // Only a closing parenthesis ends a choice.
        return Err("Unmatched ) or \\)");
    }
    Ok(node)
}

struct Parser {
    letters: Vec<char>,
    at: usize,
    groups: usize,
    basic: bool,
}

/// A letter that means something, however it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Bar,
    Star,
    Plus,
    Question,
    Brace,
    Other,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn after(&self) -> Option<char> {
        self.letters.get(self.at.saturating_add(1)).copied()
    }

    fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// What stands next, and how many letters it has.
    fn token(&self) -> Option<(Token, usize)> {
        let c = self.peek()?;
        let named = |c: char| match c {
            '(' => Token::Open,
            ')' => Token::Close,
            '|' => Token::Bar,
            '+' => Token::Plus,
            '?' => Token::Question,
            '{' => Token::Brace,
            _ => Token::Other,
        };
        Some(match (c, self.basic) {
            ('*', _) => (Token::Star, 1),
            ('\\', true) => (self.after().map_or(Token::Other, named), 2),
            (_, true) => (Token::Other, 1),
            ('\\', false) => (Token::Other, 2),
            (c, false) => (named(c), 1),
        })
    }

    fn choice(&mut self, depth: usize) -> Result<Node, Reason> {
        if depth > DEPTH_MAX {
            return Err(TOO_BIG);
        }
        let mut choices = vec![self.sequence(depth)?];
        while let Some((Token::Bar, length)) = self.token() {
            self.skip(length);
            choices.push(self.sequence(depth)?);
        }
        Ok(match choices.len() {
            1 => choices.pop().unwrap_or(Node::Empty),
            _ => Node::Choice(choices),
        })
    }

    fn sequence(&mut self, depth: usize) -> Result<Node, Reason> {
        let mut nodes = Vec::new();
        while let Some((token, length)) = self.token() {
            match token {
                Token::Bar => break,
                Token::Close if depth > 0 || self.basic => break,
                Token::Star if self.basic && nodes.is_empty() => {
                    self.skip(1);
                    nodes.push(Node::Char('*'));
                    continue;
                }
                Token::Star | Token::Plus | Token::Question | Token::Brace if nodes.is_empty() => {
                    return Err(BAD_PRECEDING);
                }
                _ => {}
            }
            let node = self.atom(token, length, depth)?;
            nodes.push(self.repeated(node)?);
        }
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.pop().unwrap_or(Node::Empty),
            _ => Node::Sequence(nodes),
        })
    }

    fn repeated(&mut self, mut node: Node) -> Result<Node, Reason> {
        let mut depth = 0;
        while let Some((token, length)) = self.token() {
            let (least, most) = match token {
                Token::Star => (0, None),
                Token::Plus => (1, None),
                Token::Question => (0, Some(1)),
                Token::Brace => {
                    self.skip(length);
                    let range = self.braces()?;
                    node = Node::Repeat(Box::new(node), range.0, range.1);
                    continue;
                }
                _ => break,
            };
            depth += 1;
            if depth > DEPTH_MAX {
                return Err(TOO_BIG);
            }
            self.skip(length);
            node = Node::Repeat(Box::new(node), least, most);
        }
        Ok(node)
    }

    /// What stands in braces after the opening one.
    fn braces(&mut self) -> Result<(u32, Option<u32>), Reason> {
        let least = self.number()?;
        let most = if self.peek() == Some(',') {
            self.skip(1);
            self.number()?
        } else {
            least
        };
        if self.basic {
            if self.peek() != Some('\\') {
                return Err(UNMATCHED_BRACE);
            }
            self.skip(1);
        }
        if self.peek() != Some('}') {
            return Err(UNMATCHED_BRACE);
        }
        self.skip(1);
        if least.is_some_and(|least| most.is_some_and(|most| least > most)) {
            return Err("Invalid content of \\{\\}");
        }
        Ok((least.unwrap_or(0), most))
    }

    fn number(&mut self) -> Result<Option<u32>, Reason> {
        let mut number: Option<u32> = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let next = number.unwrap_or(0).saturating_mul(10).saturating_add(digit);
            if next > REPEAT_MAX {
                return Err(TOO_BIG);
            }
            number = Some(next);
            self.skip(1);
        }
        Ok(number)
    }

    fn atom(&mut self, token: Token, length: usize, depth: usize) -> Result<Node, Reason> {
        if token == Token::Open {
            self.skip(length);
            self.groups = self.groups.saturating_add(1);
            let number = self.groups;
            let inside = self.choice(depth.saturating_add(1))?;
            match self.token() {
                Some((Token::Close, length)) => self.skip(length),
                _ => return Err(UNMATCHED_PARENTHESIS),
            }
            return Ok(Node::Group(number, Box::new(inside)));
        }
        let Some(c) = self.peek() else {
            return Ok(Node::Empty);
        };
        self.skip(1);
        Ok(match c {
            '\\' => self.escape()?,
            '[' => self.bracket()?,
            '.' => Node::Any,
            '^' => Node::Assertion(Assertion::Start),
            '$' => Node::Assertion(Assertion::End),
            other => Node::Char(other),
        })
    }

    fn escape(&mut self) -> Result<Node, Reason> {
        let c = self.peek().ok_or("Trailing backslash")?;
        self.skip(1);
        Ok(match c {
            'w' => Node::Set(true, vec![Item::Class(is_word)]),
            'W' => Node::Set(false, vec![Item::Class(is_word)]),
            's' => Node::Set(true, vec![Item::Class(char::is_whitespace)]),
            'S' => Node::Set(false, vec![Item::Class(char::is_whitespace)]),
            'b' => Node::Assertion(Assertion::Boundary(true)),
            'B' => Node::Assertion(Assertion::Boundary(false)),
            '<' => Node::Assertion(Assertion::WordStart),
            '>' => Node::Assertion(Assertion::WordEnd),
            '`' => Node::Assertion(Assertion::TextStart),
            '\'' => Node::Assertion(Assertion::TextEnd),
            '1'..='9' => {
                let number = c.to_digit(10).and_then(|n| usize::try_from(n).ok());
                match number {
                    Some(number) if number <= self.groups => Node::Back(number),
                    _ => return Err(BAD_REFERENCE),
                }
            }
            other => Node::Char(other),
        })
    }

    /// What stands in brackets after the opening one.
    fn bracket(&mut self) -> Result<Node, Reason> {
        let wanted = self.peek() != Some('^');
        if !wanted {
            self.skip(1);
        }
        let mut items = Vec::new();
        loop {
            let c = self.peek().ok_or(UNMATCHED_BRACKET)?;
            if c == ']' && !items.is_empty() {
                self.skip(1);
                return Ok(Node::Set(wanted, items));
            }
            if c == '[' && self.after() == Some(':') {
                items.push(Item::Class(self.class()?));
                continue;
            }
            let start = self.element()?;
            let is_range = self.peek() == Some('-') && self.after().is_some_and(|c| c != ']');
            if !is_range {
                items.push(Item::Range(start, start));
                continue;
            }
            self.skip(1);
            let end = self.element()?;
            if start > end {
                return Err("Invalid range end");
            }
            items.push(Item::Range(start, end));
        }
    }

    /// A character, or `[.c.]` or `[=c=]`.
    fn element(&mut self) -> Result<char, Reason> {
        let c = self.peek().ok_or(UNMATCHED_BRACKET)?;
        self.skip(1);
        let Some(mark) = self
            .peek()
            .filter(|mark| c == '[' && matches!(mark, '.' | '='))
        else {
            return Ok(c);
        };
        let letters: Vec<char> = self.letters.iter().skip(self.at).take(4).copied().collect();
        match letters.as_slice() {
            [_, inside, end, ']'] if *end == mark => {
                self.skip(4);
                Ok(*inside)
            }
            _ => Err("Invalid collation character"),
        }
    }

    /// `[:alpha:]`
    fn class(&mut self) -> Result<fn(char) -> bool, Reason> {
        let rest: String = self.letters.iter().skip(self.at).take(12).collect();
        let name = rest
            .strip_prefix("[:")
            .and_then(|rest| rest.split_once(":]"))
            .map(|(name, _)| name.to_owned())
            .ok_or(UNMATCHED_BRACKET)?;
        self.skip(name.chars().count().saturating_add(4));
        Ok(match &*name {
            "alpha" => char::is_alphabetic,
            "digit" => |c| c.is_ascii_digit(),
            "alnum" => char::is_alphanumeric,
            "upper" => char::is_uppercase,
            "lower" => char::is_lowercase,
            "space" => char::is_whitespace,
            "blank" => |c| matches!(c, ' ' | '\t'),
            "punct" => |c| !c.is_alphanumeric() && crate::machines::datum::is_graphic(c),
            "print" => |c| c == ' ' || crate::machines::datum::is_graphic(c),
            "graph" => crate::machines::datum::is_graphic,
            "cntrl" => char::is_control,
            "xdigit" => |c| c.is_ascii_hexdigit(),
            _ => return Err("Invalid character class name"),
        })
    }
}

/// Tells whether a character belongs to words.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
