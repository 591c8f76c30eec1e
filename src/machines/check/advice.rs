//! What a machine file may say, but hardly means: for check-config alone.
//!
//! A hook has no use for these warnings, and looks at nothing here.

use std::collections::HashMap;

use super::field;
use crate::machines::diagnostic::Diagnostic;
use crate::machines::raw::{Plain, RawField, RawMachine};
use crate::machines::record::{Field, Location};
use crate::machines::similar::nearest;

/// The system types of Guix 1.5.0 (measured: `platform-system` of all
/// `(platforms)`).
const SYSTEMS: [&str; 10] = [
    "x86_64-linux",
    "i686-linux",
    "aarch64-linux",
    "armhf-linux",
    "powerpc64le-linux",
    "powerpc-linux",
    "riscv64-linux",
    "mips64el-linux",
    "i586-gnu",
    "x86_64-gnu",
];

/// What libssh takes for `compression`, between commas.
const COMPRESSIONS: [&str; 5] = ["none", "zlib", "zlib@openssh.com", "yes", "no"];

/// Warns of what each machine has and of machines that collide.
pub fn advise(machines: &[RawMachine]) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for machine in machines {
        warnings.extend(unused_system(machine));
        warnings.extend(unknown_systems(machine));
        warnings.extend(no_slot(machine));
        warnings.extend(speed(machine));
        warnings.extend(threshold(machine));
        warnings.extend(compression(machine));
    }
    collisions(machines, &mut warnings);
    warnings
}

fn warning(code: &str, message: impl Into<String>, field: &RawField) -> Diagnostic {
    Diagnostic::warning(code, message)
        .at(field.location.clone())
        .until(field.end)
}

/// `system` counts only where `systems` is #f, inherited or not.
fn unused_system(machine: &RawMachine) -> Option<Diagnostic> {
    machine.value(Field::System)?;
    machine.value(Field::Systems)?;
    let system = machine.field(Field::System)?;
    let systems = machine.field(Field::Systems)?;
    let place = match &systems.location {
        Some(location) => format!(" at {location}"),
        None => String::new(),
    };
    let message = format!(
        "this `system` is ignored: the `systems`{place} is {} and wins",
        systems.value.written()
    );
    Some(warning("unused-system", message, system).with_help(format!(
        "write (systems '({})) here instead",
        system.value.written()
    )))
}

fn unknown_systems(machine: &RawMachine) -> Vec<Diagnostic> {
    let field = match machine.value(Field::Systems) {
        Some(_) => Field::Systems,
        None => Field::System,
    };
    let systems = systems(machine);
    let Some(field) = machine.field(field) else {
        return Vec::new();
    };
    let unknown = systems.iter().filter(|one| !SYSTEMS.contains(&&***one));
    unknown
        .map(|system| {
            let message = unknown_system(system);
            let help = match near_system(system) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("it knows {}", SYSTEMS.join(", ")),
            };
            warning("unknown-system", message, field).with_help(help)
        })
        .collect()
}

/// What is said of a system type that Guix does not know.
pub(super) fn unknown_system(system: &str) -> String {
    format!("Guix knows no system type {}", quoted(system))
}

/// The system that was meant by a near name, or by a habit of other programs.
fn near_system(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let by_habit = match lower.as_str() {
        "amd64" | "x86_64" | "x86-64" | "x64" | "amd64-linux" | "x86-64-linux" => "x86_64-linux",
        "i386" | "i686" | "x86" | "i386-linux" => "i686-linux",
        "arm64" | "aarch64" | "arm64-linux" => "aarch64-linux",
        "armhf" | "armv7" | "armv7l" | "arm-linux" | "armv7l-linux" => "armhf-linux",
        "ppc64le" | "powerpc64le" | "ppc64le-linux" => "powerpc64le-linux",
        "riscv64" => "riscv64-linux",
        "hurd" | "gnu" | "i686-gnu" | "i586-hurd" => "i586-gnu",
        _ => return nearest(&lower, SYSTEMS.into_iter()),
    };
    Some(by_habit)
}

fn no_slot(machine: &RawMachine) -> Option<Diagnostic> {
    let field = machine.field(Field::ParallelBuilds)?;
    match field.value {
        Plain::Integer(count) if count < 1 => Some(
            warning(
                "no-slot",
                format!("`parallel-builds` is {count}: no build ever goes there"),
                field,
            )
            .with_help("write how many builds may run there at once, 1 or more"),
        ),
        _ => None,
    }
}

fn speed(machine: &RawMachine) -> Option<Diagnostic> {
    let field = machine.field(Field::Speed)?;
    let speed = field::speed(&field.value).ok()?;
    (speed <= 0.0).then(|| {
        let message = format!("`speed` is {}, which is not above 0", field.value.written());
        warning("odd-speed", message, field)
            .with_help("1.0 stands for a usual machine, 2.0 for one that is twice as fast")
    })
}

