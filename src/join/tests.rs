//! Small cases of each way in which code and log meet.

use std::collections::BTreeMap;

use super::*;
use crate::model::{
    Confidence, Cost, Evidence, Family, FindingSource, Kind, Loop, Orm, Over, SeenFinding, SeenPlace, SeenSent,
    SeenShape, SeenWay, Severity, Term,
};

const CHILD: &str = "00000000000000c1";
const PARENT: &str = "00000000000000a1";

fn prediction(line: u32, fingerprint: &str, sql: &str, looped: bool) -> Prediction {
    let around = Loop {
        over: Over::Query,
        text: "rows of forum.Topic (line 9)".into(),
        model: None,
        path: "forum/views.py".into(),
        line: 9,
        exactly: None,
        at_most: None,
    };
    Prediction {
        path: "forum/views.py".into(),
        line,
        column: 5,
        end_line: line,
        orm: Orm::Django,
        model: None,
        kind: Kind::Select,
        sql: sql.into(),
        fingerprint: fingerprint.into(),
        loops: if looped { vec!["N".into()] } else { Vec::new() },
        loop_: if looped { [("N".to_owned(), around)].into() } else { BTreeMap::new() },
        built: None,
        via: Vec::new(),
        confidence: Confidence::Certain,
    }
}

/// The loop over line 9 sends the child at each of `lines`.
fn predictions(lines: &[u32]) -> Vec<Prediction> {
    let mut out = vec![prediction(9, PARENT, "SELECT id FROM topic", false)];
    out.extend(lines.iter().map(|line| prediction(*line, CHILD, "SELECT id FROM forum WHERE id = ?", true)));
    out
}

fn finding(rule: &str, path: Option<&str>, line: u32, source: FindingSource) -> Finding {
    let term = Term { count: 1, loops: vec!["N".into()] };
    Finding {
        rule: rule.into(),
        name: "any".into(),
        family: if rule.starts_with("RT1") { Family::NPlusOne } else { Family::Index },
        severity: Severity::Warning,
        hint: false,
        confidence: Confidence::Likely,
        source,
        path: path.map(str::to_owned),
        line: path.map(|_| line),
        column: None,
        end_line: None,
        end_column: None,
        message: "It repeats.".into(),
        introduced: None,
        cost: Some(Cost { before_terms: vec![term], ..Cost::default() }),
        evidence: Vec::new(),
        rewrite: None,
        advice: String::new(),
        fingerprint: String::new(),
    }
}

fn of_code(rule: &str, line: u32) -> Finding {
    finding(rule, Some("forum/views.py"), line, FindingSource::Code)
}

fn shape(fingerprint: &str, table: &str, executions: u64, most: u64, line: Option<u32>) -> SeenShape {
    let measured = Measured { executions, total_ms: Some(executions as f64), most };
    let lines = line.map(|line| vec![CodeLine { path: "/srv/forum/views.py".into(), line }]);
    SeenShape {
        fingerprint: fingerprint.into(),
        sql: format!("SELECT id FROM {table}"),
        kind: Kind::Select,
        table: table.into(),
        all: measured,
        places: lines.into_iter().map(|lines| SeenPlace { lines, measured }).collect(),
    }
}

/// A loop of the log over the child, 48 times.
fn looped(line: Option<u32>) -> SeenFinding {
    let mut finding = finding("RT105", line.map(|_| "/srv/forum/views.py"), line.unwrap_or(0), FindingSource::Log);
    finding.evidence = vec![Evidence::Statements {
        fingerprint: CHILD.into(),
        sql: String::new(),
        count: 48,
        total_ms: Some(31.2),
        request: Some("GET /forum/".into()),
    }];
    let measured = Measured { executions: 48, total_ms: Some(31.2), most: 48 };
    let ways = line.map(|_| SeenWay { request: Some("GET /forum/".into()), sent: vec![sent(0, measured)] });
    SeenFinding { finding, shapes: vec![CHILD.into()], ways: ways.into_iter().collect() }
}

