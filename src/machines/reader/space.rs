//! White space and comments.

use super::{Problem, ReadError, Reader};

impl Reader<'_> {
    /// Skips white space and comments.
    pub(super) fn skip_space(&mut self) -> Result<(), ReadError> {
        while let Some(c) = self.peek() {
            let start = self.at;
            match c {
                ' ' | '\t' | '\n' | '\r' | '\u{c}' => self.advance(c),
                ';' => {
                    let line = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.skip(line);
                }
                '#' if self.rest().starts_with("#|") => self.block_comment(start)?,
                '#' if self.rest().starts_with("#;") => {
                    self.skip(2);
                    let span = self.span(start);
                    self.descend(start)?;
                    self.following("#;", span)?;
                    self.ascend();
                }
                '#' if self.rest().starts_with("#!") => self.directive(start)?,
                _ => break,
            }
        }
        Ok(())
    }

    fn block_comment(&mut self, start: usize) -> Result<(), ReadError> {
        let mut open = 0_usize;
        loop {
            let rest = self.rest();
            if rest.starts_with("#|") {
                open = open.saturating_add(1);
                self.skip(2);
            } else if rest.starts_with("|#") {
                open = open.saturating_sub(1);
                self.skip(2);
                if open == 0 {
                    return Ok(());
                }
            } else if let Some(c) = rest.chars().next() {
                self.advance(c);
            } else {
                return Err(self.opened(Problem::UnclosedComment("#|"), start, 2));
            }
        }
    }

    /// `#!fold-case` and its kin, else a comment that ends with `!#`.
    fn directive(&mut self, start: usize) -> Result<(), ReadError> {
        self.skip(2);
        let word_end = self
            .rest()
            .find(|c: char| !(c.is_alphanumeric() || c == '-'))
            .unwrap_or(self.rest().len());
        let word = self.rest().get(..word_end).unwrap_or_default();
        match word {
            "fold-case" | "no-fold-case" => self.own.fold_case = Some(word == "fold-case"),
            "r6rs" => self.own.r6rs = true,
            "curly-infix" => self.own.curly_infix = true,
            "curly-infix-and-bracket-lists" => {
                self.own.curly_infix = true;
                self.own.bracket_lists = true;
            }
            _ => {
                let Some(end) = self.rest().find("!#") else {
                    return Err(self.opened(Problem::UnclosedComment("#!"), start, 2));
                };
                self.skip(end.saturating_add(2));
                return Ok(());
            }
        }
        self.skip(word_end);
        self.refresh();
        Ok(())
    }
}
