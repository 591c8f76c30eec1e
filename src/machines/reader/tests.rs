use proptest::prelude::*;

use super::*;
use crate::machines::datum::Number;

fn read(text: &str) -> Vec<String> {
    read_all(text, 0, 100)
        .unwrap()
        .iter()
        .map(Datum::written)
        .collect()
}

fn refused(text: &str) -> (Problem, u32) {
    let error = read_all(text, 0, 100).unwrap_err();
    (error.problem, error.span.start)
}

#[test]
fn data_of_all_kinds() {
    assert_eq!(
        read("a #:key \"s\\n\" #\\a #t #nil 1.5 (a . b) [1 2] #(1 2) #vu8(1 255) '() `(a ,b ,@c)"),
        [
            "a",
            "#:key",
            "\"s\\n\"",
            "#\\a",
            "#t",
            "#nil",
            "1.5",
            "(a . b)",
            "(1 2)",
            "#(1 2)",
            "#vu8(1 255)",
            "(quote ())",
            "(quasiquote (a (unquote b) (unquote-splicing c)))"
        ]
    );
    assert_eq!(
        read("(f . (1 2)) (a . (b . c)) %x -> 1+ ... a.b |a b|"),
        [
            "(f 1 2)",
            "(a b . c)",
            "%x",
            "->",
            "#{1+}#",
            "...",
            "a.b",
            "|a",
            "b|"
        ]
    );
    assert_eq!(
        read("#{a b}# #!fold-case ABC #!no-fold-case ABC"),
        ["#{a b}#", "abc", "ABC"]
    );
}

#[test]
fn comments_of_all_kinds() {
    assert_eq!(
        read("#!/usr/bin/guile !# 1 ; (\n#| a #| b |# \" |# 2 #;(3 4) 5 #; #; 6 7 8 ; end"),
        ["1", "2", "5", "8"]
    );
    assert_eq!(read("(a #;b)"), ["(a)"]);
}