/// From a place of the first shape.
fn sent(place: u32, measured: Measured) -> SeenSent {
    SeenSent { shape: 0, place, gave_keys: false, measured }
}

fn joined(findings: Vec<Finding>, predictions: &[Prediction], seen: &Seen) -> Joined {
    join(findings, (predictions, &[]), &["forum/views.py"], seen, &|_| false)
}

#[test]
fn a_loop_that_both_show_is_one_finding_and_graver() {
    for stack in [Some(12), None] {
        let seen = Seen {
            shapes: vec![shape(CHILD, "forum", 48, 48, stack), shape(PARENT, "topic", 1, 1, stack.map(|_| 9))],
            findings: vec![looped(stack)],
        };
        let joined = joined(vec![of_code("RT101", 12)], &predictions(&[12]), &seen);
        let [found] = &joined.findings[..] else { panic!("{:?}", joined.findings) };
        assert_eq!((found.rule.as_str(), found.source), ("RT101", FindingSource::Both));
        assert_eq!(found.severity, Severity::Blocker);
        let sure = if stack.is_some() { Confidence::Certain } else { Confidence::Likely };
        assert_eq!(found.confidence, sure);
        let how = if stack.is_some() { "" } else { ", by its text alone, as the log has no stacks" };
        let told = format!("The log shows it: 48 times, 31.2 ms{how}.");
        assert!(found.message.ends_with(&told), "{}", found.message);
        assert_eq!(found.evidence.len(), 1);
        let line = CodeLine { path: "forum/views.py".into(), line: 12 };
        assert_eq!(joined.lines[&line].executions, 48);
        assert_eq!(joined.of_shape, [vec![line], vec![CodeLine { path: "forum/views.py".into(), line: 9 }]]);
        let met = if stack.is_some() { (49, 0) } else { (0, 49) };
        assert_eq!((joined.met.by_stack, joined.met.by_shape), met);
    }
}

#[test]
fn a_chosen_severity_stays_and_a_hint_is_one_no_more() {
    let seen = Seen { shapes: vec![shape(CHILD, "forum", 48, 48, None)], findings: vec![looped(None)] };
    let hint = Finding { hint: true, ..of_code("RT101", 12) };
    let all = joined(vec![hint], &predictions(&[12]), &seen).findings;
    assert_eq!((all[0].hint, all[0].severity), (false, Severity::Warning));
    let chosen = join(vec![of_code("RT101", 12)], (&predictions(&[12]), &[]), &["forum/views.py"], &seen, &|_| true);
    assert_eq!(chosen.findings[0].severity, Severity::Warning);
}

#[test]
fn without_a_stack_the_one_line_that_repeats_it_is_meant() {
    let seen = Seen { shapes: vec![shape(CHILD, "forum", 48, 48, None)], findings: vec![looped(None)] };
    let mut several = predictions(&[12]);
    several.push(prediction(30, CHILD, "SELECT id FROM forum WHERE id = ?", false));
    let one = joined(vec![of_code("RT101", 12)], &several, &seen);
    assert_eq!((one.findings.len(), one.findings[0].source), (1, FindingSource::Both));
    assert_eq!((one.met.several, one.lines.len()), (48, 0));
    // Of two loops that send it, either may be meant.
    let two = joined(vec![of_code("RT101", 12), of_code("RT101", 14)], &predictions(&[12, 14]), &seen);
    let sources: Vec<FindingSource> = two.findings.iter().map(|finding| finding.source).collect();
    assert_eq!(sources, [FindingSource::Code, FindingSource::Code, FindingSource::Log]);
    assert_eq!(two.findings[0], of_code("RT101", 12));
    let told = two.findings[2].evidence.iter().filter(|e| matches!(e, Evidence::Code { .. })).count();
    assert_eq!((told, &two.findings[2].path), (2, &None));
}

