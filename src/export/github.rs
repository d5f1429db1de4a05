//! Workflow commands that GitHub turns into annotations.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::fmt::Write;

use crate::model::{Report, Severity};

use super::{cost_line, harmless};

pub fn render(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let command = match finding.severity {
            Severity::Blocker => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let mut properties = Vec::new();
        if let Some(path) = &finding.path {
            properties.push(format!("file={}", property(path.trim_start_matches("./"))));
        }
        if let Some(line) = finding.line {
            properties.push(format!("line={line}"));
        }
        if let Some(end) = finding.end_line {
            properties.push(format!("endLine={end}"));
        }
        // GitHub takes columns only where the range is within one line.
        if let (true, Some(start), Some(end)) = (finding.line == finding.end_line, finding.column, finding.end_column) {
            properties.push(format!("col={start},endColumn={end}"));
        }
        properties.push(format!("title={}", property(&format!("{} {}", finding.rule, finding.name))));
        let mut message = finding.message.clone();
        if let Some(cost) = cost_line(finding) {
            let _ = write!(message, "\nRound trips: {cost}");
        }
        match &finding.rewrite {
            Some(rewrite) => {
                let _ = write!(message, "\nFix: {}", rewrite.title);
            }
            None => {
                let _ = write!(message, "\n{}", finding.advice);
            }
        }
        let _ = writeln!(out, "::{command} {}::{}", properties.join(","), data(&message));
    }
    out
}

fn data(text: &str) -> String {
    let shown: String =
        text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\r') { '\u{fffd}' } else { c }).collect();
    shown.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&harmless(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::sample;

    #[test]
    fn one_command_a_line_and_nothing_breaks_out() {
        let mut report = sample::report();
        report.findings[0].path = Some("a,b:c%.py".to_owned());
        report.findings[0].message = "first\n::error::second".to_owned();
        let out = render(&report);
        let lines: Vec<&str> = out.split_terminator('\n').collect();
        assert_eq!(
            lines,
            [
                "::error file=a%2Cb%3Ac%25.py,line=5,endLine=5,col=21,endColumn=32,title=RT101 fk-in-loop::first%0A::error::second%0ARound trips: 1 + N → 1%0AFix: add select_related(\"forum\")",
                "::warning title=RT304 duplicate-fetch::the same row of user is fetched 4 times | again\u{fffd}[31m%0ALoad the forum with the topics.",
            ]
        );
    }
}
