//! Prints the machines and diagnostics of a machine file.
//!
//! `cargo run --example evaluate -- FILE`

fn main() {
    for file in std::env::args().skip(1) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let report = offload::machines::evaluate::evaluate(&file, &bytes, 1000);
        for machine in &report.machines {
            println!("{machine:?}");
        }
        for diagnostic in &report.diagnostics {
            println!("{}", diagnostic.one_line());
        }
    }
}