#[test]
fn what_the_log_alone_found_gets_its_line_and_loop() {
    let seen = Seen { shapes: vec![shape(CHILD, "forum", 48, 48, None)], findings: vec![looped(None)] };
    let joined = joined(Vec::new(), &predictions(&[12]), &seen);
    let [found] = &joined.findings[..] else { panic!("{:?}", joined.findings) };
    assert_eq!(
        (found.source, found.path.as_deref(), found.line),
        (FindingSource::Log, Some("forum/views.py"), Some(12))
    );
    let Evidence::Code { line: 9, message, .. } = &found.evidence[0] else { panic!("{:?}", found.evidence) };
    assert_eq!(message, "in the loop over rows of forum.Topic (line 9)");
}

#[test]
fn what_ran_without_repeating_is_doubted() {
    // Sent, but once in each request.
    let once = Seen { shapes: vec![shape(CHILD, "forum", 7, 1, Some(12))], findings: Vec::new() };
    let found = joined(vec![of_code("RT101", 12)], &predictions(&[12]), &once).findings;
    assert_eq!(found[0].confidence, Confidence::Possible);
    assert!(found[0].message.contains("7 times and never more than twice in one request"), "{}", found[0].message);
    assert_eq!(found[0].source, FindingSource::Code);
    // The rows were read, and nothing like it was sent.
    let rows = Seen { shapes: vec![shape(PARENT, "topic", 3, 1, None)], findings: Vec::new() };
    let found = joined(vec![of_code("RT101", 12)], &predictions(&[12]), &rows).findings;
    assert_eq!(found[0].confidence, Confidence::Possible);
    assert!(found[0].message.contains("reads the rows of the loop 3 times"), "{}", found[0].message);
    // The table is read in a way that is not predicted: it may be that.
    let other = Seen {
        shapes: vec![shape(PARENT, "topic", 3, 1, None), shape("00000000000000ff", "forum", 9, 9, None)],
        findings: Vec::new(),
    };
    assert_eq!(joined(vec![of_code("RT101", 12)], &predictions(&[12]), &other).findings, [of_code("RT101", 12)]);
}

#[test]
fn repetition_speaks_for_itself_where_requests_are_told_apart() {
    let many = Seen { shapes: vec![shape(CHILD, "forum", 40, 20, Some(12))], findings: Vec::new() };
    let found = joined(vec![of_code("RT101", 12)], &predictions(&[12]), &many).findings;
    assert_eq!((found[0].source, found[0].severity), (FindingSource::Both, Severity::Blocker));
    let whole = Seen { shapes: vec![shape(CHILD, "forum", 40, 0, Some(12))], findings: Vec::new() };
    let found = joined(vec![of_code("RT101", 12)], &predictions(&[12]), &whole).findings;
    assert_eq!((found[0].source, found[0].severity), (FindingSource::Code, Severity::Warning));
}

#[test]
fn what_is_not_met_stays_as_it_is() {
    let seen = Seen { shapes: vec![shape("00000000000000ff", "user", 9, 9, Some(80))], findings: Vec::new() };
    let joined = joined(vec![of_code("RT101", 12), of_code("RT401", 9)], &predictions(&[12]), &seen);
    assert_eq!(joined.findings, [of_code("RT101", 12), of_code("RT401", 9)]);
    assert_eq!((joined.met.on_other_lines, joined.met.by_stack), (9, 0));
    // A line that is no loop's only gets what was measured.
    let read = Seen { shapes: vec![shape(PARENT, "topic", 3, 3, Some(9))], findings: Vec::new() };
    let found = self::joined(vec![of_code("RT401", 9)], &predictions(&[12]), &read).findings;
    assert_eq!(
        (found[0].source, found[0].confidence, found[0].evidence.len()),
        (FindingSource::Code, Confidence::Likely, 1)
    );
}

