//! The little Markdown that the rules' documentation is written in, as a tree to build elements from: headings,
//! paragraphs, lists, fenced code, and within a line code, emphasis and links. What is not known stays text.

use crate::app::widgets::{Inline, inlines};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    Heading(Vec<Inline>),
    Paragraph(Vec<Inline>),
    List(Vec<Vec<Inline>>),
    Code {
        /// What stands after the fence: `python flag`.
        info: String,
        /// Each line with its end.
        text: String,
    },
}

pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut out = Vec::new();
    let mut text = Vec::new();
    let mut items: Vec<String> = Vec::new();
    let mut lines = markdown.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        let fence = trimmed.strip_prefix("```");
        let heading =
            trimmed.strip_prefix('#').map(|rest| rest.trim_start_matches('#')).filter(|rest| starts_apart(rest));
        let item = trimmed.strip_prefix(['-', '*']).filter(|rest| starts_apart(rest));
        if fence.is_some() || heading.is_some() || item.is_some() || trimmed.is_empty() {
            end_paragraph(&mut text, &mut out);
        }
        if item.is_none() && (fence.is_some() || heading.is_some() || trimmed.is_empty()) {
            end_list(&mut items, &mut out);
        }
        if let Some(info) = fence {
            let indent = line.len() - line.trim_start().len();
            let inside = lines.by_ref().take_while(|line| !line.trim_start().starts_with("```"));
            let text = inside.flat_map(|line| [without_indent(line, indent), "\n"]).collect();
            out.push(Block::Code { info: info.trim().to_owned(), text });
        } else if let Some(heading) = heading {
            out.push(Block::Heading(inlines(heading.trim())));
        } else if let Some(item) = item {
            items.push(item.trim().to_owned());
        } else if let Some(last) = items.last_mut().filter(|_| !trimmed.is_empty()) {
            last.push(' ');
            last.push_str(trimmed);
        } else if !trimmed.is_empty() {
            text.push(trimmed);
        }
    }
    end_paragraph(&mut text, &mut out);
    end_list(&mut items, &mut out);
    out
}

fn starts_apart(rest: &str) -> bool {
    rest.starts_with(' ')
}

/// At most `indent` spaces less.
fn without_indent(line: &str, indent: usize) -> &str {
    let spaces = line.len() - line.trim_start_matches(' ').len();
    line.get(spaces.min(indent)..).unwrap_or(line)
}

fn end_paragraph(text: &mut Vec<&str>, out: &mut Vec<Block>) {
    if !text.is_empty() {
        out.push(Block::Paragraph(inlines(&text.join(" "))));
        text.clear();
    }
}

fn end_list(items: &mut Vec<String>, out: &mut Vec<Block>) {
    if !items.is_empty() {
        out.push(Block::List(items.iter().map(|item| inlines(item)).collect()));
        items.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Inline {
        Inline::Text(text.into())
    }

    fn code(text: &str) -> Inline {
        Inline::Code(text.into())
    }

    #[test]
    fn a_page_falls_into_its_blocks() {
        let page = "First `line`\nand more.\n\n## Why\nIt is slow:\n- one\n  goes on\n- **two**\n\n```python flag\nfor x in y:\n    pass\n```\nAfter.\r\n";
        assert_eq!(
            blocks(page),
            [
                Block::Paragraph(vec![text("First "), code("line"), text(" and more.")]),
                Block::Heading(vec![text("Why")]),
                Block::Paragraph(vec![text("It is slow:")]),
                Block::List(vec![vec![text("one goes on")], vec![Inline::Strong("two".into())]]),
                Block::Code { info: "python flag".into(), text: "for x in y:\n    pass\n".into() },
                Block::Paragraph(vec![text("After.")]),
            ]
        );
    }

    #[test]
    fn what_opens_and_does_not_close_is_text() {
        let open = "```sql\nSELECT 1";
        assert_eq!(blocks(open), [Block::Code { info: "sql".into(), text: "SELECT 1\n".into() }]);
        assert_eq!(blocks("#tag\n-5 is a number"), [Block::Paragraph(vec![text("#tag -5 is a number")])]);
    }

    #[test]
    fn code_in_a_list_loses_the_lists_indent_only() {
        let page = "- a\n  ```sql\n  SELECT 1\n    FROM t\n  ```";
        let Some(Block::Code { text, .. }) = blocks(page).pop() else { panic!("no code") };
        assert_eq!(text, "SELECT 1\n  FROM t\n");
    }
}
