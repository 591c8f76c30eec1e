//! The names of the special forms.

/// A special form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// `quote`
    Quote,
    /// `quasiquote`
    Quasiquote,
    /// `unquote`, `unquote-splicing`
    Unquote,
    /// `if`
    If,
    /// `lambda`
    Lambda,
    /// `define`
    Define,
    /// `set!`
    Set,
    /// `begin`
    Begin,
    /// `let`, also with a name
    Let,
    /// `let*`
    LetStar,
    /// `letrec`, `letrec*`
    Letrec,
    /// `cond`
    Cond,
    /// `case`
    Case,
    /// `and`
    And,
    /// `or`
    Or,
    /// `when`
    When,
    /// `unless`
    Unless,
    /// `do`
    Do,
    /// `@`, `@@`
    At,
    /// `use-modules`
    UseModules,
    /// `define-module`
    DefineModule,
    /// `build-machine`
    BuildMachine,
    /// A word that has a meaning inside other forms only.
    Auxiliary,
    /// A form that Guile has and this does not.
    Unsupported,
}

/// All special forms by name.
pub const SPECIALS: &[(&str, Special)] = &[
    ("quote", Special::Quote),
    ("quasiquote", Special::Quasiquote),
    ("unquote", Special::Unquote),
    ("unquote-splicing", Special::Unquote),
    ("if", Special::If),
    ("lambda", Special::Lambda),
    ("λ", Special::Lambda),
    ("define", Special::Define),
    ("define-public", Special::Define),
    ("set!", Special::Set),
    ("begin", Special::Begin),
    ("let", Special::Let),
    ("let*", Special::LetStar),
    ("letrec", Special::Letrec),
    ("letrec*", Special::Letrec),
    ("cond", Special::Cond),
    ("case", Special::Case),
    ("and", Special::And),
    ("or", Special::Or),
    ("when", Special::When),
    ("unless", Special::Unless),
    ("do", Special::Do),
    ("@", Special::At),
    ("@@", Special::At),
    ("use-modules", Special::UseModules),
    ("define-module", Special::DefineModule),
    ("else", Special::Auxiliary),
    ("=>", Special::Auxiliary),
    ("case-lambda", Special::Unsupported),
    ("cond-expand", Special::Unsupported),
    ("define*", Special::Unsupported),
    ("define-macro", Special::Unsupported),
    ("define-syntax", Special::Unsupported),
    ("define-syntax-rule", Special::Unsupported),
    ("define-values", Special::Unsupported),
    ("delay", Special::Unsupported),
    ("false-if-exception", Special::Unsupported),
    ("include", Special::Unsupported),
    ("import", Special::Unsupported),
    ("lambda*", Special::Unsupported),
    ("let-syntax", Special::Unsupported),
    ("letrec-syntax", Special::Unsupported),
    ("parameterize", Special::Unsupported),
    ("syntax-case", Special::Unsupported),
    ("syntax-rules", Special::Unsupported),
    ("while", Special::Unsupported),
    ("gexp", Special::Unsupported),
];
