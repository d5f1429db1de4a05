//! Round trips as a formula, with its letters set as variables.

use leptos::prelude::*;

/// `2 + 4·N`
#[component]
pub fn Formula(#[prop(into)] text: String) -> impl IntoView {
    let parts: Vec<_> = pieces(&text)
        .into_iter()
        .map(|piece| match piece.starts_with(|c: char| c.is_ascii_uppercase()) {
            true => view! { <var>{piece.to_owned()}</var> }.into_any(),
            false => piece.to_owned().into_any(),
        })
        .collect();
    view! { <span class="formula">{parts}</span> }
}

/// Cut before and after each letter with its number.
fn pieces(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_uppercase()) {
        let (plain, letter) = rest.split_at(start);
        let end = letter.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(letter.len());
        let (letter, after) = letter.split_at(end);
        out.extend(Some(plain).filter(|plain| !plain.is_empty()));
        out.push(letter);
        rest = after;
    }
    out.extend(Some(rest).filter(|rest| !rest.is_empty()));
    out
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn letters_stand_apart() {
        assert_eq!(pieces("2 + 4·N + N·M2"), ["2 + 4·", "N", " + ", "N", "·", "M2"]);
        assert_eq!(pieces("1"), ["1"]);
        assert!(pieces("").is_empty());
    }
}