#[test]
fn strings_have_guiles_escapes() {
    let text = |source: &str| match &read_all(source, 0, 9).unwrap()[0].kind {
        Kind::Text(text) => text.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(text(r#""\x41;""#), "A;");
    assert_eq!(text(r#""\u03bb\U01F980""#), "λ🦀");
    assert_eq!(text("\"a\\\n  b\""), "a  b");
    assert_eq!(text("\"a\r\nb\""), "a\r\nb");
}

#[test]
fn characters_by_name_and_number() {
    assert_eq!(
        read(r"#\space #\x41 #\101 #\λ #\( #\nul #\x"),
        [r"#\space", r"#\A", r"#\A", r"#\λ", r"#\(", r"#\nul", r"#\x"]
    );
}

#[test]
fn errors_point_to_the_character() {
    assert_eq!(refused("(a (b)"), (Problem::Unclosed('('), 0));
    assert_eq!(refused("(a (b"), (Problem::Unclosed('('), 3));
    assert_eq!(refused("a )"), (Problem::Unexpected(')'), 2));
    assert_eq!(
        refused("(a ]"),
        (
            Problem::Mismatched {
                opened: '(',
                found: ']'
            },
            3
        )
    );
    assert_eq!(refused(" \"abc"), (Problem::UnclosedText, 1));
    assert_eq!(refused("x #| a"), (Problem::UnclosedComment("#|"), 2));
    assert_eq!(refused("\"a\\q\""), (Problem::BadEscape("q".into()), 2));
    assert_eq!(refused("(a . )"), (Problem::BadDot, 3));
    assert_eq!(refused("(. a b)"), (Problem::BadDot, 5));
    assert_eq!(refused("(a . b c)"), (Problem::BadDot, 7));
    assert_eq!(refused("(a ')"), (Problem::NothingAfter("'"), 3));
    assert_eq!(refused("#<x>"), (Problem::BadHash("<x>".into()), 0));
    assert_eq!(refused("#: 1"), (Problem::BadKeyword("#:"), 0));
    assert_eq!(refused("#{a"), (Problem::UnclosedSymbol("#{"), 0));
    assert_eq!(
        refused("#2((1))"),
        (Problem::UnsupportedArray("2(…)".into()), 0)
    );
    assert_eq!(refused("#\\foo"), (Problem::BadCharacter("foo".into()), 0));
    assert_eq!(refused("1+2i").0, Problem::UnsupportedNumber("1+2i".into()));
    assert_eq!(refused("#vu8(256)").0, Problem::BadByte);
}

fn guessed(text: &str) -> (u32, String) {
    let error = read_all(text, 0, 100).unwrap_err();
    (error.span.start, error.help.unwrap_or_default())
}

#[test]
fn indentation_tells_where_a_parenthesis_is_missing() {
    let missing = |line| format!("by the indentation, a `)` is missing at the end of line {line}");
    assert_eq!(
        guessed("(define a (list 1 2)\n\n(define b 2)\n(list a b)\n"),
        (0, missing(1))
    );
    let text = "(list\n  (build-machine\n    (name \"a\")\n    (user \"u\"\n    (port 22))\n  (build-machine\n    (name \"b\")))\n";
    assert_eq!(
        guessed(text),
        (offset(text.find("(user").unwrap()), missing(4))
    );
    assert_eq!(
        guessed("(list\n (a\n  (b 1\n (c))"),
        (
            12,
            "by the indentation, 2 `)` are missing at the end of line 3".into()
        )
    );
    assert_eq!(
        guessed("(list #vu8(1 2\n           3)"),
        (0, "the file ends before it is closed".into())
    );
    assert_eq!(
        guessed("(list #(1 2\n  3"),
        (
            6,
            "by the indentation, a `)` is missing at the end of line 1".into()
        )
    );
    assert_eq!(
        guessed("(list (a))\n      (b))"),
        (
            9,
            "the form of line 1 ends here already, but line 2 is indented as if it belonged to \
             it; so the `)` in line 2 closes nothing"
                .into()
        )
    );
    assert_eq!(guessed("(list\n [a)"), (9, "write `]`".into()));
    assert_eq!(
        guessed("(list\n [a\n  b)"),
        (13, "write `]`: the `[` is in line 2".into())
    );
}

#[test]
fn a_long_broken_line_is_no_work() {
    let text = format!("(list {}", "(a 1) ".repeat(20_000));
    assert_eq!(refused(&text).1, 0);
    let text = format!(
        "(list {}\n{}",
        "(a 1) ".repeat(10_000),
        "(b)\n".repeat(5_000)
    );
    assert_eq!(refused(&text).1, 0);
    let text = "(a\n".repeat(300);
    assert!(read_all(&text, 0, 400).is_err());
}

#[test]
fn options_hold_for_what_follows() {
    assert_eq!(
        read("(read-set! keywords 'prefix) :a :b: a:")[1..],
        ["#:a", "#:b:", "a:"]
    );
    assert_eq!(
        read("(read-set! keywords 'postfix) :a a: : +a:")[1..],
        [":a", "#:a", ":", "+a:"]
    );
    assert_eq!(
        read("(read-enable 'r7rs-symbols) |a b| |a\\x41;| a|b (read-disable 'r7rs-symbols) |a")
            [1..4],
        ["#{a b}#", "aA", "a|b"]
    );
    assert_eq!(read("(read-disable 'square-brackets) a[b] (a)").len(), 3);
    assert_eq!(read("(list (read-set! keywords 'prefix)) :a")[1], ":a");
    // What the program sets while it runs is for its own reading.
    options::set_keywords(options::Keywords::Prefix);
    assert_eq!(read(":a"), [":a"]);
    let mut reader = Reader::new(":a", 0, 9).as_set();
    assert_eq!(reader.read().unwrap().unwrap().written(), "#:a");
    options::reset();
    assert!(!options::set("no-such-option", true));
}

#[test]
fn braces_are_infix_where_that_is_switched_on() {
    assert_eq!(
        read("#!curly-infix {a + b + c} {a + b * c} {} {a} {a b} {f(x y) * g[i]} {a{b + c}} (f)"),
        [
            "(+ a b c)",
            "($nfx$ a + b * c)",
            "()",
            "a",
            "(a b)",
            "(* (f x y) ($bracket-apply$ g i))",
            "(a (+ b c))",
            "(f)"
        ]
    );
    assert_eq!(read("{a}").len(), 1);
    assert_eq!(
        read("#!curly-infix-and-bracket-lists [a b]"),
        ["($bracket-list$ a b)"]
    );
}

#[test]
fn booleans_and_symbols_touch_what_follows() {
    assert_eq!(
        read("#tx #trueish #f16 #T"),
        ["#t", "x", "#t", "ish", "#f", "16", "#t"]
    );
    let symbol = |text| read_all(text, 0, 9).unwrap()[0].symbol().cloned().unwrap();
    assert_eq!(&*symbol("a'b"), "a'b");
    assert_eq!(&*symbol("a\u{b}b"), "a\u{b}b");
    assert_eq!(read("#{a\\x20;b\\}#}#"), ["#{a b\\x7d;#}#"]);
    assert_eq!(read("#1(a b)"), ["#(a b)"]);
    assert_eq!(read("#: a"), ["#:a"]);
}

#[test]
fn nesting_is_bounded() {
    assert!(read_all(&"(".repeat(101), 0, 100).is_err());
    assert_eq!(refused(&"'".repeat(200)).0, Problem::TooDeep(100));
    assert_eq!(refused(&"#;".repeat(200)).0, Problem::TooDeep(100));
    assert_eq!(
        read(&format!("{}{}", "(".repeat(100), ")".repeat(100))).len(),
        1
    );
}

fn any_datum() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z!?*<>=/+%-][a-z0-9!?*<>=/+%-]{0,6}".prop_filter(
            "-i and its like are complex numbers, which are refused",
            |symbol| !(symbol.starts_with(['+', '-']) && symbol.ends_with('i')),
        ),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(super::super::datum::written_real),
        any::<String>().prop_map(|s| super::super::datum::written_text(&s)),
        any::<char>().prop_map(super::super::datum::written_character),
        Just("#t".to_owned()),
        Just("#:key".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("({})", items.join(" "))),
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("#({})", items.join("\n\t"))),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a} . {b})")),
        ]
    })
}