fn threshold(machine: &RawMachine) -> Option<Diagnostic> {
    let field = machine.field(Field::OverloadThreshold)?;
    let threshold = field::threshold(&field.value).ok()??;
    (!(0.0..=2.0).contains(&threshold)).then(|| {
        let message = format!(
            "`overload-threshold` is {}, but a load for each processor is meant, which is \
             seldom outside of 0 to 2",
            field.value.written()
        );
        warning("odd-threshold", message, field)
            .with_help("write 0.8 for instance, or #f if the load does not matter")
    })
}

fn compression(machine: &RawMachine) -> Option<Diagnostic> {
    let field = machine.field(Field::Compression)?;
    let text = field::text(&field.value).ok()?;
    let unknown = text
        .split(',')
        .map(str::trim)
        .find(|method| !COMPRESSIONS.contains(method))?;
    let message = format!("SSH knows no compression {}", quoted(unknown));
    let help = match nearest(unknown, COMPRESSIONS.into_iter()) {
        Some(near) => format!("did you mean {near:?}?"),
        None => "write \"none\" or \"zlib@openssh.com,zlib\"".into(),
    };
    Some(warning("unknown-compression", message, field).with_help(help))
}

/// Machines of one name and port share their slots.
fn collisions(machines: &[RawMachine], warnings: &mut Vec<Diagnostic>) {
    let mut known: HashMap<(String, u16), Vec<&RawMachine>> = HashMap::new();
    for machine in machines {
        let Some((name, port)) = address(machine) else {
            continue;
        };
        let others = known.entry((name.clone(), port)).or_default();
        if let Some((other, system)) = first_with_same_system(others, machine) {
            warnings.push(duplicate(machine, other, &name, port, &system));
        }
        if let Some(other) = others.first()
            && slots(other) != slots(machine)
        {
            warnings.push(different_slots(machine, other, &name, port));
        }
        // More than this at one address would only make the search slow.
        if others.len() < 100 {
            others.push(machine);
        }
    }
}

fn first_with_same_system<'a>(
    others: &[&'a RawMachine],
    machine: &RawMachine,
) -> Option<(&'a RawMachine, String)> {
    let own = systems(machine);
    others.iter().find_map(|other| {
        let shared = systems(other).into_iter().find(|one| own.contains(one))?;
        Some((*other, shared))
    })
}

fn duplicate(
    machine: &RawMachine,
    other: &RawMachine,
    name: &str,
    port: u16,
    system: &str,
) -> Diagnostic {
    let message = format!(
        "build machine {} (port {port}) stands here a second time for {}{}",
        quoted(name),
        quoted(system),
        first(other.location.as_ref()),
    );
    Diagnostic::warning("duplicate-machine", message)
        .with_help("for more builds at once raise `parallel-builds` of one of them")
        .at(machine.location.clone())
        .until(machine.end)
}

fn different_slots(machine: &RawMachine, other: &RawMachine, name: &str, port: u16) -> Diagnostic {
    let (here, there) = (slots(machine), slots(other));
    let message = format!(
        "build machine {} (port {port}) has {here} slots here and {there} before{}, but they are \
         the same slots",
        quoted(name),
        first(other.location.as_ref()),
    );
    let diagnostic = Diagnostic::warning("different-slots", message)
        .with_help("give all its entries the same `parallel-builds`");
    match machine.field(Field::ParallelBuilds) {
        Some(field) => diagnostic.at(field.location.clone()).until(field.end),
        None => diagnostic.at(machine.location.clone()).until(machine.end),
    }
}

fn first(location: Option<&Location>) -> String {
    location.map_or_else(String::new, |location| format!(" (first at {location})"))
}

fn address(machine: &RawMachine) -> Option<(String, u16)> {
    let name = field::host_name(machine.value(Field::Name)?).ok()?;
    let port = match machine.field(Field::Port) {
        Some(port) => field::port(&port.value).ok()?,
        None => 22,
    };
    Some((name, port))
}

/// The systems that count, as far as they are strings.
fn systems(machine: &RawMachine) -> Vec<String> {
    match machine.value(Field::Systems) {
        Some(systems) => field::systems(systems).unwrap_or_default(),
        None => machine
            .value(Field::System)
            .and_then(|system| field::word(system).ok())
            .into_iter()
            .collect(),
    }
}

fn slots(machine: &RawMachine) -> u32 {
    machine
        .field(Field::ParallelBuilds)
        .and_then(|field| field::count(&field.value).ok())
        .unwrap_or(1)
}

/// Foreign text in a message.
fn quoted(text: &str) -> String {
    Plain::Text(text.to_owned()).written()
}
