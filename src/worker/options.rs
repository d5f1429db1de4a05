//! From the page's options to what is in force.

use crate::config::{self, Config, Preset};
use crate::protocol::Options;
use crate::rules::registry;

/// # Errors
/// What of the options cannot be understood.
pub fn config(options: &Options) -> Result<Config, String> {
    let words: Vec<String> = options.select.iter().chain(&options.ignore).cloned().collect();
    if let Some(word) = registry::unknown(&words).first() {
        return Err(format!("no rule and no family of rules is called {word:?}"));
    }
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