#[test]
fn the_query_that_gave_the_keys_tells_the_loop() {
    // Two loops fetch the same, each over rows of its own; the log has one in each of two requests.
    let mut all = predictions(&[12]);
    let mut other = prediction(40, CHILD, "SELECT id FROM forum WHERE id = ?", true);
    if let Some(around) = other.loop_.get_mut("N") {
        around.line = 38;
    }
    all.push(other);
    all.push(prediction(38, "00000000000000a2", "SELECT id FROM post", false));
    let told = |fingerprint: &str, count, request: &str| Evidence::Statements {
        fingerprint: fingerprint.into(),
        sql: String::new(),
        count,
        total_ms: None,
        request: Some(request.into()),
    };
    let mut seen_loop = looped(None);
    seen_loop.finding.evidence = vec![
        told(CHILD, 9, "GET /a/"),
        told(PARENT, 1, "GET /a/"),
        told(CHILD, 5, "GET /b/"),
        told("00000000000000a2", 1, "GET /b/"),
    ];
    let shapes = vec![
        shape(CHILD, "forum", 14, 9, None),
        shape(PARENT, "topic", 1, 1, None),
        shape("00000000000000a2", "post", 1, 1, None),
    ];
    let seen = Seen { shapes, findings: vec![seen_loop] };
    let found = joined(vec![of_code("RT101", 12), of_code("RT101", 40)], &all, &seen).findings;
    assert_eq!(found.len(), 2, "{found:?}");
    let told = |at: usize, times: &str| found[at].message.contains(&format!("The log shows it: {times},"));
    assert!(told(0, "9 times") && told(1, "5 times"), "{found:?}");
    assert!(found.iter().all(|finding| finding.source == FindingSource::Both));
}

#[test]
fn a_function_that_did_not_run_sent_nothing() {
    let mut all = predictions(&[12]);
    all.push(prediction(40, CHILD, "SELECT id FROM forum WHERE id = ?", true));
    all.push(prediction(41, "00000000000000ee", "SELECT id FROM tag", false));
    let function = |line| Function {
        path: "forum/views.py".into(),
        name: format!("at_{line}"),
        line,
        round_trips: String::new(),
        exact: true,
        terms: Vec::new(),
        loops: BTreeMap::new(),
    };
    let seen = Seen {
        shapes: vec![shape(CHILD, "forum", 9, 9, None), shape(PARENT, "topic", 1, 1, None)],
        findings: vec![looped(None)],
    };
    let joined = join(
        vec![of_code("RT101", 12), of_code("RT101", 40)],
        (&all, &[function(8), function(37)]),
        &["forum/views.py"],
        &seen,
        &|_| false,
    );
    let sources: Vec<FindingSource> = joined.findings.iter().map(|finding| finding.source).collect();
    assert_eq!(sources, [FindingSource::Both, FindingSource::Code]);
    assert_eq!(joined.met.several, 0);
}

#[test]
fn of_two_callers_of_a_helper_the_one_on_the_stack_sent_it() {
    let through = |caller: u32| Prediction {
        via: vec![format!("forum/views.py:{caller} forum_of()")],
        ..prediction(50, CHILD, "SELECT id FROM forum WHERE id = ?", true)
    };
    let alone = prediction(50, CHILD, "SELECT id FROM forum WHERE id = ?", false);
    let line = |line| CodeLine { path: "/srv/forum/views.py".into(), line };
    let mut sent = shape(CHILD, "forum", 48, 48, Some(50));
    sent.places[0].lines = vec![line(50), line(12), line(8)];
    let seen = Seen { shapes: vec![sent], findings: vec![looped(Some(50))] };
    let all = [alone, through(12), through(40)];
    let found = joined(vec![of_code("RT101", 12), of_code("RT101", 40)], &all, &seen).findings;
    let sources: Vec<FindingSource> = found.iter().map(|finding| finding.source).collect();
    assert_eq!(sources, [FindingSource::Both, FindingSource::Code]);
    assert!(!found[1].message.contains("The log"), "{}", found[1].message);
}

