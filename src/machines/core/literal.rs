//! Programs that have nothing to compute.
//!
//! Most machine files are a list of `build-machine` forms with constants.
//! Their value is known without the engine, whose start is nine tenths of the
//! time of such a file.

use super::{Expr, ExprKind, Program};

impl Program {
    /// The `build-machine` forms that the program's value is a list of, if it
    /// has no effect and nothing to compute.
    pub fn literal_machines(&self) -> Option<Vec<u32>> {
        let (last, others) = self.forms.split_last()?;
        if !others.iter().all(is_without_effect) {
            return None;
        }
        match &last.kind {
            ExprKind::Call(operator, machines)
                if matches!(operator.kind, ExprKind::Primitive("list")) =>
            {
                machines.iter().map(literal_machine).collect()
            }
            _ => None,
        }
    }
}

/// A constant, or the definition of a constant or procedure; who needs its
/// value does not stand in a literal list.
fn is_without_effect(form: &Expr) -> bool {
    match &form.kind {
        ExprKind::Constant(_) => true,
        ExprKind::SetGlobal(_, value) => {
            matches!(value.kind, ExprKind::Constant(_) | ExprKind::Lambda(..))
        }
        _ => false,
    }
}

/// A `build-machine` form whose fields are all constants.
fn literal_machine(expr: &Expr) -> Option<u32> {
    match &expr.kind {
        ExprKind::Machine(form, arguments) if arguments.is_empty() => Some(*form),
        _ => None,
    }
}
