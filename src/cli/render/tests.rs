use super::*;
use crate::machines::record::{Location, Position};
use unicode_width::UnicodeWidthStr;

const PLAIN: Style = Style {
    colours: false,
    width: 80,
};

fn marked(line: &str, column: u32, end: Option<(u32, u32)>) -> String {
    let start = Position { line: 1, column };
    let end = end.map(|(line, column)| Position { line, column });
    let (shown, marker) = excerpt(line, start, end, PLAIN);
    format!("{shown}\n{marker}")
}

#[test]
fn the_marker_is_under_the_expression() {
    assert_eq!(
        marked("(list (car 1))", 6, Some((1, 13))),
        "  (list (car 1))\n        ^^^^^^^"
    );
    // Tabs go to the next multiple of 8; wide characters take two columns.
    assert_eq!(
        marked("\t(f \"日本\" é x)", 18, Some((1, 19))),
        "          (f \"日本\" é x)\n                      ^"
    );
    // Several lines: to the end of the first, without the spaces behind.
    assert_eq!(marked("  (list  ", 2, Some((2, 3))), "    (list\n    ^^^^^");
    // No end, or one before the beginning.
    assert_eq!(marked("ab", 1, None), "  ab\n   ^");
    assert_eq!(marked("ab", 1, Some((1, 0))), "  ab\n   ^");
    // Behind the line's end.
    assert_eq!(marked("ab", 9, None), "  ab\n    ^");
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    assert_eq!(
        marked("(a \"\u{1b}[2J\u{202e}\" b)", 10, Some((1, 11))),
        "  (a \"\u{fffd}[2J\u{fffd}\" b)\n            ^"
    );
}

#[test]
fn long_lines_are_cut_around_the_marker() {
    let line = format!("(list {} (car 1) {})", "x ".repeat(200), "y ".repeat(200));
    let column = u32::try_from(line.find("(car").unwrap()).unwrap();
    let start = Position { line: 1, column };
    let end = Position {
        line: 1,
        column: column + 7,
    };
    let (shown, marker) = excerpt(&line, start, Some(end), PLAIN);
    assert!(shown.width() <= 80 && marker.width() <= 80, "{shown}");
    assert!(shown.starts_with("  …") && shown.ends_with('…'));
    let at = marker.find('^').unwrap();
    let under: String = shown.chars().skip(at).take(7).collect();
    assert_eq!(under, "(car 1)");
    assert_eq!(marker.matches('^').count(), 7);
    let whole = Position {
        line: 1,
        column: u32::MAX,
    };
    let first = Position { line: 1, column: 0 };
    let (shown, marker) = excerpt(&line, first, Some(whole), PLAIN);
    assert!(shown.width() <= 80 && marker.width() <= 80, "{marker}");
}

#[test]
fn colours_only_where_they_are_wanted() {
    let location = Location {
        file: "m.scm".into(),
        line: 1,
        column: 0,
    };
    let diagnostic = Diagnostic::error("x", "bad\u{1b}")
        .at(Some(location))
        .until(Some(Position { line: 1, column: 2 }))
        .with_help("good");
    let mut texts = Texts::default();
    texts.add("m.scm", b"(a)");
    let plain = super::diagnostic(&diagnostic, "m.scm", &mut texts, PLAIN);
    assert_eq!(
        plain,
        "m.scm:1:0: error: bad\\u{1b} [machines::x]\n  (a)\n  ^^\n  help: good\n"
    );
    let whole = Diagnostic::warning("y", "odd");
    assert_eq!(
        super::diagnostic(&whole, "a\nb", &mut texts, PLAIN),
        "a\\nb:1:0: warning: odd [machines::y]\n"
    );
    let style = Style {
        colours: true,
        ..PLAIN
    };
    let coloured = super::diagnostic(&diagnostic, "m.scm", &mut texts, style);
    assert!(coloured.starts_with("m.scm:1:0: \u{1b}[1;31merror:\u{1b}[0m "));
    assert!(coloured.contains("\u{1b}[1;31m  ^^\u{1b}[0m\n"));
}

#[test]
fn nothing_panics_whatever_the_place() {
    use proptest::prelude::*;
    proptest!(|(line in "[a\t日\u{301}\u{7}\r(]{0,120}", column in 0u32..200, end in proptest::option::of((0u32..3, 0u32..200)), width in 0usize..100)| {
        let start = Position { line: 1, column };
        let end = end.map(|(line, column)| Position { line, column });
        let (_, marker) = excerpt(&line, start, end, Style { colours: false, width });
        prop_assert!(marker.contains('^'));
    });
}