/// Like `written`, but without cutting what is long.
fn full(datum: &Datum) -> String {
    let items = |items: &[Datum]| items.iter().map(full).collect::<Vec<_>>().join(" ");
    match &datum.kind {
        Kind::List(list) => format!("({})", items(list)),
        Kind::Dotted(list, tail) => format!("({} . {})", items(list), full(tail)),
        Kind::Vector(list) => format!("#({})", items(list)),
        Kind::Text(text) => super::super::datum::written_text(text),
        Kind::Number(number) => number.written(),
        _ => datum.written(),
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(text in any_datum()) {
        let once = read_all(&text, 0, 100).unwrap();
        let again: String = once.iter().map(full).collect();
        let twice = read_all(&again, 0, 100).unwrap();
        prop_assert_eq!(again, twice.iter().map(full).collect::<String>());
        prop_assert_eq!(once.len(), twice.len());
    }

    #[test]
    fn reals_keep_their_value(x in any::<f64>()) {
        let text = super::super::datum::written_real(x);
        match number::parse(&text, 10) {
            Some(Ok(Number::Real(y))) => prop_assert!(x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan())),
            other => prop_assert!(false, "{text}: {other:?}"),
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        drop(read_all(&text, 0, 50));
    }

    #[test]
    fn no_scheme_like_text_makes_it_panic(text in "[()\\[\\] #;|\"'`,.a1\\\\x{}!:~$/e+-]{0,60}") {
        drop(read_all(&text, 0, 50));
    }
}
