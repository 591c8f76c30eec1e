//! Numbers in English words and in Roman digits.

use num_bigint::BigInt;
use num_integer::Integer as _;
use num_traits::{Signed as _, ToPrimitive as _, Zero as _};

const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const THOUSANDS: [&str; 22] = [
    "",
    "thousand",
    "million",
    "billion",
    "trillion",
    "quadrillion",
    "quintillion",
    "sextillion",
    "septillion",
    "octillion",
    "nonillion",
    "decillion",
    "undecillion",
    "duodecillion",
    "tredecillion",
    "quattuordecillion",
    "quindecillion",
    "sexdecillion",
    "septendecillion",
    "octodecillion",
    "novemdecillion",
    "vigintillion",
];

fn word<'a>(words: &[&'a str], index: usize) -> &'a str {
    words.get(index).copied().unwrap_or_default()
}

/// Below a thousand.
fn small(n: usize) -> String {
    let (hundreds, rest) = n.div_rem(&100);
    let mut parts = Vec::new();
    if hundreds > 0 {
        parts.push(format!("{} hundred", word(&ONES, hundreds)));
    }
    if rest > 0 && rest < 20 {
        parts.push(word(&ONES, rest).to_owned());
    } else if rest > 0 {
        let (tens, ones) = rest.div_rem(&10);
        parts.push(if ones == 0 {
            word(&TENS, tens).to_owned()
        } else {
            format!("{}-{}", word(&TENS, tens), word(&ONES, ones))
        });
    }
    parts.join(" ")
}

/// `forty-two`; `None` for what has no name.
pub fn cardinal(n: &BigInt) -> Option<String> {
    if n.is_zero() {
        return Some("zero".into());
    }
    let thousand = BigInt::from(1000);
    let mut rest = n.abs();
    let mut parts = Vec::new();
    for name in THOUSANDS {
        let (others, group) = rest.div_rem(&thousand);
        rest = others;
        let group = group.to_usize()?;
        if group > 0 {
            parts.push(if name.is_empty() {
                small(group)
            } else {
                format!("{} {name}", small(group))
            });
        }
        if rest.is_zero() {
            parts.reverse();
            let sign = if n.is_negative() { "minus " } else { "" };
            return Some(format!("{sign}{}", parts.join(", ")));
        }
    }
    None
}

/// `forty-second`
pub fn ordinal(n: &BigInt) -> Option<String> {
    let words = cardinal(n)?;
    let at = words.rfind([' ', '-']).map_or(0, |at| at.saturating_add(1));
    let (before, last) = words.split_at_checked(at)?;
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".into(),
        "three" => "third".into(),
        "five" => "fifth".into(),
        "eight" => "eighth".into(),
        "nine" => "ninth".into(),
        "twelve" => "twelfth".into(),
        last => match last.strip_suffix('y') {
            Some(stem) => format!("{stem}ieth"),
            None => format!("{last}th"),
        },
    };
    Some(format!("{before}{last}"))
}

/// `XLII`, or in the old way without subtraction; `None` for what the Romans
/// could not write.
pub fn roman(n: &BigInt, old: bool) -> Option<String> {
    const NEW: [(usize, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut rest = n.to_usize().filter(|n| (1..1_000_000).contains(n))?;
    let mut out = String::new();
    for (value, digits) in NEW {
        if old && digits.len() > 1 {
            continue;
        }
        while rest >= value {
            rest = rest.saturating_sub(value);
            out.push_str(digits);
        }
    }
    Some(out)
}
