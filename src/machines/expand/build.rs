//! Expressions put together.

use crate::machines::core::{Expr, ExprKind};
use crate::machines::source::Span;

/// The value of a local variable that the file did not name.
pub(super) fn local_value(local: u32, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Local(local, None),
        span,
    }
}

/// Tells whether nobody sees when an expression is evaluated.
pub(super) fn is_without_effect(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Constant(_)
        | ExprKind::Local(_, None)
        | ExprKind::Global(_, None)
        | ExprKind::Primitive(_)
        | ExprKind::Lambda(..) => true,
        ExprKind::Site(_, inner) => is_without_effect(inner),
        _ => false,
    }
}

pub(super) fn call(operator: Expr, arguments: Vec<Expr>, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Call(Box::new(operator), arguments),
        span,
    }
}

pub(super) fn choice(test: Expr, then: Expr, otherwise: Expr, span: Span) -> Expr {
    Expr {
        kind: ExprKind::If(Box::new([test, then, otherwise])),
        span,
    }
}

/// One after the other; a single one stays what it is.
pub(super) fn sequence(mut parts: Vec<Expr>, span: Span) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            Expr {
                kind: ExprKind::Sequence(parts),
                span,
            }
        }
        None => Expr {
            kind: ExprKind::Sequence(parts),
            span,
        },
    }
}
