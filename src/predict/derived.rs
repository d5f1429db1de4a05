//! Whether a value is made of another one, as far as their texts tell: what is lost where others change that meanwhile.

/// Whether a value is made of what has this name. An attribute of what a call gives that is told of it is another
/// thing: `ask(amount=row.amount).amount`.
pub fn is_made_of(text: &str, name: &str) -> bool {
    if is_one_of_several(text, name) {
        return false;
    }
    let mut rests = text.match_indices(name).map(|(at, _)| &text[at + name.len()..]);
    rests.any(|rest| !rest.starts_with(is_of_word) && !is_attribute_of_call(rest))
}

/// `(told or own)`: it stays what it was, or becomes something that is not made of it.
fn is_one_of_several(text: &str, name: &str) -> bool {
    let Some(inner) = text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) else { return false };
    let (mut depth, mut begin, mut parts) = (0_i32, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ' ' if depth == 0 && inner[at..].starts_with(" or ") => {
                parts.push(&inner[begin..at]);
                begin = at + " or ".len();
            }
            _ if depth < 0 => return false,
            _ => {}
        }
    }
    parts.push(&inner[begin..]);
    let (own, others): (Vec<&str>, Vec<&str>) = parts.into_iter().partition(|part| *part == name);
    depth == 0 && !own.is_empty() && !others.is_empty() && !others.iter().any(|other| other.contains(name))
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `rest` closes a call and then takes an attribute of what it gives, which is not called in its turn.
fn is_attribute_of_call(rest: &str) -> bool {
    let mut depth = 0_u32;
    for (at, c) in rest.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ')' => {
                // `ask(…)#3[0].amount`: the mark of the call, an item of the pair that it gives.
                let given = rest[at + 1..].trim_start_matches(|c: char| matches!(c, '#' | '[' | ']' | '0'..='9'));
                let Some(attribute) = given.strip_prefix('.') else { continue };
                return !attribute.trim_start_matches(is_of_word).starts_with('(');
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::is_made_of;

    #[test]
    fn what_is_chosen_or_answered_is_not_made_of_it() {
        let made = |text: &str| is_made_of(text, "row.n");
        for text in
            ["(row.n + 1)", "rounded(row.n)", "row.n+x", "((row.n or 0) + 1)", "sorted(row.n)[0]", "f(row.n).upper()"]
        {
            assert!(made(text), "{text}");
        }
        for text in ["row.name", "(told or row.n)", "ask(, n=row.n)#3.n", "ask(row.n)#3[0].n", "(a or (b or c))"] {
            assert!(!made(text), "{text}");
        }
        // One of several that is made of it, beside itself.
        assert!(made("((row.n * 2) or row.n)"));
    }
}
