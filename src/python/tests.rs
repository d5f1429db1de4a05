use proptest::prelude::*;

use super::ir::{Expr, ExprKind, StmtKind};
use super::{Parser, highlight, parse, show};
use crate::model::{Span, TokenClass};

/// Each case is Python, a line `---`, and the IR as `show` writes it; a line `===` ends it.
const CASES: &str = include_str!("cases.txt");

fn shown(text: &str) -> String {
    let mut out = String::new();
    show::block(&parse(text).module.body, 0, &mut out);
    out
}

#[test]
fn python_becomes_the_ir() {
    for case in CASES.split("===\n") {
        let (python, expected) = case.split_once("---\n").expect("a case has two halves");
        assert_eq!(shown(python), expected, "of\n{python}");
        let crlf = python.replace('\n', "\r\n");
        assert_eq!(shown(&crlf), expected, "with CRLF, of\n{python}");
        if !python.contains('\\') {
            assert_eq!(shown(&python.replace('\n', "\r")), expected, "with CR, of\n{python}");
        }
    }
}

/// On a stack as small as a wasm worker's.
fn on_a_small_stack(check: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(1 << 20).spawn(check).unwrap().join().unwrap();
}

#[test]
fn nesting_does_not_overflow() {
    on_a_small_stack(|| {
        let n = 200_000;
        let parens = format!("x = {}a{}\n", "(".repeat(n), ")".repeat(n));
        let parsed = parse(&parens);
        assert!(matches!(&parsed.module.body[0].kind,
            StmtKind::Assign { value: Expr { kind: ExprKind::Name(name), .. }, .. } if name == "a"));
        assert_eq!(parsed.errors, []);

        let deep = [
            format!("x = {}{}\n", "[".repeat(n), "]".repeat(n)),
            format!("x = {}a\n", "not ".repeat(n)),
            format!("x = {}a\n", "lambda: ".repeat(n)),
            format!("x = {}a{}\n", "f(".repeat(n), ")".repeat(n)),
            format!("x = {}1\n", "a if b else ".repeat(n)),
            format!("x = {}\n", "{1: ".repeat(20_000)),
            format!("x = {}\n", "f'{".repeat(20_000)),
            (0..1000).map(|i| format!("{}if a:\n", " ".repeat(i))).collect(),
            format!("match a:\n  case {}a{}: pass\n", "[".repeat(5_000), "]".repeat(5_000)),
        ];
        for text in deep {
            let parsed = parse(&text);
            assert!(!parsed.errors.is_empty(), "{}", &text[..40]);
            drop(parsed.clone());
        }
    });
}

#[test]
fn long_chains_keep_their_operands() {
    on_a_small_stack(|| {
        let all_and = format!("x = {}b\n", "a and ".repeat(20_000));
        let parsed = parse(&all_and);
        assert_eq!(parsed.errors, []);
        let StmtKind::Assign { value: Expr { kind: ExprKind::Bool { values, .. }, .. }, .. } =
            &parsed.module.body[0].kind
        else {
            panic!("{:?}", parsed.module.body[0].kind)
        };
        assert_eq!(values.len(), 20_001);

        let sum = format!("x = {}b\n", "a + ".repeat(20_000));
        assert_eq!(format!("{:?}", parse(&sum)).matches("Name(\"a\")").count(), 20_000);
        let calls = format!("x = q{}\n", ".filter(z)".repeat(5_000));
        assert_eq!(format!("{:?}", parse(&calls)).matches("Name(\"z\")").count(), 5_000);
        let elifs = format!("if a: pass\n{}", "elif c: z()\n".repeat(3_000));
        assert_eq!(format!("{:?}", parse(&elifs)).matches("Name(\"z\")").count(), 3_000);
        let targets = format!("{}1\n", "a = ".repeat(20_000));
        assert_eq!(format!("{:?}", parse(&targets)).matches("Name(\"a\")").count(), 20_000);
    });
}

#[test]
fn a_parse_stops_when_told_and_the_parser_stays_usable() {
    let table = format!("x = [{}]\n", "'a', 1, (2, 3),\n".repeat(20_000));
    let mut parser = Parser::new();
    let mut asked = 0;
    let stopped = parser.parse(&table, || {
        asked += 1;
        asked < 10
    });
    assert_eq!(stopped, Err(super::ParseLimit::Stopped));
    assert_eq!(parser.parse("x = 1\n", || true).map(|parsed| parsed.errors), Ok(vec![]));
    let large = " ".repeat(super::MAX_BYTES + 1);
    assert_eq!(parser.parse(&large, || true), Err(super::ParseLimit::TooLarge { bytes: large.len() }));
}

