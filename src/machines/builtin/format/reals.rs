//! Directives for reals.

use super::directive::{State, length};
use super::numbers::{Decimal, exponential, fixed, sign};
use super::parameters::Parameters;
use super::parse::Directive;
use super::wrong;
use crate::machines::datum::written_real;
use crate::machines::engine::{Fault, Number, View, number, view, written_number};

/// Nor is padding of more meant.
const WIDTH_MAX: i64 = 1 << 20;

impl State<'_> {
    /// A number by its decimal digits; infinities and NaN as they are written.
    fn decimal(&mut self) -> Result<Result<Decimal, String>, Fault> {
        let value = self.next()?;
        let written = match (view(&value), number(&value)) {
            (_, Some(Number::Ratio(ratio))) => {
                let real = Number::Ratio(ratio).to_real();
                written_real(real)
            }
            (View::Text(text), _) => text.to_string(),
            (_, Some(_)) => written_number(&value).ok_or_else(wrong)?,
            _ => return Err(wrong()),
        };
        match Decimal::parse(&written) {
            Some(decimal) => Ok(Ok(decimal)),
            None if written.ends_with(".0") => Ok(Err(written)),
            None => Err(wrong()),
        }
    }

    /// Puts a number that may be too wide into its field.
    fn field(
        &mut self,
        text: &str,
        fits: bool,
        width: Option<i64>,
        overflow: Option<char>,
        fill: char,
    ) {
        match (width, overflow) {
            (Some(width), Some(c)) if !fits || length(text) > width => self.repeat(c, width),
            (Some(width), _) => {
                self.repeat(fill, width.saturating_sub(length(text)));
                self.put(text);
            }
            (None, _) => self.put(text),
        }
    }

    pub(super) fn fixed(
        &mut self,
        directive: &Directive,
        parameters: &Parameters,
    ) -> Result<(), Fault> {
        let width = parameters.size(0)?;
        let places = parameters.size(1)?;
        let fill = parameters.character(4, ' ');
        let mut decimal = match self.decimal()? {
            Ok(decimal) => decimal,
            Err(text) => {
                self.field(&text, true, width, None, fill);
                return Ok(());
            }
        };
        decimal.scale(parameters.number(2).unwrap_or(0).clamp(-1000, 1000));
        let (text, fits) = fixed(decimal, width, places, directive.at);
        self.field(&text, fits, width, parameters.given_character(3), fill);
        Ok(())
    }

    pub(super) fn exponential(
        &mut self,
        directive: &Directive,
        parameters: &Parameters,
    ) -> Result<(), Fault> {
        let width = parameters.size(0)?;
        let fill = parameters.character(5, ' ');
        let decimal = match self.decimal()? {
            Ok(decimal) => decimal,
            Err(text) => {
                self.field(&text, true, width, None, fill);
                return Ok(());
            }
        };
        let text = exponential(
            decimal,
            parameters.size(1)?,
            parameters.size(2)?,
            parameters.number(3).unwrap_or(1),
            parameters.character(6, 'E'),
            directive.at,
        );
        self.field(&text, true, width, parameters.given_character(4), fill);
        Ok(())
    }

    /// `~F` with blanks behind it for what is not too large or small, else
    /// `~E`.
    pub(super) fn general(
        &mut self,
        directive: &Directive,
        parameters: &Parameters,
    ) -> Result<(), Fault> {
        let width = parameters.size(0)?;
        let places = parameters.size(1)?;
        let blanks = parameters
            .size(2)?
            .map_or(4, |digits| digits.saturating_add(2));
        let before = self.at;
        let Ok(decimal) = self.decimal()? else {
            self.at = before;
            return self.fixed(directive, parameters);
        };
        let point = decimal.point();
        let as_fixed = match places {
            Some(places) => (0..=places).contains(&point),
            None => point >= 0,
        };
        if !as_fixed {
            self.at = before;
            return self.exponential(directive, parameters);
        }
        let width = width.map(|width| width.saturating_sub(blanks).max(0));
        let places = places.map(|places| places.saturating_sub(point).max(0));
        let (text, fits) = fixed(decimal, width, places, directive.at);
        let fill = parameters.character(5, ' ');
        self.field(&text, fits, width, parameters.given_character(4), fill);
        self.repeat(' ', blanks);
        Ok(())
    }

    /// `~digits,intdigits,width,padchar$`
    pub(super) fn money(
        &mut self,
        directive: &Directive,
        parameters: &Parameters,
    ) -> Result<(), Fault> {
        let places = parameters.count(0, 2)?;
        let before = parameters.count(1, 1)?.min(WIDTH_MAX);
        let width = parameters.count(2, 0)?;
        let fill = parameters.character(3, ' ');
        let Ok(mut decimal) = self.decimal()? else {
            return Err(wrong());
        };
        decimal.round(places);
        let mut whole = decimal.whole();
        while length(&whole) < before {
            whole.insert(0, '0');
        }
        let sign = sign(decimal.negative, directive.at);
        let digits = format!("{whole}.{}", decimal.fraction(Some(places)));
        let padding = width
            .saturating_sub(length(&digits))
            .saturating_sub(length(sign));
        if directive.colon {
            self.put(sign);
            self.repeat(fill, padding);
        } else {
            self.repeat(fill, padding);
            self.put(sign);
        }
        self.put(&digits);
        Ok(())
    }
}