/// Line 50 sends the child for lines 12 and 40, each in a loop of its own, and line 12 itself is in `views.py`.
fn helper_of_two() -> (Vec<Finding>, Vec<Prediction>) {
    let through = |caller: u32| {
        let mut out = prediction(50, CHILD, "SELECT id FROM forum WHERE id = ?", true);
        out.via = vec![format!("forum/views.py:{caller} forum_of()")];
        out.loop_.values_mut().for_each(|around| around.line = caller - 2);
        out
    };
    let all = vec![through(12), through(40)];
    let finding = |at: usize| {
        let loops = all[at].loop_.clone();
        let cost = of_code("RT101", 50).cost.map(|cost| Cost { loops, ..cost });
        Finding { cost, ..of_code("RT101", 50) }
    };
    (vec![finding(0), finding(1)], all)
}

#[test]
fn a_finding_counts_what_came_by_its_own_way() {
    let line = |line| CodeLine { path: "/srv/forum/views.py".into(), line };
    let measured = |executions, most| Measured { executions, total_ms: Some(executions as f64), most };
    let mut shape = shape(CHILD, "forum", 11, 4, Some(50));
    shape.places = [(12, 8, 4), (40, 2, 1), (70, 1, 1)]
        .map(|(caller, executions, most)| SeenPlace {
            lines: vec![line(50), line(caller)],
            measured: measured(executions, most),
        })
        .into();
    let mut observed = looped(Some(50));
    let way = |request: &str, sent: Vec<SeenSent>| SeenWay { request: Some(request.into()), sent };
    observed.ways = vec![
        way("GET /a/", vec![sent(0, measured(6, 4)), sent(1, measured(2, 1))]),
        way("GET /b/", vec![sent(0, measured(2, 2)), sent(2, measured(1, 1))]),
    ];
    let seen = Seen { shapes: vec![shape], findings: vec![observed] };
    let (findings, all) = helper_of_two();
    let found = joined(findings, &all, &seen).findings;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].message.contains("The log shows it: 8 times, 8.0 ms, up to 4 times in one request."), "{found:?}");
    let counts = found[0].evidence.iter().filter_map(|evidence| match evidence {
        Evidence::Statements { count, request, .. } => Some((*count, request.as_deref())),
        Evidence::Code { .. } => None,
    });
    assert_eq!(counts.collect::<Vec<_>>(), [(6, Some("GET /a/")), (2, Some("GET /b/"))]);
    // Line 40 sent it once in each request.
    assert_eq!((found[1].source, found[1].confidence), (FindingSource::Code, Confidence::Possible));
    assert!(found[1].message.contains("Less sure: the log sends it twice"), "{}", found[1].message);
}

#[test]
fn a_second_line_of_a_loop_is_named_by_the_finding_of_the_first() {
    let child = |lines: [u32; 2]| {
        let places = lines.map(|line| shape(CHILD, "forum", 48, 48, Some(line)).places.remove(0));
        SeenShape { places: places.into(), ..shape(CHILD, "forum", 96, 96, None) }
    };
    let mut second = looped(Some(14));
    second.ways[0].sent[0].place = 1;
    let seen = Seen { shapes: vec![child([12, 14])], findings: vec![looped(Some(12)), second] };
    let all = joined(vec![of_code("RT101", 12)], &predictions(&[12, 14]), &seen).findings;
    let [found] = &all[..] else { panic!("{all:?}") };
    let named = |evidence: &Evidence| matches!(evidence, Evidence::Code { line: 14, .. });
    assert!(found.evidence.iter().any(named), "{:?}", found.evidence);
    // Of another loop it is another finding.
    let mut apart = predictions(&[12, 14]);
    apart[2].loop_.get_mut("N").unwrap().line = 13;
    assert_eq!(joined(vec![of_code("RT101", 12)], &apart, &seen).findings.len(), 2);
}

