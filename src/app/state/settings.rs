//! What reviews are asked for, remembered by the browser as the `roundtrip.toml` that says the same to the command.

use leptos::prelude::*;

use super::storage;
use crate::protocol::Options;

const KEY: &str = "roundtrip.settings";

/// The options as they were left; follows every change.
pub fn signal() -> RwSignal<Options> {
    let stored = storage().and_then(|storage| storage.get_item(KEY).ok()?);
    let options = RwSignal::new(stored.as_deref().map(read).unwrap_or_default());
    Effect::new(move |_| {
        let text = options.with(write);
        let _ = storage().map(|storage| match text.as_str() {
            "" => storage.remove_item(KEY),
            text => storage.set_item(KEY, text),
        });
    });
    options
}

/// `roundtrip.toml`; empty where all is as it comes.
pub fn to_toml(options: &Options) -> String {
    let mut out = String::new();
    if let Some(preset) = &options.preset {
        out.push_str(&format!("preset = \"{preset}\"\n"));
    }
    if !options.ignore.is_empty() {
        let words: Vec<String> = options.ignore.iter().map(|word| format!("\"{word}\"")).collect();
        out.push_str(&format!("ignore = [{}]\n", words.join(", ")));
    }
    if options.hints {
        out.push_str("hints = true\n");
    }
    out
}

/// As [`to_toml`], and what only the page asks for.
pub(super) fn write(options: &Options) -> String {
    let mut out = to_toml(options);
    if options.all_lines {
        out.push_str("all-lines = true\n");
    }
    out
}

/// Reads what [`write`] writes, no other TOML: nothing else is stored.
pub(super) fn read(text: &str) -> Options {
    let mut options = Options::default();
    for (name, value) in text.split('\n').filter_map(|line| line.split_once(" = ")) {
        let words = || value.split('"').skip(1).step_by(2).map(str::to_owned);
        match name {
            "preset" => options.preset = words().next(),
            "ignore" => options.ignore = words().collect(),
            "hints" => options.hints = value == "true",
            "all-lines" => options.all_lines = value == "true",
            _ => {}
        }
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_a_configuration_and_comes_back() {
        let ignore = vec!["RT301".to_owned(), "RT401".to_owned()];
        let options = Options { preset: Some("seeds".into()), ignore, hints: true, ..Options::default() };
        let text = to_toml(&options);
        assert_eq!(text, "preset = \"seeds\"\nignore = [\"RT301\", \"RT401\"]\nhints = true\n");
        assert_eq!(read(&text), options);
        let all_lines = Options { all_lines: true, ..options };
        assert_eq!((to_toml(&all_lines), read(&write(&all_lines))), (text, all_lines));
        assert_eq!(to_toml(&Options::default()), "");
        assert_eq!(read("preset\nfoo = 1"), Options::default());
    }
}
