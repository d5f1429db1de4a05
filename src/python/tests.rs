use super::ir::{Expr, ExprKind, StmtKind};
use super::{Parser, parse, show};

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
