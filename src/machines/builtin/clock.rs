//! Time.

mod zone;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::arguments::Arguments;
use super::system::item;
use super::{Constants, Table};
use crate::machines::dependency;
use crate::machines::engine::{
    Answer, Fault, Value, View, boolean, from_vector, integer, pair, raise, text, unspecified,
    vector_items, vector_set, view,
};

use zone::Offset;

/// A procedure that changes an item of a vector.
macro_rules! set_item {
    ($name:literal, $index:literal) => {
        ($name, |values: &[Value]| -> Answer {
            let arguments = Arguments::exactly($name, values, 2)?;
            vector_set(arguments.value(0)?, $index, arguments.value(1)?.clone())
                .ok_or_else(|| arguments.wrong(0, "vector"))?;
            Ok(unspecified())
        })
    };
}

pub const TABLE: Table = &[
    ("current-time", |values| {
        Arguments::exactly("current-time", values, 0)?;
        Ok(seconds(now()))
    }),
    ("gettimeofday", |values| {
        Arguments::exactly("gettimeofday", values, 0)?;
        let now = now();
        Ok(pair(seconds(now), integer(i64::from(now.subsec_micros()))))
    }),
    ("get-internal-real-time", |values| {
        Arguments::exactly("get-internal-real-time", values, 0)?;
        Ok(nanoseconds(now()))
    }),
    ("get-internal-run-time", |values| {
        Arguments::exactly("get-internal-run-time", values, 0)?;
        Ok(nanoseconds(now()))
    }),
    ("times", times),
    item!("tms:clock", 0),
    item!("tms:utime", 1),
    item!("tms:stime", 2),
    item!("tms:cutime", 3),
    item!("tms:cstime", 4),
    ("sleep", |values| {
        sleep("sleep", values, Duration::from_secs)
    }),
    ("usleep", |values| {
        sleep("usleep", values, Duration::from_micros)
    }),
    ("localtime", localtime),
    ("gmtime", |values| {
        let arguments = Arguments::exactly("gmtime", values, 1)?;
        broken_down(arguments.integer(0)?, &Offset::utc("GMT"))
            .map(BrokenDown::into_value)
            .ok_or_else(|| arguments.out_of_range(0))
    }),
    ("mktime", mktime),
    ("tzset", |_| Ok(unspecified())),
    ("strftime", strftime),
    item!("tm:sec", 0),
    item!("tm:min", 1),
    item!("tm:hour", 2),
    item!("tm:mday", 3),
    item!("tm:mon", 4),
    item!("tm:year", 5),
    item!("tm:wday", 6),
    item!("tm:yday", 7),
    item!("tm:isdst", 8),
    item!("tm:gmtoff", 9),
    item!("tm:zone", 10),
    set_item!("set-tm:sec", 0),
    set_item!("set-tm:min", 1),
    set_item!("set-tm:hour", 2),
    set_item!("set-tm:mday", 3),
    set_item!("set-tm:mon", 4),
    set_item!("set-tm:year", 5),
    set_item!("set-tm:wday", 6),
    set_item!("set-tm:yday", 7),
    set_item!("set-tm:isdst", 8),
    set_item!("set-tm:gmtoff", 9),
    set_item!("set-tm:zone", 10),
];

/// The values that are no procedures.
pub const VALUES: Constants = &[("internal-time-units-per-second", || integer(1_000_000_000))];

