//! From the page's options to what is in force: as on the command line, a selection replaces that of the file and what
//! is ignored adds up.

use crate::config::{self, Config, Preset};
use crate::protocol::Options;
use crate::rules::registry;

/// # Errors
/// What of the options or of the `roundtrip.toml` in them cannot be understood.
pub fn config(options: &Options) -> Result<Config, String> {
    let mut config = match &options.config {
        Some(text) => {
            let read = config::parse("roundtrip.toml", text).map_err(|error| match error.line {
                Some(line) => format!("roundtrip.toml, line {line}: {}", error.message),
                None => format!("roundtrip.toml: {}", error.message),
            })?;
            read.map(|read| read.config).unwrap_or_default()
        }
        None => Config::default(),
    };
    let words: Vec<String> = options.select.iter().chain(&options.ignore).cloned().collect();
    if let Some(word) = registry::unknown(&words).first() {
        return Err(format!("no rule and no family of rules is called {word:?}"));
    }
    if !options.select.is_empty() {
        config.select.clone_from(&options.select);
    }
    config.ignore.extend(options.ignore.iter().cloned());
    config.hints |= options.hints;
    config.all_lines |= options.all_lines;
    match options.preset.as_deref() {
        None => {}
        Some("default") => config.preset = Preset::Default,
        Some("seeds") => config.preset = Preset::Seeds,
        Some(other) => return Err(format!("no preset is called {other:?}")),
    }
    if let Some(dialect) = &options.dialect {
        config.dialect = Some(dialect.clone());
    }
    if let Some(version) = &options.django {
        let read = config::django_version(version);
        config.django = Some(read.ok_or_else(|| format!("expected a version such as 5.2, found {version:?}"))?);
    }
    Ok(config)
}
