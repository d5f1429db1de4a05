//! `roundtrip fingerprint`

use std::fmt::Write;
use std::fs;

use crate::intake;
use crate::sql::{Dialect, fingerprint, normalise, split};

use super::args::Fingerprint;
use super::files::{Brought, described, slashes};
use super::output::{Problem, Status, complain, print, problem};

pub fn run(args: &Fingerprint) -> Result<Status, Problem> {
    let bytes = if args.file == "-" {
        Brought::default().standard_input()?
    } else {
        fs::read(&args.file).map_err(|error| problem(slashes(&args.file), described(&error)))?
    };
    let text = intake::decode(&bytes).map_err(|message| problem(slashes(&args.file), message))?.text;
    let dialect = args.dialect.into();
    let mut out = String::new();
    let mut status = Status::Clean;
    if args.json_lines {
        for (at, line) in text.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str::<String>(line.trim()) {
                Ok(sql) => write(&sql, dialect, &mut out),
                Err(error) => {
                    complain(&Problem {
                        path: slashes(&args.file),
                        line: u32::try_from(at + 1).ok(),
                        message: format!("expected a statement as a JSON string: {error}"),
                    });
                    status = Status::Unusable;
                }
            }
        }
    } else {
        for sql in split(&text, dialect) {
            write(sql, dialect, &mut out);
        }
    }
    print(&out)?;
    Ok(status)
}

fn write(sql: &str, dialect: Dialect, out: &mut String) {
    let flat = normalise(sql, dialect).replace(['\n', '\r', '\t'], " ");
    let _ = writeln!(out, "{}\t{flat}", fingerprint(sql, dialect));
}