#[test]
fn call_and_body_spans_are_those_of_the_text() {
    let text = "@dec\nclass A(B):\n    x = f( a, b )\n\n    async def g(self): return h(i for i in j)\n\n# end\n";
    let parsed = parse(text);
    let StmtKind::Class(class) = &parsed.module.body[0].kind else { panic!("a class") };
    let of = |span: Span| &text[span.range()];
    assert!(of(parsed.module.body[0].span).starts_with("@dec"));
    assert!(of(class.body_span).starts_with("x = f") && of(class.body_span).ends_with("in j)"));
    let StmtKind::Assign { value, .. } = &class.body[0].kind else { panic!("an assignment") };
    assert_eq!(value.as_call().map(|call| of(call.args_span)), Some(" a, b "));
    let StmtKind::Function(function) = &class.body[1].kind else { panic!("a function") };
    let StmtKind::Return(Some(value)) = &function.body[0].kind else { panic!("a return") };
    assert_eq!(value.as_call().map(|call| of(call.args[0].span)), Some("i for i in j"));
    assert_eq!(parsed.module.comments.iter().map(|comment| of(comment.span)).collect::<Vec<_>>(), ["# end"]);
}

#[test]
fn colours_of_every_class() {
    let text = "@a.b(1)\nclass C(D):  # no\n    def f(self): return f\"x{y + 2}\" is not None or Topic(g.h())\n";
    let shown: Vec<(&str, TokenClass)> =
        highlight(text).iter().map(|(span, class)| (&text[span.range()], *class)).collect();
    use TokenClass::*;
    assert_eq!(
        shown,
        [
            ("@a", Decorator),
            ("b", Decorator),
            ("1", Number),
            ("class", Keyword),
            ("C", Class),
            ("# no", Comment),
            ("def", Keyword),
            ("f", Function),
            ("return", Keyword),
            ("f\"x", String),
            ("+", Operator),
            ("2", Number),
            ("\"", String),
            ("is", Keyword),
            ("not", Keyword),
            ("None", Constant),
            ("or", Keyword),
            ("Topic", Class),
            ("h", Function),
        ]
    );
}

/// Spans lie in the text and in each other's, and what is beside comes in order.
fn assert_spans(text: &str) {
    let parsed = parse(text);
    let shown = format!("{:?}", parsed.module.body);
    // Debug text gives every span, at every depth, without a walk of its own.
    for span in shown.split("Span { start: ").skip(1) {
        let mut numbers = span.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
        let start: usize = numbers.next().and_then(|digits| digits.parse().ok()).unwrap_or(usize::MAX);
        let end: usize = numbers.next().and_then(|digits| digits.parse().ok()).unwrap_or(usize::MAX);
        assert!(text.get(start..end).is_some(), "{start}..{end} in {text:?}");
    }
    nested(&parsed.module.body, Span::new(0, text.len()), text);
    let tokens = highlight(text);
    assert!(tokens.iter().all(|(span, _)| text.get(span.range()).is_some_and(|token| !token.is_empty())));
    assert!(tokens.windows(2).all(|pair| pair[0].0.end <= pair[1].0.start), "{tokens:?} in {text:?}");
}

fn nested(block: &[super::ir::Stmt], around: Span, text: &str) {
    for statement in block {
        assert!(around.contains(statement.span), "{:?} in {around:?} of {text:?}", statement.span);
        match &statement.kind {
            StmtKind::Class(class) => nested(&class.body, statement.span, text),
            StmtKind::Function(function) => nested(&function.body, statement.span, text),
            StmtKind::If { body, orelse, .. }
            | StmtKind::For { body, orelse, .. }
            | StmtKind::While { body, orelse, .. } => {
                nested(body, statement.span, text);
                nested(orelse, statement.span, text);
            }
            StmtKind::With { body, .. } | StmtKind::Unknown(body) => nested(body, statement.span, text),
            StmtKind::Try { body, handlers, orelse, finally } => {
                nested(body, statement.span, text);
                handlers.iter().for_each(|handler| nested(&handler.body, handler.span, text));
                nested(orelse, statement.span, text);
                nested(finally, statement.span, text);
            }
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in "(\\PC|[()\\[\\]{}:=,'\"#\\\\\n\r\t ]|    |def |if |for |f'){0,80}") {
        assert_spans(&text);
    }

    #[test]
    fn mutated_python_is_read(cuts in prop::collection::vec((0..4000_usize, 0..40_usize, "[()\\[{:'\"\n ]{0,2}"), 1..6)) {
        let mut text: String = CASES.split("===\n").filter_map(|case| case.split_once("---\n")).map(|case| case.0).collect();
        for (at, length, new) in cuts {
            let at = at % text.len();
            let end = (at + length).min(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(end) {
                text.replace_range(at..end, &new);
            }
        }
        assert_spans(&text);
    }
}
