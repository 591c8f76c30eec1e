//! Random machine lists, written as people write machine files, read back.

use offload::machines::check::check;
use offload::machines::datum::written_text;
use offload::machines::evaluate::{evaluate, evaluate_with_engine};
use offload::machines::reader::NESTING_MAX;
use offload::machines::{BuildMachine, Diagnostic};
use proptest::prelude::*;
use proptest::sample::Index;

/// What a machine shall be.
#[derive(Clone, Debug)]
struct Spec {
    name: String,
    user: String,
    port: u16,
    systems: Vec<String>,
    slots: u32,
    speed: f64,
    features: Vec<String>,
}

/// How the list is written.
#[derive(Clone, Copy, Debug)]
enum Style {
    List,
    Quasiquote,
    Table,
    Match,
    Inherit,
    Keywords,
    Macro,
    NestedMacro,
    Loop,
    Fold,
    Append,
    Vector,
    Records,
    Define,
}

const STYLES: &[Style] = &[
    Style::List,
    Style::Quasiquote,
    Style::Table,
    Style::Match,
    Style::Inherit,
    Style::Keywords,
    Style::Macro,
    Style::NestedMacro,
    Style::Loop,
    Style::Fold,
    Style::Append,
    Style::Vector,
    Style::Records,
    Style::Define,
];

/// Where choices of a writer come from.
struct Choices {
    seeds: Vec<Index>,
    next: usize,
}

impl Choices {
    fn of(&mut self, count: usize) -> usize {
        let seed = self.seeds[self.next % self.seeds.len()];
        self.next += 1;
        // The same seed shall not always choose the same.
        (seed.index(1 << 20) + self.next) % count
    }

    /// White space, with a comment now and then.
    fn gap(&mut self) -> &'static str {
        const GAPS: &[&str] = &[
            " ",
            " ",
            " ",
            "\n  ",
            "\n\t",
            "  ",
            " ; a comment (\n",
            " #| a\n comment |# ",
            " #;(no) ",
            "\r\n",
        ];
        GAPS[self.of(GAPS.len())]
    }

    fn integer(&mut self, n: u32) -> String {
        match self.of(6) {
            0 => format!("#x{n:x}"),
            1 => format!("{}/2", u64::from(n) * 2),
            2 => format!("(+ {} 1)", i64::from(n) - 1),
            3 => format!("#e{n}.0"),
            _ => n.to_string(),
        }
    }

    fn real(&mut self, x: f64) -> String {
        let quarters = (x * 4.0).round();
        match self.of(4) {
            0 => format!("{quarters}/4"),
            1 => format!("(/ {quarters}. 4)"),
            2 => format!("{}e-2", x * 100.0),
            _ => format!("{x:?}"),
        }
    }

    fn text(&mut self, text: &str) -> String {
        let quoted = written_text(text);
        match self.of(6) {
            0 => {
                let middle = text.char_indices().nth(1).map_or(0, |(at, _)| at);
                let (a, b) = text.split_at(middle);
                format!("(string-append {} {})", written_text(a), written_text(b))
            }
            1 => format!("(symbol->string '#{{{text}}}#)"),
            2 => format!("(format #f \"~a\" {quoted})"),
            _ => quoted,
        }
    }

    fn list(&mut self, texts: &[String]) -> String {
        let items: Vec<String> = texts.iter().map(|text| written_text(text)).collect();
        let items = items.join(" ");
        match self.of(4) {
            0 => format!("(list {items})"),
            1 => format!("`({items})"),
            2 => format!("'[{items}]"),
            _ => format!("'({items})"),
        }
    }

    /// The fields of a machine in any order.
    fn fields(&mut self, spec: &Spec) -> Vec<String> {
        let mut fields = vec![
            format!("(name {})", self.text(&spec.name)),
            format!("(user {})", self.text(&spec.user)),
            format!("(host-key {})", written_text(&key(spec))),
            format!("(systems {})", self.list(&spec.systems)),
        ];
        if spec.port != 22 || self.of(2) == 0 {
            fields.push(format!("(port {})", self.integer(spec.port.into())));
        }
        if spec.slots != 1 || self.of(2) == 0 {
            fields.push(format!("(parallel-builds {})", self.integer(spec.slots)));
        }
        if !spec.features.is_empty() || self.of(2) == 0 {
            fields.push(format!("(features {})", self.list(&spec.features)));
        }
        fields.push(format!("(speed {})", self.real(spec.speed)));
        let turn = self.of(fields.len());
        fields.rotate_left(turn);
        fields
    }

    fn form(&mut self, spec: &Spec) -> String {
        let mut form = String::from("(build-machine");
        for field in self.fields(spec) {
            form.push_str(self.gap());
            form.push_str(&field);
        }
        form + ")"
    }
}

