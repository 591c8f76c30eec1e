//! What (guix platform) and (guix utils) know of systems.

use std::cmp::Ordering;

use super::Table;
use super::arguments::Arguments;
use super::records;
use crate::machines::engine::{Answer, Value, boolean, from_list, integer, text};

pub const TABLE: Table = &[
    ("%system", system),
    ("%platforms", platforms),
    ("%compare-versions", compare_versions),
];

/// Target, system, Linux's architecture, Rust's target, dynamic linker.
type Row = [&'static str; 5];

/// The platforms of Guix 1.5.0 in its order; empty is `#f`.
const PLATFORMS: &[Row] = &[
    ["xtensa-ath9k-elf", "", "", "", ""],
    [
        "i586-pc-gnu",
        "i586-gnu",
        "",
        "i686-unknown-hurd-gnu",
        "/lib/ld.so.1",
    ],
    ["x86_64-w64-mingw32", "", "", "x86_64-pc-windows-gnu", ""],
    [
        "x86_64-linux-gnux32",
        "",
        "x86_64",
        "x86_64-unknown-linux-gnux32",
        "/lib/ld-linux-x32.so.2",
    ],
    [
        "x86_64-pc-gnu",
        "x86_64-gnu",
        "",
        "x86_64-unknown-hurd-gnu",
        "/lib/ld-x86-64.so.1",
    ],
    [
        "x86_64-linux-gnu",
        "x86_64-linux",
        "x86_64",
        "x86_64-unknown-linux-gnu",
        "/lib/ld-linux-x86-64.so.2",
    ],
    [
        "i686-linux-gnu",
        "i686-linux",
        "i386",
        "i686-unknown-linux-gnu",
        "/lib/ld-linux.so.2",
    ],
    ["i686-w64-mingw32", "", "", "i686-pc-windows-gnu", ""],
    [
        "riscv64-linux-gnu",
        "riscv64-linux",
        "riscv",
        "riscv64gc-unknown-linux-gnu",
        "/lib/ld-linux-riscv64-lp64d.so.1",
    ],
    [
        "powerpc64le-linux-gnu",
        "powerpc64le-linux",
        "powerpc",
        "powerpc64le-unknown-linux-gnu",
        "/lib/ld64.so.2",
    ],
    [
        "powerpc64-linux-gnu",
        "",
        "powerpc",
        "powerpc64-unknown-linux-gnu",
        "/lib/ld64.so.1",
    ],
    [
        "powerpc-linux-gnu",
        "powerpc-linux",
        "powerpc",
        "powerpc-unknown-linux-gnu",
        "/lib/ld.so.1",
    ],
    ["or1k-elf", "", "", "", ""],
    [
        "mips64el-linux-gnu",
        "mips64el-linux",
        "mips",
        "mips64el-unknown-linux-gnuabi64",
        "/lib/ld.so.1",
    ],
    [
        "loongarch64-linux-gnu",
        "",
        "loongarch",
        "loongarch64-unknown-linux-gnu",
        "/lib/ld-linux-loongarch-lp64d.so.1",
    ],
    ["avr", "", "", "", ""],
    [
        "arm-linux-gnueabihf",
        "armhf-linux",
        "arm",
        "armv7-unknown-linux-gnueabihf",
        "/lib/ld-linux-armhf.so.3",
    ],
    [
        "aarch64-linux-gnu",
        "aarch64-linux",
        "arm64",
        "aarch64-unknown-linux-gnu",
        "/lib/ld-linux-aarch64.so.1",
    ],
];

/// `(%system)`: the system that this program was built for.
fn system(values: &[Value]) -> Answer {
    Arguments::exactly("%current-system", values, 0)?;
    Ok(text(SYSTEM))
}

/// The system that this program is for.
const SYSTEM: &str = if cfg!(target_arch = "aarch64") {
    "aarch64-linux"
} else if cfg!(target_arch = "x86") {
    "i686-linux"
} else if cfg!(target_arch = "arm") {
    "armhf-linux"
} else if cfg!(target_arch = "riscv64") {
    "riscv64-linux"
} else if cfg!(target_arch = "powerpc64") {
    "powerpc64le-linux"
} else if cfg!(target_arch = "powerpc") {
    "powerpc-linux"
} else if cfg!(target_arch = "mips64") {
    "mips64el-linux"
} else {
    "x86_64-linux"
};

/// `(%platforms)`
fn platforms(values: &[Value]) -> Answer {
    Arguments::exactly("platforms", values, 0)?;
    let all = PLATFORMS.iter().map(|row| {
        let fields = row.iter().map(|field| {
            if field.is_empty() {
                boolean(false)
            } else {
                text(*field)
            }
        });
        records::standard("<platform>", fields.collect())
    });
    Ok(from_list(all.collect()))
}

/// `(%compare-versions A B)`: -1, 0 or 1, as `strverscmp` of the GNU C library
/// has it.
fn compare_versions(values: &[Value]) -> Answer {
    let arguments = Arguments::exactly("version-compare", values, 2)?;
    Ok(integer(
        match versions(arguments.text(0)?.as_bytes(), arguments.text(1)?.as_bytes()) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        },
    ))
}

/// Digits compare as numbers; those that begin with a zero as fractions, where
/// more zeros are less.
fn versions(a: &[u8], b: &[u8]) -> Ordering {
    let at = |text: &[u8], index: usize| text.get(index).copied().unwrap_or(0);
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    if same == a.len() && same == b.len() {
        return Ordering::Equal;
    }
    // Where the digits begin that the difference belongs to.
    let common = a.get(..same).unwrap_or_default();
    let start = common
        .iter()
        .rposition(|c| !c.is_ascii_digit())
        .map_or(0, |last| last.saturating_add(1));
    let (c, d) = (at(a, same), at(b, same));
    let is_number = |text: &[u8]| matches!(at(text, start), b'1'..=b'9');
    if is_number(a) && is_number(b) {
        let digits = |text: &[u8]| {
            let rest = text.get(start..).unwrap_or_default();
            rest.iter().take_while(|c| c.is_ascii_digit()).count()
        };
        return digits(a).cmp(&digits(b)).then(c.cmp(&d));
    }
    let zeros = common.get(start..).unwrap_or_default();
    if !zeros.is_empty()
        && zeros.iter().all(|c| *c == b'0')
        && (c.is_ascii_digit() || d.is_ascii_digit())
    {
        // A digit is less than what is none.
        return c.wrapping_sub(b'0').cmp(&d.wrapping_sub(b'0'));
    }
    c.cmp(&d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_in_the_c_library() {
        for (a, b) in [
            ("1.2", "1.10"),
            ("1", "1.0"),
            ("2.0", "10"),
            ("1.0", "1.0a"),
            ("000", "00"),
            ("00", "01"),
            ("01", "010"),
            ("010", "09"),
            ("09", "0"),
            ("0", "1"),
            ("9", "10"),
        ] {
            assert_eq!(
                versions(a.as_bytes(), b.as_bytes()),
                Ordering::Less,
                "{a} {b}"
            );
            assert_eq!(
                versions(b.as_bytes(), a.as_bytes()),
                Ordering::Greater,
                "{b} {a}"
            );
        }
        assert_eq!(versions(b"1.2", b"1.2"), Ordering::Equal);
    }
}
