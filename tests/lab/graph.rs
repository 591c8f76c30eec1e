//! Derivations that need others.

use anyhow::Result;
use offload_lab::{Built, Drv, Farm};

use crate::pool::cases;

cases![chain, diamond, input_that_was_built_here];

fn chain(farm: &mut Farm) -> Result<()> {
    let first = step("first", &[]);
    let second = step("second", &[("a", &first)]);
    let third = step("third", &[("a", &second)]);
    all_come_back(farm, &third, &[&first, &second])
}

fn diamond(farm: &mut Farm) -> Result<()> {
    let base = step("base", &[]);
    let left = step("left", &[("a", &base)]);
    let right = step("right", &[("a", &base)]);
    let top = step("top", &[("a", &left), ("b", &right)]);
    all_come_back(farm, &top, &[&base, &left, &right])
}

/// What only the head has built must be signed to be sent.
fn input_that_was_built_here(farm: &mut Farm) -> Result<()> {
    let input = step("here", &[]);
    let built = farm.head.add(&input)?;
    let socket = offload_lab::SOCKET;
    farm.head
        .guix_build_at(socket, &[&built.path], &["--no-offload"])
        .ok()?;
    let (built, finished) = farm.build(&step("needs-here", &[("a", &input)]))?;
    finished.succeeded()?;
    farm.came_back(&built)?;
    Ok(())
}

fn step(name: &str, inputs: &[(&str, &Drv)]) -> Drv {
    let mut drv = Drv::new(name).script(&format!(
        "mkdir $out; echo {name} > $out/name; for i in $a $b; do ln -s $i $out/; cat $i/name; done"
    ));
    for (variable, input) in inputs {
        drv = drv.input(variable, input);
    }
    drv
}

fn all_come_back(farm: &Farm, top: &Drv, others: &[&Drv]) -> Result<()> {
    let (built, finished) = farm.build(top)?;
    finished.succeeded()?;
    let mut all: Vec<Built> = vec![built];
    for drv in others {
        all.push(farm.head.add(drv)?);
    }
    all.iter().try_for_each(|b| farm.came_back(b).map(drop))
}
