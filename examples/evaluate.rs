//! Prints the machines and diagnostics of machine files, and the time of each.
//!
//! `cargo run --example evaluate -- FILE…`

use std::path::{Path, PathBuf};
use std::time::Instant;

use offload::machines::{Limits, load};

fn main() {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    for file in std::env::args().skip(1) {
        let start = Instant::now();
        let evaluation = load(Path::new(&file), home.as_deref(), &Limits::default());
        let elapsed = start.elapsed();
        for machine in &evaluation.machines {
            println!("{machine:#?}");
        }
        for diagnostic in &evaluation.diagnostics {
            println!("{}", diagnostic.one_line());
        }
        println!(
            "{file}: {} machines in {:.1} ms",
            evaluation.machines.len(),
            elapsed.as_secs_f64() * 1000.0
        );
    }
}
