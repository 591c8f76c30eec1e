//! Reals with a number of digits, by their decimal digits as they are
//! written.

/// A decimal number: its digits, and where the point is.
#[derive(Clone, Debug)]
pub struct Decimal {
    /// Below 0, the negative zero included.
    pub negative: bool,
    digits: Vec<u8>,
    /// How many digits stand before the point; may be below 0.
    point: i64,
}

impl Decimal {
    /// Of a number as it is written, such as `-1.5e10`; `None` for what has no
    /// digits.
    pub fn parse(written: &str) -> Option<Self> {
        let (negative, rest) = match written.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, written.strip_prefix('+').unwrap_or(written)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: Option<Vec<u8>> = whole
            .chars()
            .chain(fraction.chars())
            .map(|c| c.to_digit(10).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let digits = digits?;
        if digits.is_empty() || exponent.unsigned_abs() > 100_000 {
            return None;
        }
        let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
        let mut decimal = Self {
            negative,
            digits,
            point,
        };
        decimal.normalize();
        Some(decimal)
    }

    /// No zeros around.
    fn normalize(&mut self) {
        let leading = self.digits.iter().take_while(|digit| **digit == 0).count();
        self.digits.drain(..leading);
        self.point = self
            .point
            .saturating_sub(i64::try_from(leading).unwrap_or(i64::MAX));
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
        if self.digits.is_empty() {
            self.point = 0;
        }
    }

    fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// How many digits there are.
    pub fn count(&self) -> i64 {
        i64::try_from(self.digits.len()).unwrap_or(i64::MAX)
    }

    /// Where the point is: digits before it.
    pub fn point(&self) -> i64 {
        self.point
    }

    /// Times a power of ten.
    pub fn scale(&mut self, power: i64) {
        if !self.is_zero() {
            self.point = self.point.saturating_add(power);
        }
    }

    /// Rounds to so many digits behind the point, a half away from 0.
    pub fn round(&mut self, places: i64) {
        let kept = self.point.saturating_add(places);
        let Ok(kept) = usize::try_from(kept) else {
            self.digits.clear();
            self.normalize();
            return;
        };
        if kept >= self.digits.len() {
            return;
        }
        let up = self.digits.get(kept).is_some_and(|digit| *digit >= 5);
        self.digits.truncate(kept);
        if up {
            let mut at = kept;
            loop {
                let Some(before) = at.checked_sub(1) else {
                    self.digits.insert(0, 1);
                    self.point = self.point.saturating_add(1);
                    break;
                };
                at = before;
                match self.digits.get_mut(at) {
                    Some(digit) if *digit < 9 => {
                        *digit = digit.saturating_add(1);
                        break;
                    }
                    Some(digit) => *digit = 0,
                    None => break,
                }
            }
        }
        self.normalize();
    }

    fn digit(&self, at: i64) -> char {
        usize::try_from(at)
            .ok()
            .and_then(|at| self.digits.get(at))
            .map_or('0', |digit| char::from(b'0'.saturating_add(*digit)))
    }

    /// The digits before the point, `0` if there are none.
    pub fn whole(&self) -> String {
        if self.point <= 0 {
            return "0".into();
        }
        (0..self.point).map(|at| self.digit(at)).collect()
    }

    /// The digits behind the point: so many, or all, at least one.
    pub fn fraction(&self, places: Option<i64>) -> String {
        let all = self.count().saturating_sub(self.point).max(1);
        let places = places.unwrap_or(all).clamp(0, 100_000);
        (0..places)
            .map(|at| self.digit(self.point.saturating_add(at)))
            .collect()
    }
}

/// A sign that is always, or only for negative numbers, there.
pub fn sign(negative: bool, always: bool) -> &'static str {
    match (negative, always) {
        (true, _) => "-",
        (false, true) => "+",
        (false, false) => "",
    }
}

/// `~w,d,k,o,pF` without its padding: `None` if it is wider than allowed.
pub fn fixed(
    mut decimal: Decimal,
    width: Option<i64>,
    places: Option<i64>,
    always: bool,
) -> (String, bool) {
    let length = |text: &str| i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let write = |decimal: &Decimal, places: Option<i64>| {
        format!(
            "{}{}.{}",
            sign(decimal.negative, always),
            decimal.whole(),
            decimal.fraction(places)
        )
    };
    let Some(places) = places else {
        let full = write(&decimal, None);
        let Some(width) = width.filter(|width| length(&full) > *width) else {
            return (full, true);
        };
        // As many digits as fit, if the whole part and the point do.
        let before = length(&full)
            .saturating_sub(length(&decimal.fraction(None)))
            .max(0);
        if before > width {
            return (full, false);
        }
        let places = width.saturating_sub(before);
        decimal.round(places);
        let shorter = write(&decimal, Some(places));
        return (shorter, true);
    };
    decimal.round(places);
    let full = write(&decimal, Some(places));
    match width {
        Some(width) if length(&full) > width => {
            // The zero before the point may go.
            let sign = sign(decimal.negative, always);
            if decimal.whole() == "0" && places > 0 {
                let shorter = format!("{sign}.{}", decimal.fraction(Some(places)));
                let fits = length(&shorter) <= width;
                return (shorter, fits);
            }
            (full, false)
        }
        _ => (full, true),
    }
}

/// `~w,d,e,k,o,p,xE` without its padding.
pub fn exponential(
    mut decimal: Decimal,
    places: Option<i64>,
    exponent_digits: Option<i64>,
    scale: i64,
    letter: char,
    always: bool,
) -> String {
    let scale = scale.clamp(-100, 100);
    let mut exponent = if decimal.is_zero() {
        0
    } else {
        decimal.point().saturating_sub(scale)
    };
    decimal.scale(exponent.saturating_neg());
    let places = places.map(|places| {
        if scale > 0 {
            places.saturating_sub(scale).saturating_add(1)
        } else {
            places
        }
    });
    if let Some(places) = places {
        decimal.round(places);
        if !decimal.is_zero() && decimal.point() > scale {
            decimal.scale(-1);
            exponent = exponent.saturating_add(1);
        }
    }
    let mut digits = exponent.unsigned_abs().to_string();
    while exponent_digits
        .is_some_and(|count| i64::try_from(digits.len()).unwrap_or(i64::MAX) < count.min(100))
    {
        digits.insert(0, '0');
    }
    format!(
        "{}{}.{}{letter}{}{digits}",
        sign(decimal.negative, always),
        decimal.whole(),
        decimal.fraction(places),
        if exponent < 0 { '-' } else { '+' }
    )
}
