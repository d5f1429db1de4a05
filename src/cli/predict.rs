//! `roundtrip predict`

use super::args::Predict;
use super::files::Brought;
use super::output::{Problem, Status, complain, print};
use super::{code, options};

pub fn run(args: &Predict) -> Result<Status, Problem> {
    let config = options::project(&args.project, args.paths.first().map(String::as_str))?;
    let mut brought = Brought::default();
    for path in &args.paths {
        brought.path(path, false);
    }
    for path in &args.context {
        brought.path(path, true);
    }
    let (predictions, unread) = code::predict(&brought, &config);
    unread.iter().for_each(complain);
    let mut out = String::new();
    for prediction in &predictions {
        out.push_str(&serde_json::to_string(prediction).unwrap_or_default());
        out.push('\n');
    }
    print(&out)?;
    Ok(if unread.is_empty() { Status::Clean } else { Status::Unusable })
}
