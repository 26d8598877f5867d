//! The program `pmtriage`. Everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    pmtriage::run::main(std::env::args_os())
}
