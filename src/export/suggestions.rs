//! Comments for GitHub's "create a review" call: `comments` of `POST /repos/{owner}/{repo}/pulls/{number}/reviews`.
//! <https://docs.github.com/en/rest/pulls/reviews>
//!
//! A suggestion replaces whole lines, and only such as the comment stands on. GitHub refuses comments on lines that
//! are not in the diff, so those findings are left out; a rewrite that cannot be a suggestion is shown as a diff.

use serde_json::{Value, json};

use crate::model::{Edit, Finding, Report};
use crate::text::Source;

use super::markdown::{fence, inline};
use super::{Options, cost_line, pretty};

/// Lines that one suggestion may replace.
const MOST_LINES: u32 = 40;

pub fn render(report: &Report, options: &Options<'_>) -> String {
    let comments: Vec<Value> = report.findings.iter().filter_map(|finding| comment(finding, options)).collect();
    pretty(&json!(comments))
}

fn comment(finding: &Finding, options: &Options<'_>) -> Option<Value> {
    let path = finding.path.as_deref()?;
    let line = finding.line?;
    let commentable = |line: u32| options.in_diff.is_none_or(|in_diff| in_diff(path, line));
    let suggestion = options
        .source(path)
        .and_then(|source| suggestion(finding, path, source))
        .filter(|suggestion| (suggestion.first..=suggestion.last).all(commentable));
    let mut body = format!(
        "**{} {}** ({}): {}\n",
        finding.rule,
        finding.name,
        finding.severity.as_str(),
        inline(&finding.message)
    );
    if let Some(cost) = cost_line(finding) {
        body.push_str(&format!("\nRound trips: {}\n", inline(&cost)));
    }
    let (first, last) = match (&suggestion, &finding.rewrite) {
        (Some(suggestion), Some(rewrite)) => {
            let fence = fence(&suggestion.text);
            body.push_str(&format!("\n{}\n\n{fence}suggestion\n{}{fence}\n", inline(&rewrite.title), suggestion.text));
            (suggestion.first, suggestion.last)
        }
        (None, Some(rewrite)) => {
            let fence = fence(&rewrite.diff);
            body.push_str(&format!(
                "\n{}\n\n{fence}diff\n{}\n{fence}\n",
                inline(&rewrite.title),
                rewrite.diff.trim_end()
            ));
            (line, line)
        }
        _ => {
            body.push_str(&format!("\n{}\n", inline(&finding.advice)));
            (line, line)
        }
    };
    if !commentable(last) {
        return None;
    }
    let note = finding.rewrite.as_ref().map(|rewrite| rewrite.note.as_str()).unwrap_or_default();
    if !note.is_empty() {
        body.push_str(&format!("\n{}\n", inline(note)));
    }
    let mut value = json!({"path": path.trim_start_matches("./"), "line": last, "side": "RIGHT", "body": body});
    if first < last
        && let Some(object) = value.as_object_mut()
    {
        object.insert("start_line".to_owned(), json!(first));
        object.insert("start_side".to_owned(), json!("RIGHT"));
    }
    Some(value)
}

/// The text that stands for lines `first..=last`.
struct Suggestion {
    first: u32,
    last: u32,
    /// Ends in a line break.
    text: String,
}

/// `None` where the rewrite touches other files, too many lines, changes nothing, or leaves nothing.
fn suggestion(finding: &Finding, path: &str, source: &Source) -> Option<Suggestion> {
    let mut edits: Vec<&Edit> = finding.rewrite.as_ref()?.edits.iter().collect();
    if edits.is_empty() || edits.iter().any(|edit| edit.path != path) {
        return None;
    }
    edits.sort_by_key(|edit| (edit.start_line, edit.start_column, edit.end_line, edit.end_column));
    let first = edits.iter().map(|edit| edit.start_line).min()?;
    // An edit that ends before the first column of a line leaves that line alone.
    let end = |edit: &&Edit| {
        let whole = edit.end_column == 1 && edit.end_line > edit.start_line;
        if whole { edit.end_line - 1 } else { edit.end_line }
    };
    let last = edits.iter().map(end).max()?.max(first).min(source.line_count());
    if last - first >= MOST_LINES {
        return None;
    }
    let start = source.line_start(first);
    let stop = source.line_start(last + 1);
    let mut text = String::new();
    let mut done = start;
    for edit in edits {
        let from = source.offset(edit.start_line, edit.start_column);
        let to = source.offset(edit.end_line, edit.end_column);
        text.push_str(source.text().get(done as usize..from as usize)?);
        text.push_str(&edit.text);
        done = to;
    }
    text.push_str(source.text().get(done as usize..stop as usize)?);
    let before = source.text().get(start as usize..stop as usize)?;
    if text == before || text.trim().is_empty() {
        return None;
    }
    let mut text = text.replace("\r\n", "\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Some(Suggestion { first, last, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::sample;

    fn comments(report: &Report, options: &Options<'_>) -> Vec<Value> {
        serde_json::from_str(&render(report, options)).unwrap()
    }

    fn options<'a>(in_diff: &'a dyn Fn(&str, u32) -> bool) -> Options<'a> {
        Options { sources: Some(&*sample::SOURCES), in_diff: Some(in_diff), ..Options::default() }
    }

    #[test]
    fn a_suggestion_replaces_the_whole_line() {
        let all = comments(&sample::report(), &options(&|_, _| true));
        assert_eq!(all.len(), 1);
        assert_eq!((&all[0]["line"], &all[0]["side"]), (&json!(3), &json!("RIGHT")));
        assert!(all[0].get("start_line").is_none());
        let body = all[0]["body"].as_str().unwrap();
        assert!(body.contains("```suggestion\n    topics = Topic.objects.select_related(\"forum\")\n```\n"), "{body}");
    }

    #[test]
    fn lines_out_of_the_diff_get_no_suggestion_and_then_no_comment() {
        let shown = comments(&sample::report(), &options(&|_, line| line == 5));
        assert_eq!(shown[0]["line"], 5);
        assert!(shown[0]["body"].as_str().unwrap().contains("```diff\n"));
        assert!(comments(&sample::report(), &options(&|_, line| line == 3)).len() == 1);
        assert!(comments(&sample::report(), &options(&|_, _| false)).is_empty());
    }

    #[test]
    fn what_changes_nothing_or_deletes_everything_is_no_suggestion() {
        let mut report = sample::report();
        let edit = &mut report.findings[0].rewrite.as_mut().unwrap().edits[0];
        edit.text = ".all()".to_owned();
        assert!(!comments(&report, &options(&|_, _| true))[0]["body"].as_str().unwrap().contains("suggestion\n"));
        let edit = &mut report.findings[0].rewrite.as_mut().unwrap().edits[0];
        (edit.start_column, edit.end_column, edit.text) = (1, 99, String::new());
        assert!(!comments(&report, &options(&|_, _| true))[0]["body"].as_str().unwrap().contains("suggestion\n"));
    }

    #[test]
    fn several_edits_become_one_range() {
        let mut report = sample::report();
        let rewrite = report.findings[0].rewrite.as_mut().unwrap();
        rewrite.edits.push(Edit {
            start_line: 5,
            start_column: 21,
            end_line: 5,
            end_column: 37,
            text: "topic.name".into(),
            ..rewrite.edits[0].clone()
        });
        let all = comments(&report, &options(&|_, _| true));
        assert_eq!((&all[0]["start_line"], &all[0]["line"]), (&json!(3), &json!(5)));
        assert!(
            all[0]["body"].as_str().unwrap().contains("    for topic in topics:\n        rows.append(topic.name)\n```")
        );
    }
}
