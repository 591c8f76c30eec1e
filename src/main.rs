//! The program `offload`; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    offload::cli::run()
}