/// The child, sent by these lines, and a finding of the log of all of them together.
fn together(rule: &str, family: Family, lines: &[u32]) -> Seen {
    let places = lines.iter().map(|line| shape(CHILD, "forum", 2, 2, Some(*line)).places.remove(0));
    let all = SeenShape { places: places.collect(), ..shape(CHILD, "forum", 2, 2, None) };
    let mut observed = looped(lines.first().copied());
    observed.finding.rule = rule.into();
    observed.finding.family = family;
    let measured = Measured { executions: 2, total_ms: Some(2.0), most: 2 };
    observed.ways[0].sent = (0..).zip(lines).map(|(place, _)| sent(place, measured)).collect();
    Seen { shapes: vec![all], findings: vec![observed] }
}

#[test]
fn a_log_cannot_tell_that_a_repeated_read_could_be_shared() {
    let seen = together("RT304", Family::OverFetching, &[12]);
    let of = |confidence| {
        let finding = Finding { family: Family::OverFetching, confidence, cost: None, ..of_code("RT304", 12) };
        let all = joined(vec![finding], &predictions(&[12]), &seen).findings;
        let [found] = &all[..] else { panic!("{all:?}") };
        (found.source, found.confidence, found.severity)
    };
    assert_eq!(of(Confidence::Possible), (FindingSource::Both, Confidence::Possible, Severity::Warning));
    assert_eq!(of(Confidence::Likely), (FindingSource::Both, Confidence::Certain, Severity::Blocker));
}

#[test]
fn what_a_turn_reads_again_is_named_by_the_finding_of_its_loop() {
    let mut seen = together("RT304", Family::OverFetching, &[12, 14]);
    seen.findings[0].ways[0].sent.iter_mut().for_each(|sent| sent.measured.most = 1);
    seen.findings.push(looped(Some(12)));
    let all = joined(vec![of_code("RT101", 12)], &predictions(&[12, 14]), &seen).findings;
    let [found] = &all[..] else { panic!("{all:?}") };
    let named = |evidence: &Evidence| matches!(evidence, Evidence::Code { line: 14, .. });
    assert!(found.evidence.iter().any(named), "{:?}", found.evidence);
    // Outside of the loop, nothing that the loop loads serves it.
    let mut apart = predictions(&[12]);
    apart.push(prediction(14, CHILD, "SELECT id FROM forum WHERE id = ?", false));
    assert_eq!(joined(vec![of_code("RT101", 12)], &apart, &seen).findings.len(), 2);
}

#[test]
fn an_index_of_one_column_and_of_several_are_one_matter() {
    let mut seen = together("RT401", Family::Index, &[9]);
    seen.shapes[0].fingerprint = PARENT.into();
    seen.shapes[0].places[0].measured.executions = 3;
    seen.findings[0].shapes = vec![PARENT.into()];
    seen.findings[0].ways.clear();
    let all = joined(vec![of_code("RT402", 9)], &predictions(&[]), &seen).findings;
    let [found] = &all[..] else { panic!("{all:?}") };
    assert_eq!((found.rule.as_str(), found.source), ("RT402", FindingSource::Both));
    let apart = joined(vec![of_code("RT404", 9)], &predictions(&[]), &seen).findings;
    assert_eq!((apart.len(), apart[1].line), (2, Some(9)));
    seen.shapes[0].places[0].measured.executions = 1;
    assert_eq!(joined(vec![of_code("RT402", 9)], &predictions(&[]), &seen).findings.len(), 2, "sent once");
}

#[test]
fn counts_that_the_code_keeps_apart_are_doubted() {
    let confidence = |lines: &[u32]| {
        let mut all = predictions(lines);
        all.iter_mut().for_each(|prediction| prediction.loops.clear());
        let seen = together("RT201", Family::Aggregation, lines);
        joined(Vec::new(), &all, &seen).findings[0].confidence
    };
    assert_eq!(confidence(&[12, 14]), Confidence::Possible);
    assert_eq!(confidence(&[12]), Confidence::Likely, "a helper that is called twice");
}
