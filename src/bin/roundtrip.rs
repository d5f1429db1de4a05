//! The command. See `roundtrip --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    roundtrip::cli::main()
}
