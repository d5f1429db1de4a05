//! Versions and drivers from requirements, lock files and project files, whose formats differ but whose lines do not.

use super::DjangoVersion;
use crate::sql::Dialect;

/// The version of Django: an exact one of a lock file or pin first, else the lowest that a range allows.
pub fn django(files: &[(String, String)]) -> Option<DjangoVersion> {
    let mut best: Option<(u32, DjangoVersion)> = None;
    for (path, text) in files {
        let is_lock = path.ends_with(".lock") || path.ends_with("Pipfile.lock");
        for (rank, version) in mentions(text, is_lock) {
            if best.is_none_or(|(known, _)| rank < known) {
                best = Some((rank, version));
            }
        }
    }
    best.map(|(_, version)| version)
}

/// The database that a driver among the requirements talks to.
pub fn dialect(files: &[(String, String)]) -> Option<Dialect> {
    let has = |names: &[&str]| {
        files.iter().flat_map(|(_, text)| lines(text)).any(|line| {
            let name = package(line).0;
            names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted))
        })
    };
    if has(&["psycopg", "psycopg2", "psycopg2-binary", "asyncpg", "psycopg-binary"]) {
        Some(Dialect::Postgres)
    } else if has(&["mysqlclient", "pymysql", "aiomysql"]) {
        Some(Dialect::MySql)
    } else {
        None
    }
}

/// Versions of Django that a text names: 0 for one that a lock file resolved, 1 for a pin, 2 for a range.
fn mentions(text: &str, is_lock: bool) -> Vec<(u32, DjangoVersion)> {
    let mut out = Vec::new();
    // `[[package]] name = "django"` and `version = "4.2.7"`, or `"django": { "version": "==4.2.7" }`
    let mut in_package = false;
    for line in lines(text) {
        let (name, rest) = package(line);
        if name.eq_ignore_ascii_case("version") && in_package {
            out.extend(version(rest).map(|version| (0, version)));
            in_package = false;
        } else if name.eq_ignore_ascii_case("name") {
            in_package = is_lock && rest.trim_matches([' ', '=', '"', '\'', ':', ',']).eq_ignore_ascii_case("django");
        } else if name.eq_ignore_ascii_case("django") {
            in_package = is_lock;
            if let Some(version) = version(rest) {
                out.push((if rest.contains("==") { 1 } else { 2 }, version));
            }
        }
    }
    out
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    // Dependencies in one line: `dependencies = ["django>=4.2", "psycopg"]`
    text.split(['\n', '\r']).flat_map(|line| {
        let inner = line
            .split_once('[')
            .filter(|(before, _)| before.trim_end().ends_with('=') && !before.contains('{'))
            .map_or(line, |(_, inner)| inner);
        let pieces = inner.split("\", ").flat_map(|piece| piece.split("', "));
        pieces.filter(|piece| !piece.trim_start().starts_with('#'))
    })
}

/// A requirement's name, without quotes and extras, and what follows it.
fn package(line: &str) -> (&str, &str) {
    let line = line.trim_start_matches([' ', '\t', '"', '\'', '-', '{', '[']);
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(line.len());
    line.split_at(end)
}

/// The first `X.Y` (or `X`) after an operator that sets a lower bound.
fn version(rest: &str) -> Option<DjangoVersion> {
    let rest = rest.split('#').next().unwrap_or("");
    // Extras: `[argon2]`
    let rest = if rest.starts_with('[') { rest.split_once(']').map_or("", |(_, after)| after) } else { rest };
    let lower = rest.split(',').find(|part| !part.trim_start().starts_with(['<', '!']))?;
    let start = lower.find(|c: char| c.is_ascii_digit())?;
    // `; python_version >= "3.10"` is no version of Django.
    if lower.get(..start)?.contains(';') {
        return None;
    }
    let mut parts = lower.get(start..)?.split('.');
    let digits = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text.get(..end).and_then(|digits| digits.parse::<u8>().ok())
    };
    let major = digits(parts.next()?)?;
    let minor = parts.next().and_then(digits).unwrap_or(0);
    (1..=20).contains(&major).then_some(DjangoVersion(major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Option<DjangoVersion> {
        django(&[(path.to_owned(), text.to_owned())])
    }

    #[test]
    fn every_format_says_the_version() {
        assert_eq!(of("requirements.txt", "celery==5.3\nDjango==4.2.7  # LTS\n"), Some(DjangoVersion(4, 2)));
        assert_eq!(of("requirements.in", "django>=5.0,<6.0"), Some(DjangoVersion(5, 0)));
        assert_eq!(of("requirements.in", "django<6.0,>=5.1"), Some(DjangoVersion(5, 1)));
        assert_eq!(
            of("requirements.txt", "django[argon2]~=3.2 ; python_version >= \"3.8\""),
            Some(DjangoVersion(3, 2))
        );
        assert_eq!(of("pyproject.toml", "dependencies = [\"celery\", \"Django>=5.2\"]"), Some(DjangoVersion(5, 2)));
        assert_eq!(of("pyproject.toml", "[tool.poetry.dependencies]\ndjango = \"^4.1\"\n"), Some(DjangoVersion(4, 1)));
        assert_eq!(
            of("Pipfile", "[packages]\ndjango = {version = \"==4.0.1\", extras = []}"),
            Some(DjangoVersion(4, 0))
        );
        assert_eq!(
            of("poetry.lock", "[[package]]\nname = \"django\"\nversion = \"5.1.3\"\r\n"),
            Some(DjangoVersion(5, 1))
        );
        assert_eq!(
            of("Pipfile.lock", "\"django\": {\n \"hashes\": [],\n \"version\": \"==4.2.1\"\n}"),
            Some(DjangoVersion(4, 2))
        );
        assert_eq!(of("requirements.txt", "django-filter==23.5\ndjangorestframework==3.15"), None);
        assert_eq!(of("requirements.txt", "django\n"), None);
    }

    #[test]
    fn a_lock_file_wins_over_a_range() {
        let files = [
            ("pyproject.toml".to_owned(), "django = \">=4.2\"".to_owned()),
            ("uv.lock".to_owned(), "name = \"django\"\nversion = \"5.2.1\"".to_owned()),
        ];
        assert_eq!(django(&files), Some(DjangoVersion(5, 2)));
    }

    #[test]
    fn a_driver_tells_the_database() {
        let files = [("requirements.txt".to_owned(), "psycopg[binary]==3.1\n".to_owned())];
        assert_eq!(dialect(&files), Some(Dialect::Postgres));
        assert_eq!(dialect(&[]), None);
    }
}
