//! The reader against Guile's own on random texts.
//!
//! Needs Guile: `OFFLOAD_TEST_GUILE=guile cargo test --test reader`. Without
//! it the test shows as ignored. `OFFLOAD_TEST_READER_TEXTS` says how many
//! texts (2,000), `OFFLOAD_TEST_READER_SEED` which.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};
use offload::machines::datum::{Datum, Kind, written_text};
use offload::machines::engine::{from_literal, from_number, written_number};
use offload::machines::reader::{Problem, Reader};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Reads lines of hexadecimal digits, each a text, and prints what each reads
/// as: see `dumped`.
const PROGRAM: &str = r##"
(use-modules (ice-9 rdelim) (rnrs bytevectors) (ice-9 regex))
(set-port-encoding! (current-output-port) "UTF-8")
(define (decoded line)
  (let* ((n (quotient (string-length line) 2)) (bytes (make-bytevector n)))
    (do ((i 0 (+ i 1))) ((= i n) (utf8->string bytes))
      (bytevector-u8-set! bytes i
        (string->number (substring line (* 2 i) (+ 2 (* 2 i))) 16)))))
(define (codes text)
  (string-join (map (lambda (c) (number->string (char->integer c) 16)) (string->list text)) "."))
(define (dump x)
  (define (rest x)
    (cond ((null? x) ")")
          ((pair? x) (string-append " " (dump (car x)) (rest (cdr x))))
          (else (string-append " . " (dump x) ")"))))
  (cond ((eq? x #nil) "#nil")
        ((eq? x #t) "#t")
        ((eq? x #f) "#f")
        ((symbol? x) (string-append "y" (codes (symbol->string x))))
        ((keyword? x) (string-append "k" (codes (symbol->string (keyword->symbol x)))))
        ((string? x) (string-append "t" (codes x)))
        ((char? x) (string-append "c" (codes (string x))))
        ((and (number? x) (real? x)) (string-append "n" (number->string x)))
        ((null? x) "()")
        ((pair? x) (string-append "(" (dump (car x)) (rest (cdr x))))
        ((vector? x) (string-append "[" (string-join (map dump (vector->list x)) " ") "]"))
        ((and (bytevector? x) (string-match "^#(vu8|u8)" (object->string x)))
         (string-append "<" (string-join (map number->string (bytevector->u8-list x)) " ") ">"))
        (else "?")))
(define (all text)
  (call-with-input-string text
    (lambda (port)
      (let loop ((done '()))
        (let ((x (catch #t (lambda () (cons 'datum (read port))) (lambda _ 'error))))
          (cond ((eq? x 'error) (string-join (reverse (cons "!" done)) " "))
                ((eof-object? (cdr x)) (string-join (reverse done) " "))
                (else (loop (cons (dump (cdr x)) done)))))))))
(let loop ()
  (let ((line (read-line)))
    (unless (eof-object? line)
      (display (all (decoded line)))
      (newline)
      (loop))))
"##;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let guile = std::env::var_os("OFFLOAD_TEST_GUILE");
    let missing = guile.is_none();
    let mut trial = Trial::test("random_texts_read_as_guile_reads_them", move || {
        random_texts(&guile.unwrap_or_default())
    });
    if missing {
        trial = trial.with_kind("set OFFLOAD_TEST_GUILE to run");
    }
    libtest_mimic::run(&arguments, vec![trial.with_ignored_flag(missing)]).exit_code()
}

fn random_texts(guile: &OsString) -> Result<(), Failed> {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(Ok(default), |value| value.parse::<u64>())
    };
    let count = number("OFFLOAD_TEST_READER_TEXTS", 2000)?;
    let seed = number("OFFLOAD_TEST_READER_SEED", 1)?;
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = text();
    let mut texts = Vec::new();
    for _ in 0..count {
        texts.push(strategy.new_tree(&mut runner)?.current());
    }
    let theirs = read_by_guile(guile, &texts)?;
    let mut wrong = String::new();
    for (text, theirs) in texts.iter().zip(&theirs) {
        let ours = read_by_us(text);
        if !same(&ours, theirs) {
            writeln!(
                wrong,
                "{}\n  Guile: {theirs}\n  ours:  {ours}",
                written_text(text)
            )?;
        }
    }
    if theirs.len() != texts.len() {
        return Err(format!("Guile answered {} of {count} texts", theirs.len()).into());
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.into())
    }
}

/// What we do not support is no difference.
fn same(ours: &str, theirs: &str) -> bool {
    match ours.strip_suffix('?') {
        Some(before) => theirs.starts_with(before.trim_end()),
        None => ours == theirs,
    }
}

fn read_by_guile(guile: &OsString, texts: &[String]) -> Result<Vec<String>, Failed> {
    let mut child = Command::new(guile)
        .args(["--no-auto-compile", "-c", PROGRAM])
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    let lines: String = texts
        .iter()
        .flat_map(|text| {
            text.bytes()
                .map(|byte| format!("{byte:02x}"))
                .chain(["\n".to_owned()])
        })
        .collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let mut output = String::new();
    if let Some(mut pipe) = child.stdout.take() {
        pipe.read_to_string(&mut output)?;
    }
    child.wait()?;
    writer.join().map_err(|_| "the writer panicked")??;
    Ok(output.lines().map(str::to_owned).collect())
}

/// All data of a text, and `!` for an error, `?` for what is not supported.
fn read_by_us(text: &str) -> String {
    let mut reader = Reader::new(text, 0, 100);
    let mut parts = Vec::new();
    loop {
        match reader.read() {
            Ok(Some(datum)) => parts.push(dumped(&datum)),
            Ok(None) => break,
            Err(error) => {
                parts.push(match error.problem {
                    Problem::UnsupportedArray(_) | Problem::UnsupportedNumber(_) => "?".into(),
                    _ => "!".into(),
                });
                break;
            }
        }
    }
    parts.join(" ")
}

fn dumped(datum: &Datum) -> String {
    let all = |items: &[Datum]| items.iter().map(dumped).collect::<Vec<_>>().join(" ");
    match &datum.kind {
        Kind::Boolean(true) => "#t".into(),
        Kind::Boolean(false) => "#f".into(),
        Kind::Nil => "#nil".into(),
        Kind::Symbol(name) => format!("y{}", codes(name)),
        Kind::Keyword(name) => format!("k{}", codes(name)),
        Kind::Text(text) => format!("t{}", codes(text)),
        Kind::Character(c) => format!("c{}", codes(&c.to_string())),
        Kind::Number(number) => {
            let value = from_number(from_literal(number));
            format!("n{}", written_number(&value).unwrap_or_default())
        }
        Kind::List(items) => format!("({})", all(items)),
        Kind::Dotted(items, tail) if tail.kind == Kind::Nil => format!("({})", all(items)),
        Kind::Dotted(items, tail) => format!("({} . {})", all(items), dumped(tail)),
        Kind::Vector(items) => format!("[{}]", all(items)),
        Kind::Bytes(bytes) => {
            let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
            format!("<{}>", bytes.join(" "))
        }
    }
}

fn codes(text: &str) -> String {
    let codes: Vec<String> = text
        .chars()
        .map(|c| format!("{:x}", u32::from(c)))
        .collect();
    codes.join(".")
}

/// Pieces of Scheme in random order.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(PIECES).prop_map(str::to_owned),
        2 => "[()\\[\\]]{1,2}",
        2 => "[a-c0-2+\\-./:@#'`,|\\\\{}]{1,4}",
        2 => "[-+]?[0-9]{0,3}[./e#]?[0-9]{1,3}(e-?[0-9]{1,2})?",
        1 => "#[a-z0-9\\\\*:!|;'`,]{1,3}",
        1 => "\"[a-c \\\\nxu0-9λ\n\t]{0,6}\"",
        // Of later characters not all versions of Unicode know the same.
        1 => prop::char::range('\u{a0}', '\u{24f}').prop_filter("no digit", |c| !c.is_numeric())
            .prop_map(String::from),
    ];
    let gap = prop::sample::select(&["", "", " ", " ", "\n", "\t", ";c\n", "#|x|#", "\u{c}"][..]);
    prop::collection::vec((piece, gap), 0..12).prop_map(|pieces| {
        let mut text: String = pieces
            .into_iter()
            .flat_map(|(a, b)| [a, b.to_owned()])
            .collect();
        // Half of the lists shall end.
        let open = text.matches('(').count();
        let closed = text.matches(')').count();
        if open.is_multiple_of(2) {
            text.push_str(&")".repeat(open.saturating_sub(closed)));
        }
        // An extension of Guix, not of Guile.
        text.replace("#~", "~").replace("#$", "$")
    })
}

#[rustfmt::skip]
const PIECES: &[&str] = &[
    "(", "(", "(", "(", ")", ")", ")", "[", "]", "'", "`", ",", ",@", "#'", "#;", ".", " . ",
    "#(", "#vu8(", "#t", "#f", "#true", "#nil", "#:key", "#:", "a", "b2", "->x", "...", "1+", "-",
    "+", "1", "-12", "1/2", "6/4", "1.5", "-.5", "2.", "1e3", "1e-7", "#x1F", "#b101", "#e1.5",
    "#i1/3", "#d10", "#o17", "+inf.0", "-inf.0", "+nan.0", "123456789012345678901234567890",
    "1#", "1#.#", "#\\a", "#\\space", "#\\newline", "#\\x41", "#\\101", "#\\(", "#\\)", "#\\nul",
    "#\\λ", "\"s\"", "\"\"", "\"a\\nb\"", "\"\\x41\"", "\"\\u03bb\"", "\"a\\\n  b\"", "\"\\\"\"",
    "#{a b}#", "#{}#", "#{a\\x20;b}#", "|a|", "#!x !#", "#!fold-case", "#!no-fold-case",
    "#!r6rs", "#!curly-infix", "{", "}", "#|", "|#", "|", ";", "\"", "λ", "é→", "ABC", "x:", ":x",
    "1+i", "#2((1))", "#*101", "#1(a)", "@a", "a'b", "a,b", "\\", "#", "1e400", "1e309", "1e-325",
];