fn now() -> Duration {
    dependency::note_uncacheable("the clock");
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

fn seconds(time: Duration) -> Value {
    integer(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

fn nanoseconds(time: Duration) -> Value {
    integer(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX))
}

fn times(values: &[Value]) -> Answer {
    Arguments::exactly("times", values, 0)?;
    let mut items = vec![nanoseconds(now())];
    items.extend(std::iter::repeat_n(integer(0), 4));
    Ok(from_vector(items))
}

/// The parent's clock ends what sleeps too long.
fn sleep(name: &'static str, values: &[Value], unit: fn(u64) -> Duration) -> Answer {
    let arguments = Arguments::exactly(name, values, 1)?;
    let count = u64::try_from(arguments.integer(0)?).map_err(|_| arguments.out_of_range(0))?;
    std::thread::sleep(unit(count));
    Ok(integer(0))
}

/// A time by its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct BrokenDown {
    second: i64,
    minute: i64,
    hour: i64,
    day: i64,
    /// From 0.
    month: i64,
    /// Since 1900.
    year: i64,
    /// From Sunday.
    weekday: i64,
    /// From 0.
    yearday: i64,
    summer: i64,
    /// Seconds west of Greenwich.
    west: i64,
    zone: Option<String>,
}

impl BrokenDown {
    fn into_value(self) -> Value {
        from_vector(vec![
            integer(self.second),
            integer(self.minute),
            integer(self.hour),
            integer(self.day),
            integer(self.month),
            integer(self.year),
            integer(self.weekday),
            integer(self.yearday),
            integer(self.summer),
            integer(self.west),
            self.zone.map_or_else(|| boolean(false), text),
        ])
    }

    fn of(value: &Value) -> Option<Self> {
        let items = vector_items(value)?;
        let number = |index: usize| match view(items.get(index)?) {
            View::Integer(n) => Some(n),
            _ => None,
        };
        Some(Self {
            second: number(0)?,
            minute: number(1)?,
            hour: number(2)?,
            day: number(3)?,
            month: number(4)?,
            year: number(5)?,
            weekday: number(6)?,
            yearday: number(7)?,
            summer: number(8)?,
            west: number(9)?,
            zone: match view(items.get(10)?) {
                View::Text(zone) => Some(zone.to_string()),
                _ => None,
            },
        })
    }

    /// Seconds since 1970 if it is Greenwich's time; parts may be out of
    /// their usual range.
    fn seconds(&self) -> Option<i64> {
        let months = self.year.checked_mul(12)?.checked_add(self.month)?;
        let year = months.div_euclid(12).checked_add(1900)?;
        let days = days_before(year, months.rem_euclid(12))?;
        days.checked_add(self.day.checked_sub(1)?)?
            .checked_mul(86400)?
            .checked_add(self.hour.checked_mul(3600)?)?
            .checked_add(self.minute.checked_mul(60)?)?
            .checked_add(self.second)
    }
}

/// Days from 1970 to the first of a month, from 0.
fn days_before(year: i64, month: i64) -> Option<i64> {
    // Years that begin in March: then the leap day is the last one.
    let month = month.checked_add(1)?;
    let year = if month <= 2 {
        year.checked_sub(1)?
    } else {
        year
    };
    let from_march = (month.checked_add(9)?).rem_euclid(12);
    let day = (from_march.checked_mul(153)?.checked_add(2)?).div_euclid(5);
    year.checked_mul(365)?
        .checked_add(year.div_euclid(4))?
        .checked_sub(year.div_euclid(100))?
        .checked_add(year.div_euclid(400))?
        .checked_add(day)?
        .checked_sub(719_468)
}

/// A time in a zone.
fn broken_down(time: i64, offset: &Offset) -> Option<BrokenDown> {
    let local = time.checked_add(offset.east)?;
    let (days, rest) = (local.div_euclid(86400), local.rem_euclid(86400));
    // Howard Hinnant's way back from days to dates.
    let shifted = days.checked_add(719_468)?;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2).rem_euclid(12);
    let year = era
        .checked_mul(400)?
        .checked_add(year_of_era)?
        .checked_add(i64::from(month < 2))?;
    Some(BrokenDown {
        second: rest % 60,
        minute: rest / 60 % 60,
        hour: rest / 3600,
        day,
        month,
        year: year.checked_sub(1900)?,
        weekday: days.checked_add(4)?.rem_euclid(7),
        yearday: days.checked_sub(days_before(year, 0)?)?,
        summer: i64::from(offset.summer),
        west: offset.east.checked_neg()?,
        zone: Some(offset.name.clone()),
    })
}

/// The zone that an optional argument names, else that of the host.
fn zone_of(arguments: &Arguments<'_>, index: usize) -> Result<Option<String>, Fault> {
    match arguments.optional(index) {
        Some(_) => arguments.text(index).map(|name| Some(name.to_string())),
        None => Ok(None),
    }
}

/// `(localtime TIME ZONE)`
fn localtime(values: &[Value]) -> Answer {
    let arguments = Arguments::between("localtime", values, 1, 2)?;
    let time = arguments.integer(0)?;
    let zone = zone_of(&arguments, 1)?;
    let offset = zone::offset(time, zone.as_deref());
    broken_down(time, &offset)
        .map(BrokenDown::into_value)
        .ok_or_else(|| arguments.out_of_range(0))
}

/// `(mktime PARTS ZONE)`: the seconds, and the parts in their usual ranges.
fn mktime(values: &[Value]) -> Answer {
    let arguments = Arguments::between("mktime", values, 1, 2)?;
    let parts = BrokenDown::of(arguments.value(0)?)
        .ok_or_else(|| arguments.wrong(0, "broken-down time vector"))?;
    let zone = zone_of(&arguments, 1)?;
    let wrong = || arguments.out_of_range(0);
    let local = parts.seconds().ok_or_else(wrong)?;
    // The offset depends on the time that is asked for: twice is enough but
    // within the hour of a change.
    let guess = local.saturating_sub(zone::offset(local, zone.as_deref()).east);
    let time = local.saturating_sub(zone::offset(guess, zone.as_deref()).east);
    let offset = zone::offset(time, zone.as_deref());
    let parts = broken_down(time, &offset).ok_or_else(wrong)?;
    Ok(pair(integer(time), parts.into_value()))
}

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `(strftime FORMAT PARTS)` in the C locale.
fn strftime(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("strftime", values, 2)?;
    let format = arguments.text(0)?;
    let time_value = arguments.value(1)?;
    let time = BrokenDown::of(time_value).ok_or_else(|| {
        raise::wrong_type_at("strftime", 2, "broken-down time vector", time_value)
    })?;
    let mut out = String::new();
    format_time(&format, &time, &mut out);
    Ok(text(out))
}

