//! From the page's options to what is in force.

use crate::config::{self, Config, Preset};
use crate::protocol::Options;
use crate::rules::registry;

/// # Errors
/// A word of the selection names no rule. For the engine that knows all of them.
pub fn check_words(options: &Options) -> Result<(), String> {
    let words: Vec<String> = options.select.iter().chain(&options.ignore).cloned().collect();
    match registry::unknown(&words).first() {
        Some(word) => Err(format!("no rule and no family of rules is called {word:?}")),
        None => Ok(()),
    }
}

/// `project`: what the project's own file says. As for the command: a selection of the user's replaces that of the file;
/// what is ignored adds up.
///
/// # Errors
/// What of the options cannot be understood.
pub fn config(options: &Options, project: Config) -> Result<Config, String> {
    let mut config = project;
    if !options.select.is_empty() {
        config.select.clone_from(&options.select);
    }
    config.ignore.extend(options.ignore.iter().cloned());
    config.hints |= options.hints;
    config.all_lines |= options.all_lines;
    if options.dialect.is_some() {
        config.dialect.clone_from(&options.dialect);
    }
    match options.preset.as_deref() {
        None => {}
        Some("default") => config.preset = Preset::Default,
        Some("seeds") => config.preset = Preset::Seeds,
        Some(other) => return Err(format!("no preset is called {other:?}")),
    }
    if let Some(version) = &options.django {
        let read = config::django_version(version);
        config.django = Some(read.ok_or_else(|| format!("expected a version such as 5.2, found {version:?}"))?);
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_adds_to_what_the_project_chose() {
        let ignore = |word: &str| vec![word.to_owned()];
        let project = Config { select: ignore("RT1"), ignore: ignore("RT301"), hints: true, ..Config::default() };
        let options = Options { ignore: ignore("RT401"), preset: Some("seeds".into()), ..Options::default() };
        let both = config(&options, project).unwrap();
        assert_eq!((both.select, both.ignore), (ignore("RT1"), vec!["RT301".to_owned(), "RT401".to_owned()]));
        assert!(both.hints && both.preset == Preset::Seeds);
    }

    #[test]
    fn a_word_that_names_no_rule_is_refused() {
        let of = |word: &str| check_words(&Options { select: vec![word.to_owned()], ..Options::default() });
        assert!(of("RT101").is_ok() && of("fk-in-loop").is_ok() && of("n-plus-one").is_ok());
        assert!(of("RT1").is_err_and(|message| message.contains("RT1")));
    }
}
