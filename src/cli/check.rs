//! `roundtrip check`

use super::args::Check;
use super::code::{self, Reviewed};
use super::files::Brought;
use super::output::{Problem, Status, color, complain, print, usage, verdict};
use super::{fix, options};

pub fn run(args: &Check) -> Result<Status, Problem> {
    let chosen = &args.options;
    if args.paths.is_empty() && args.diff.is_none() {
        return Err(usage(
            "nothing to review: expected a PATH (. for this folder), - for standard input, or --diff FILE",
        ));
    }
    if chosen.unsafe_fixes && !chosen.fix && !chosen.fix_diff {
        return Err(usage("--unsafe-fixes goes with --fix or --fix-diff"));
    }
    let config = options::review(chosen, args.paths.first().map(String::as_str))?;
    let hidden = options::hidden(chosen)?;
    let mut brought = Brought::default();
    for path in &args.paths {
        brought.path(path, false);
    }
    if let Some(diff) = &args.diff {
        brought.diff(diff);
    }
    for path in &args.context {
        brought.path(path, true);
    }
    let review = |brought: &Brought| -> Reviewed {
        let mut reviewed = code::review(brought, &config);
        options::hide(&mut reviewed.report, |finding| hidden.contains(&finding.fingerprint));
        reviewed
    };
    let mut reviewed = review(&brought);
    reviewed.unread.iter().for_each(complain);
    let mut unusable = !reviewed.unread.is_empty();
    let fixed_diff = if chosen.fix || chosen.fix_diff {
        let fixed = fix::all(reviewed, &mut brought, chosen.unsafe_fixes, &review);
        if chosen.fix {
            let problems = fix::write(&fixed, &brought);
            problems.iter().for_each(complain);
            unusable |= !problems.is_empty();
            reviewed = fixed.remains;
            None
        } else {
            let diff = fixed.diff();
            reviewed = fixed.first;
            Some(diff)
        }
    } else {
        None
    };
    match fixed_diff {
        Some(diff) => print(&diff)?,
        None => print(&reviewed.render(chosen.format.into(), color(), chosen.quiet))?,
    }
    let status = verdict(&reviewed.report, chosen.fail_on);
    Ok(if unusable { Status::Unusable } else { status })
}
