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

/// # Errors
/// What of the options cannot be understood.
pub fn config(options: &Options) -> Result<Config, String> {
    let mut config = Config {
        select: options.select.clone(),
        ignore: options.ignore.clone(),
        hints: options.hints,
        all_lines: options.all_lines,
        dialect: options.dialect.clone(),
        ..Config::default()
    };
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
    fn a_word_that_names_no_rule_is_refused() {
        let of = |word: &str| check_words(&Options { select: vec![word.to_owned()], ..Options::default() });
        assert!(of("RT101").is_ok() && of("fk-in-loop").is_ok() && of("n-plus-one").is_ok());
        assert!(of("RT1").is_err_and(|message| message.contains("RT1")));
    }
}