fn key(spec: &Spec) -> String {
    format!("ssh-ed25519 AAAA{} root@{}", spec.slots, spec.name)
}

/// Strings as a list, with this before it.
fn texts(quote: &str, texts: &[String]) -> String {
    let items: Vec<String> = texts.iter().map(|text| written_text(text)).collect();
    format!("{quote}({})", items.join(" "))
}

/// name, user, port, systems, slots, speed, features, key
fn row(quote: &str, spec: &Spec) -> String {
    [
        written_text(&spec.name),
        written_text(&spec.user),
        spec.port.to_string(),
        texts(quote, &spec.systems),
        spec.slots.to_string(),
        format!("{:?}", spec.speed),
        texts(quote, &spec.features),
        written_text(&key(spec)),
    ]
    .join(" ")
}

/// The machine form for the variables n u p s b v f k.
const FROM_VARIABLES: &str = "(build-machine (name n) (user u) (port p) (systems s) \
                              (parallel-builds b) (speed v) (features f) (host-key k))";

fn written(specs: &[Spec], style: Style, choices: &mut Choices) -> String {
    let rows: Vec<String> = specs
        .iter()
        .map(|spec| format!("({})", row("", spec)))
        .collect();
    let rows = rows.join("\n   ");
    let forms: Vec<String> = specs.iter().map(|spec| choices.form(spec)).collect();
    let calls = |operator: &str| {
        let calls: Vec<String> = specs
            .iter()
            .map(|spec| format!("({operator}{})", row("'", spec)))
            .collect();
        calls.join("\n ")
    };
    match style {
        Style::List => format!("(list {})", forms.join("\n ")),
        Style::Quasiquote => {
            let items: Vec<String> = forms
                .iter()
                .enumerate()
                .map(|(i, form)| match i % 2 {
                    0 => format!(",{form}"),
                    _ => format!(",@(list {form})"),
                })
                .collect();
            format!("`({})", items.join("\n "))
        }
        Style::Table => format!(
            "(define table '({rows}))\n(map (lambda (row) (apply (lambda (n u p s b v f k) \
             {FROM_VARIABLES}) row)) table)"
        ),
        Style::Match => format!(
            "(use-modules (ice-9 match))\n(map (match-lambda ((n u p (s ...) b v f k) \
             {FROM_VARIABLES})) '({rows}))"
        ),
        Style::Inherit => inherited(specs, choices),
        Style::Keywords => {
            let calls: Vec<String> = specs.iter().map(keyword_call).collect();
            format!(
                "(define* (machine n #:key u (p 22) (s '()) (b 1) (v 1.0) (f '()) k) \
                 {FROM_VARIABLES})\n(list {})",
                calls.join("\n ")
            )
        }
        Style::Macro => format!(
            "(define-syntax-rule (machine n u p s b v f k) {FROM_VARIABLES})\n(list {})",
            calls("machine ")
        ),
        Style::NestedMacro => format!(
            "(define-syntax machine (syntax-rules () ((_ n u p s b v f k) {FROM_VARIABLES})))\n\
             (define-syntax machines (syntax-rules () ((_ (part ...) ...) (list (machine part ...) \
             ...))))\n(machines {})",
            calls("")
        ),
        Style::Loop => format!(
            "(let loop ((rows '({rows})) (done '()))\n  (if (null? rows) (reverse done)\n    (let* \
             ((row (car rows)) (n (car row)) (u (cadr row)) (p (caddr row)) (s (list-ref row 3)) \
             (b (list-ref row 4)) (v (list-ref row 5)) (f (list-ref row 6)) (k (list-ref row 7)))\n      \
             (loop (cdr rows) (cons {FROM_VARIABLES} done)))))"
        ),
        Style::Fold => format!(
            "(use-modules (srfi srfi-1))\n(reverse (fold (lambda (row done) (cons (apply (lambda (n \
             u p s b v f k) {FROM_VARIABLES}) row) done)) '() '({rows})))"
        ),
        Style::Append => {
            let middle = forms.len() / 2;
            format!(
                "(append (list {}) (list {}) '())",
                forms[..middle].join("\n"),
                forms[middle..].join("\n")
            )
        }
        Style::Vector => format!("(vector->list (vector {}))", forms.join("\n ")),
        Style::Records => format!(
            "(use-modules (srfi srfi-9))\n(define-record-type <h> (h n u p s b v f k) h? (n hn) (u \
             hu) (p hp) (s hs) (b hb) (v hv) (f hf) (k hk))\n(map (lambda (x) (let ((n (hn x)) (u \
             (hu x)) (p (hp x)) (s (hs x)) (b (hb x)) (v (hv x)) (f (hf x)) (k (hk x))) \
             {FROM_VARIABLES})) (list {}))",
            calls("h ")
        ),
        Style::Define => {
            let defines: Vec<String> = forms
                .iter()
                .enumerate()
                .map(|(i, form)| format!("(define m{i} {form})"))
                .collect();
            let names: Vec<String> = (0..forms.len()).map(|i| format!("m{i}")).collect();
            format!("{}\n(list {})", defines.join("\n"), names.join(" "))
        }
    }
}

