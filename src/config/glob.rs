//! Patterns of paths and endpoints.

#[derive(Clone, Copy)]
enum Sign {
    Is(char),
    /// `?`
    One,
    /// `*`
    Some,
    /// `**`
    Any,
    /// `**/` at the start of a part: any number of whole parts, none too.
    Parts,
}

/// Whether `text` fits `pattern` as a whole. `**` stands for anything, `*` for anything but a `/`, `?` for one
/// character but a `/`.
pub fn fits(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // Sign by sign: which ends of `text` the pattern so far can reach.
    let mut reached = vec![false; text.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for sign in signs(pattern) {
        let mut next = Vec::with_capacity(reached.len());
        let mut running = false;
        let mut came_before = false;
        for (end, came) in reached.iter().enumerate() {
            let before = end.checked_sub(1).and_then(|at| text.get(at));
            next.push(match sign {
                Sign::Is(c) => came_before && before == Some(&c),
                Sign::One => came_before && before != Some(&'/'),
                Sign::Some => {
                    running = *came || (running && before != Some(&'/'));
                    running
                }
                Sign::Any => {
                    running |= *came;
                    running
                }
                Sign::Parts => {
                    let here = *came || (running && before == Some(&'/'));
                    running |= *came;
                    here
                }
            });
            came_before = *came;
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

fn signs(pattern: &str) -> Vec<Sign> {
    let mut out = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let part_starts = matches!(out.last(), None | Some(Sign::Is('/') | Sign::Parts));
        let (sign, length) = match first {
            '*' if part_starts && rest.starts_with("**/") => (Sign::Parts, 3),
            '*' if rest.starts_with("**") => (Sign::Any, 2),
            '*' => (Sign::Some, 1),
            '?' => (Sign::One, 1),
            c => (Sign::Is(c), c.len_utf8()),
        };
        out.push(sign);
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// Whether a path, or the end of it from some folder on, fits `pattern`; a pattern of a folder fits what is in it.
pub fn fits_path(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_start_matches("./");
    let folder = format!("{}/**", pattern.trim_end_matches('/'));
    let starts = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at + 1));
    starts.filter_map(|at| path.get(at..)).any(|tail| fits(pattern, tail) || fits(&folder, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_folders() {
        assert!(fits("GET /forum/*", "GET /forum/"));
        assert!(fits("GET /forum/*", "GET /forum/12"));
        assert!(!fits("GET /forum/*", "GET /forum/12/edit"));
        assert!(fits("GET /forum/**", "GET /forum/12/edit"));
        assert!(fits("a?c", "abc") && !fits("a?c", "a/c") && !fits("abc", "abcd") && !fits("abcd", "abc"));
        assert!(fits("a/**/b.py", "a/b.py") && fits("a/**/b.py", "a/x/y/b.py") && !fits("a/**/b.py", "a/xb.py"));
    }

    #[test]
    fn a_path_fits_from_any_folder_on() {
        assert!(fits_path("scripts/*.py", "/home/me/repo/scripts/load.py"));
        assert!(fits_path("admin.py", "app/admin.py"));
        assert!(!fits_path("admin.py", "app/not_admin.py"));
        assert!(fits_path("legacy", "src/legacy/a/b.py") && fits_path("legacy/", "legacy/a.py"));
        assert!(!fits_path("legacy", "src/legacy2/a.py"));
    }

    #[test]
    fn many_stars_do_not_take_forever() {
        assert!(!fits(&"*a".repeat(60), &"a".repeat(40)));
        assert!(!fits(&"**/".repeat(12), &"a/".repeat(40)[..79]));
    }
}
