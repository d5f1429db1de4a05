//! The project's own choices: the configuration file among what was brought in.

use crate::config::{self, Config, Read};
use crate::intake::File;
use crate::model::InputError;
use crate::rules::registry;

/// What became of one file that could have been it.
pub struct Told {
    /// Index of the item that it came with.
    pub item: usize,
    pub told: Result<String, InputError>,
}

/// The choices of the file that lies highest, as the command finds them from there, and what to say of each. A file
/// with a mistake counts for nothing, so that nobody takes half of it for the whole.
pub fn configuration(files: &[File]) -> (Option<Config>, Vec<Told>) {
    let named = |file: &&File| name(&file.path).is_some_and(|name| config::NAMES.contains(&name));
    let mut files: Vec<&File> = files.iter().filter(named).collect();
    let rank = |file: &&File| config::NAMES.iter().position(|known| Some(*known) == name(&file.path));
    files.sort_by_key(|file| (file.path.split('/').count(), rank(file)));
    let mut chosen: Option<(String, Config)> = None;
    let mut told = Vec::new();
    for file in files {
        let said = match (read(file), &chosen) {
            (Ok(None), _) => continue,
            (Ok(Some(_)), Some((path, _))) => Ok(format!("not in force: {path} is")),
            (Ok(Some(config)), None) => {
                chosen = Some((file.path.clone(), config));
                Ok("in force: what it chooses counts here as for the command".to_owned())
            }
            (Err(error), _) => Err(error),
        };
        told.push(Told { item: file.item, told: said });
    }
    (chosen.map(|(_, config)| config), told)
}

fn name(path: &str) -> Option<&str> {
    path.rsplit('/').next()
}

fn read(file: &File) -> Result<Option<Config>, InputError> {
    let Some(Read { config, words }) = config::parse(&file.path, &file.text)? else { return Ok(None) };
    match words.iter().find(|word| !registry::is_known(&word.text)) {
        Some(word) => {
            let message = registry::expected(&word.text);
            Err(InputError { path: file.path.clone(), line: Some(word.line), message })
        }
        None => Ok(Some(config)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{self, Item};

    fn told(files: &[(&str, &str)]) -> (Option<Config>, Vec<(usize, String)>) {
        let item = |(name, text): &(&str, &str)| Item { name: (*name).into(), bytes: (*text).into(), format: None };
        let gathered = intake::gather(files.iter().map(item).collect());
        let (config, told) = configuration(&gathered.files);
        let text = |told: Told| match told.told {
            Ok(note) => (told.item, note),
            Err(error) => (told.item, format!("{}:{}: {}", error.path, error.line.unwrap_or(0), error.message)),
        };
        (config, told.into_iter().map(text).collect())
    }

    #[test]
    fn the_highest_file_is_in_force() {
        let (config, said) = told(&[
            ("shop/api/roundtrip.toml", "hints = true"),
            ("shop/pyproject.toml", "[tool.roundtrip]\nignore = [\"RT301\"]"),
            ("pyproject.toml", "[tool.black]\nline-length = 100"),
        ]);
        let config = config.unwrap();
        assert_eq!((config.ignore, config.hints), (vec!["RT301".to_owned()], false));
        assert_eq!(said.iter().map(|(item, _)| *item).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(said[1].1, "not in force: shop/pyproject.toml is");
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_counts_for_nothing() {
        let (config, said) = told(&[("roundtrip.toml", "hints = true\nignore = [\n  \"RT1\",\n]\n")]);
        assert_eq!(config, None);
        assert_eq!(said[0].1, "roundtrip.toml:3: expected the exact code, name or family of a rule, found \"RT1\"");
        let (_, said) = told(&[("roundtrip.toml", "\npreset = \"mine\"\n")]);
        assert!(said[0].1.starts_with("roundtrip.toml:2: "), "{}", said[0].1);
    }
}