fn keyword_call(spec: &Spec) -> String {
    let mut call = format!(
        "(machine {} #:k {} #:s {} #:u {} #:v {:?}",
        written_text(&spec.name),
        written_text(&key(spec)),
        texts("'", &spec.systems),
        written_text(&spec.user),
        spec.speed
    );
    let optional = [
        (spec.port != 22, "#:p", spec.port.to_string()),
        (spec.slots != 1, "#:b", spec.slots.to_string()),
        (!spec.features.is_empty(), "#:f", texts("'", &spec.features)),
    ];
    for (_, keyword, value) in optional.iter().filter(|(given, ..)| *given) {
        call.extend([" ", keyword, " ", value]);
    }
    call + ")"
}

/// One machine, and the others made from it.
fn inherited(specs: &[Spec], choices: &mut Choices) -> String {
    let Some((first, others)) = specs.split_first() else {
        return "(list)".into();
    };
    let others: Vec<String> = others
        .iter()
        .map(|spec| {
            let mut form = String::from("(build-machine (inherit base)");
            // All is said again: the base may have what this one has not.
            for field in [
                format!("(name {})", choices.text(&spec.name)),
                format!("(user {})", choices.text(&spec.user)),
                format!("(host-key {})", written_text(&key(spec))),
                format!("(port {})", spec.port),
                format!("(systems {})", choices.list(&spec.systems)),
                format!("(parallel-builds {})", spec.slots),
                format!("(features {})", choices.list(&spec.features)),
                format!("(speed {})", choices.real(spec.speed)),
            ] {
                form.push_str(choices.gap());
                form.push_str(&field);
            }
            form + ")"
        })
        .collect();
    format!(
        "(let* ((base {}))\n  (cons base (list {})))",
        choices.form(first),
        others.join("\n ")
    )
}

fn spec() -> impl Strategy<Value = Spec> {
    let word = "[a-z][a-z0-9.-]{0,8}";
    let system = prop::sample::select(vec!["x86_64-linux", "i686-linux", "aarch64-linux"]);
    (
        word,
        "[a-zé→][a-z0-9 ]{0,6}",
        prop_oneof![Just(22_u16), 1..=u16::MAX],
        prop::collection::vec(system.prop_map(str::to_owned), 1..3),
        prop_oneof![Just(1_u32), 1..100_u32],
        (1..40_u32).prop_map(|quarters| f64::from(quarters) / 4.0),
        prop::collection::vec(word, 0..3),
    )
        .prop_map(|(name, user, port, systems, slots, speed, features)| Spec {
            name,
            user,
            port,
            systems,
            slots,
            speed,
            features,
        })
}

fn is(machine: &BuildMachine, spec: &Spec) -> bool {
    machine.name == spec.name
        && machine.user == spec.user
        && machine.port == spec.port
        && machine.systems == spec.systems
        && machine.parallel_builds == spec.slots
        && (machine.speed - spec.speed).abs() < 1e-12
        && machine.features == spec.features
        && machine.host_key.as_deref() == Some(&key(spec))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 128,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_machine_list_in_any_style_reads_back(
        specs in prop::collection::vec(spec(), 0..6),
        style in prop::sample::select(STYLES),
        seeds in prop::collection::vec(any::<Index>(), 1..40),
    ) {
        let mut choices = Choices { seeds, next: 0 };
        let text = written(&specs, style, &mut choices);
        for evaluate in [evaluate, evaluate_with_engine] {
            let report = evaluate("m.scm", text.as_bytes(), NESTING_MAX);
            let (machines, _) = check(&report.machines, None);
            let errors: Vec<String> = report
                .diagnostics
                .iter()
                .filter(|diagnostic| diagnostic.is_error())
                .map(Diagnostic::one_line)
                .collect();
            prop_assert!(errors.is_empty(), "{errors:?}\n{text}");
            prop_assert_eq!(machines.len(), specs.len(), "{}", text);
            for (machine, spec) in machines.iter().zip(&specs) {
                prop_assert!(is(machine, spec), "{machine:?}\n{spec:?}\n{text}");
            }
        }
    }
}
