//! The names of the special forms.

use super::r#match::Form;

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
    /// `lambda*`
    LambdaStar,
    /// `case-lambda`
    CaseLambda,
    /// `case-lambda*`
    CaseLambdaStar,
    /// `define`, `define-public`
    Define,
    /// `define*`, `define*-public`
    DefineStar,
    /// `define-values`
    DefineValues,
    /// `define-syntax`
    DefineSyntax,
    /// `define-syntax-rule`
    DefineSyntaxRule,
    /// `define-macro`
    DefineMacro,
    /// `let-syntax`
    LetSyntax,
    /// `letrec-syntax`
    LetrecSyntax,
    /// `syntax-rules`
    SyntaxRules,
    /// `identifier-syntax`
    IdentifierSyntax,
    /// `syntax-case`
    SyntaxCase,
    /// `with-syntax`
    WithSyntax,
    /// `syntax`
    Syntax,
    /// `quasisyntax`
    QuasiSyntax,
    /// `syntax-error`
    SyntaxError,
    /// `syntax-parameterize`
    SyntaxParameterize,
    /// `set!`
    Set,
    /// `begin`
    Begin,
    /// `eval-when`
    EvalWhen,
    /// `let`, also with a name
    Let,
    /// `let*`
    LetStar,
    /// `letrec`, `letrec*`
    Letrec,
    /// `let-values`
    LetValues,
    /// `let*-values`
    LetStarValues,
    /// `receive`
    Receive,
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
    /// `while`
    While,
    /// `match` and its kin
    Match(Form),
    /// `cond-expand`
    CondExpand,
    /// `include`
    Include,
    /// `load`, which is a procedure as well
    Load,
    /// `%load-path`, which is a variable
    LoadPath,
    /// `add-to-load-path`
    AddToLoadPath,
    /// `current-filename`
    CurrentFilename,
    /// `@`, `@@`
    At,
    /// `use-modules`
    UseModules,
    /// `import`
    Import,
    /// `export` and its kin
    Export,
    /// `define-module`
    DefineModule,
    /// `build-machine`
    BuildMachine,
    /// `%make-record*`, the constructors of (guix records)
    MakeRecord,
    /// `this-record` of it
    ThisRecord,
    /// A word that has a meaning inside other forms only.
    Auxiliary,
    /// A form that Guile has and this does not.
    Unsupported,
}

/// The special forms of (guile), by name.
pub const SPECIALS: &[(&str, Special)] = &[
    ("quote", Special::Quote),
    ("quasiquote", Special::Quasiquote),
    ("unquote", Special::Unquote),
    ("unquote-splicing", Special::Unquote),
    ("if", Special::If),
    ("lambda", Special::Lambda),
    ("λ", Special::Lambda),
    ("lambda*", Special::LambdaStar),
    ("case-lambda", Special::CaseLambda),
    ("case-lambda*", Special::CaseLambdaStar),
    ("define", Special::Define),
    ("define-public", Special::Define),
    ("define-once", Special::Define),
    ("define-private", Special::Define),
    ("define-inlinable", Special::Define),
    ("define-integrable", Special::Define),
    ("define*", Special::DefineStar),
    ("define*-public", Special::DefineStar),
    ("define-values", Special::DefineValues),
    ("define-syntax", Special::DefineSyntax),
    ("define-syntax-parameter", Special::DefineSyntax),
    ("define-syntax-rule", Special::DefineSyntaxRule),
    ("define-macro", Special::DefineMacro),
    ("defmacro", Special::DefineMacro),
    ("defmacro-public", Special::DefineMacro),
    ("let-syntax", Special::LetSyntax),
    ("letrec-syntax", Special::LetrecSyntax),
    ("syntax-rules", Special::SyntaxRules),
    ("identifier-syntax", Special::IdentifierSyntax),
    ("syntax-case", Special::SyntaxCase),
    ("with-syntax", Special::WithSyntax),
    ("syntax", Special::Syntax),
    ("quasisyntax", Special::QuasiSyntax),
    ("unsyntax", Special::Auxiliary),
    ("unsyntax-splicing", Special::Auxiliary),
    ("syntax-error", Special::SyntaxError),
    ("syntax-parameterize", Special::SyntaxParameterize),
    ("set!", Special::Set),
    ("begin", Special::Begin),
    ("eval-when", Special::EvalWhen),
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
    ("while", Special::While),
    ("cond-expand", Special::CondExpand),
    ("include", Special::Include),
    ("include-from-path", Special::Include),
    ("load", Special::Load),
    ("%load-path", Special::LoadPath),
    ("add-to-load-path", Special::AddToLoadPath),
    ("current-filename", Special::CurrentFilename),
    ("@", Special::At),
    ("@@", Special::At),
    ("use-modules", Special::UseModules),
    ("import", Special::Import),
    ("export", Special::Export),
    ("export!", Special::Export),
    ("re-export", Special::Export),
    ("export-syntax", Special::Export),
    ("re-export-syntax", Special::Export),
    ("define-module", Special::DefineModule),
    ("else", Special::Auxiliary),
    ("=>", Special::Auxiliary),
    ("...", Special::Auxiliary),
    ("_", Special::Auxiliary),
    ("the-environment", Special::Unsupported),
    ("local-eval", Special::Unsupported),
    ("gexp", Special::Unsupported),
];

/// Special forms that only modules export.
pub const MODULE_SPECIALS: &[(&str, Special)] = &[
    ("build-machine", Special::BuildMachine),
    ("%make-record*", Special::MakeRecord),
    ("this-record", Special::ThisRecord),
    ("let-values", Special::LetValues),
    ("let*-values", Special::LetStarValues),
    ("receive", Special::Receive),
    ("match", Special::Match(Form::Match)),
    ("match-lambda", Special::Match(Form::Lambda)),
    ("match-lambda*", Special::Match(Form::LambdaStar)),
    ("match-let", Special::Match(Form::Let)),
    ("match-let*", Special::Match(Form::LetStar)),
    ("match-letrec", Special::Match(Form::Letrec)),
];