fn format_time(format: &str, time: &BrokenDown, out: &mut String) {
    let mut letters = format.chars();
    while let Some(c) = letters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let Some(mut letter) = letters.next() else {
            out.push('%');
            break;
        };
        // Flags of GNU's: no padding, and variants that C lacks.
        let plain = letter == '-';
        if matches!(letter, '-' | 'E' | 'O') {
            letter = letters.next().unwrap_or('%');
        }
        let mut part = String::new();
        directive(letter, time, &mut part);
        if plain {
            let trimmed = part.trim_start_matches(['0', ' ']);
            out.push_str(if trimmed.is_empty() { "0" } else { trimmed });
        } else {
            out.push_str(&part);
        }
    }
}

fn name_at<'a>(names: &[&'a str], index: i64) -> &'a str {
    usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index).copied())
        .unwrap_or("?")
}

fn directive(letter: char, time: &BrokenDown, out: &mut String) {
    let year = time.year.saturating_add(1900);
    let hour12 = match time.hour.rem_euclid(12) {
        0 => 12,
        hour => hour,
    };
    let short = |name: &str| name.get(..3).unwrap_or(name).to_owned();
    let weekday_from_monday = (time.weekday.saturating_add(6)).rem_euclid(7);
    let week = |weekday: i64| {
        time.yearday
            .saturating_add(7)
            .saturating_sub(weekday)
            .div_euclid(7)
    };
    let composite = |format: &str| {
        let mut part = String::new();
        format_time(format, time, &mut part);
        part
    };
    let part = match letter {
        'a' => short(name_at(&DAYS, time.weekday)),
        'A' => name_at(&DAYS, time.weekday).into(),
        'b' | 'h' => short(name_at(&MONTHS, time.month)),
        'B' => name_at(&MONTHS, time.month).into(),
        'c' => composite("%a %b %e %H:%M:%S %Y"),
        'C' => format!("{:02}", year.div_euclid(100)),
        'd' => format!("{:02}", time.day),
        'D' | 'x' => composite("%m/%d/%y"),
        'e' => format!("{:2}", time.day),
        'F' => composite("%Y-%m-%d"),
        'g' => format!("{:02}", iso_week(time).0.rem_euclid(100)),
        'G' => iso_week(time).0.to_string(),
        'H' => format!("{:02}", time.hour),
        'I' => format!("{hour12:02}"),
        'j' => format!("{:03}", time.yearday.saturating_add(1)),
        'k' => format!("{:2}", time.hour),
        'l' => format!("{hour12:2}"),
        'm' => format!("{:02}", time.month.saturating_add(1)),
        'M' => format!("{:02}", time.minute),
        'n' => "\n".into(),
        'p' => if time.hour < 12 { "AM" } else { "PM" }.into(),
        'P' => if time.hour < 12 { "am" } else { "pm" }.into(),
        'r' => composite("%I:%M:%S %p"),
        'R' => composite("%H:%M"),
        's' => time
            .seconds()
            .and_then(|seconds| seconds.checked_add(time.west))
            .unwrap_or_default()
            .to_string(),
        'S' => format!("{:02}", time.second),
        't' => "\t".into(),
        'T' | 'X' => composite("%H:%M:%S"),
        'u' => weekday_from_monday.saturating_add(1).to_string(),
        'U' => format!("{:02}", week(time.weekday)),
        'V' => format!("{:02}", iso_week(time).1),
        'w' => time.weekday.to_string(),
        'W' => format!("{:02}", week(weekday_from_monday)),
        'y' => format!("{:02}", year.rem_euclid(100)),
        'Y' => year.to_string(),
        'z' => {
            let east = time.west.saturating_neg();
            let sign = if east < 0 { '-' } else { '+' };
            let minutes = east.saturating_abs() / 60;
            format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
        }
        'Z' => time.zone.clone().unwrap_or_default(),
        '%' => "%".into(),
        other => format!("%{other}"),
    };
    out.push_str(&part);
}

/// Year and number of the week by ISO 8601.
fn iso_week(time: &BrokenDown) -> (i64, i64) {
    let year = time.year.saturating_add(1900);
    let from_monday = time.weekday.saturating_add(6).rem_euclid(7);
    // The Thursday of the week decides.
    let thursday = time.yearday.saturating_sub(from_monday).saturating_add(3);
    let length = |year: i64| {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        if leap { 366 } else { 365 }
    };
    if thursday < 0 {
        let last = year.saturating_sub(1);
        return (
            last,
            thursday
                .saturating_add(length(last))
                .div_euclid(7)
                .saturating_add(1),
        );
    }
    if thursday >= length(year) {
        return (year.saturating_add(1), 1);
    }
    (year, thursday.div_euclid(7).saturating_add(1))
}
