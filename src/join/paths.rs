//! The file of the input that a path of a running program means: `forum/views.py` for `/srv/app/forum/views.py`.

use std::collections::HashMap;

/// Files by their names.
pub struct Paths<'f> {
    by_name: HashMap<&'f str, Vec<&'f str>>,
}

impl<'f> Paths<'f> {
    pub fn new(files: impl IntoIterator<Item = &'f str>) -> Self {
        let mut by_name: HashMap<&str, Vec<&str>> = HashMap::new();
        for file in files {
            by_name.entry(name(file)).or_default().push(file);
        }
        Self { by_name }
    }

    /// The one file that shares most of the path's end: its name and folder at least, or all that one of the two has.
    pub fn find(&self, path: &str) -> Option<&'f str> {
        let path = path.replace('\\', "/");
        let wanted: Vec<&str> = parts(&path).collect();
        let shared = |file: &'f str| {
            let own = parts(file);
            let same = own.clone().zip(&wanted).take_while(|(a, b)| a == *b).count();
            let whole = same == own.count() || same == wanted.len();
            (same >= 2 || (same == 1 && whole)).then_some((same, file))
        };
        let mut best: Option<(usize, &str)> = None;
        let mut tied = false;
        for (same, file) in self.by_name.get(name(&path))?.iter().copied().filter_map(shared) {
            match best {
                Some((most, _)) if same < most => {}
                Some((most, _)) if same == most => tied = true,
                _ => (best, tied) = (Some((same, file)), false),
            }
        }
        best.filter(|_| !tied).map(|(_, file)| file)
    }
}

/// From the end.
fn parts(path: &str) -> impl Iterator<Item = &str> + Clone {
    path.rsplit('/').filter(|part| !part.is_empty() && *part != ".")
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_end_that_is_shared_tells_the_file() {
        let paths = Paths::new(["src/forum/views.py", "src/blog/views.py", "src/blog/api/views.py", "manage.py"]);
        for (path, file) in [
            ("/srv/app/forum/views.py", Some("src/forum/views.py")),
            ("C:\\work\\src\\blog\\views.py", Some("src/blog/views.py")),
            ("/srv/blog/api/views.py", Some("src/blog/api/views.py")),
            ("/srv/shop/views.py", None),
            ("views.py", None),
            ("/srv/manage.py", Some("manage.py")),
            ("/srv/forum/models.py", None),
        ] {
            assert_eq!(paths.find(path), file, "{path}");
        }
        assert_eq!(Paths::new(["views.py"]).find("/srv/forum/views.py"), Some("views.py"));
    }
}
