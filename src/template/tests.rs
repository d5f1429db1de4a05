use super::{Arg, Base, Expr, Node, NodeKind, Test, parse};

fn shown(expr: &Expr) -> String {
    let base = |base: &Base| match base {
        Base::Str(text) => format!("{text:?}"),
        Base::Int(number) => number.to_string(),
        Base::Float(text) => text.to_string(),
        Base::Path(parts) => parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>().join("."),
        Base::Unknown => "?".to_owned(),
    };
    let mut out = base(&expr.base);
    for filter in &expr.filters {
        out.push_str(&format!("|{}", filter.name));
        if let Some(arg) = &filter.arg {
            out.push_str(&format!(":{}", base(arg)));
        }
    }
    out
}

fn tested(test: &Test) -> String {
    let list = |tests: &[Test]| tests.iter().map(tested).collect::<Vec<_>>().join(", ");
    match test {
        Test::Value(expr) => shown(expr),
        Test::Not(inner) => format!("not({})", tested(inner)),
        Test::And(parts) => format!("and({})", list(parts)),
        Test::Or(parts) => format!("or({})", list(parts)),
        Test::Compare { left, contains, right } => {
            format!("{} {} {}", shown(left), if *contains { "in" } else { "~" }, shown(right))
        }
    }
}

fn drawn(nodes: &[Node], depth: usize, out: &mut Vec<String>) {
    for node in nodes {
        let pad = "  ".repeat(depth);
        let pairs = |names: &[(smol_str::SmolStr, Expr)]| {
            names.iter().map(|(name, value)| format!(" {name}={}", shown(value))).collect::<String>()
        };
        let named = |arg: &Arg| match &arg.name {
            Some(name) => format!(" {name}={}", shown(&arg.value)),
            None => format!(" {}", shown(&arg.value)),
        };
        match &node.kind {
            NodeKind::Output(value) => out.push(format!("{pad}{}", shown(value))),
            NodeKind::For { targets, over, reversed, body, empty } => {
                let back = if *reversed { " reversed" } else { "" };
                out.push(format!("{pad}for {} in {}{back}", targets.join(","), shown(over)));
                drawn(body, depth + 1, out);
                if !empty.is_empty() {
                    out.push(format!("{pad}empty"));
                    drawn(empty, depth + 1, out);
                }
            }
            NodeKind::If(branches) => {
                for branch in branches {
                    out.push(format!("{pad}if {}", branch.test.as_ref().map_or("else".into(), tested)));
                    drawn(&branch.body, depth + 1, out);
                }
            }
            NodeKind::With { names, body } => {
                out.push(format!("{pad}with{}", pairs(names)));
                drawn(body, depth + 1, out);
            }
            NodeKind::Include { template, with, only } => {
                let only = if *only { " only" } else { "" };
                out.push(format!("{pad}include {}{}{only}", shown(template), pairs(with)));
            }
            NodeKind::Block { name, body } => {
                out.push(format!("{pad}block {name}"));
                drawn(body, depth + 1, out);
            }
            NodeKind::Regroup { over, by, target } => {
                let by: Vec<&str> = by.iter().map(|part| part.name.as_str()).collect();
                out.push(format!("{pad}regroup {} by {} as {target}", shown(over), by.join(".")));
            }
            NodeKind::Tag { name, args, target, body } => {
                let args: String = args.iter().map(named).collect();
                let target = target.as_ref().map_or(String::new(), |target| format!(" as {target}"));
                out.push(format!("{pad}{name}{args}{target}"));
                drawn(body, depth + 1, out);
            }
        }
    }
}

fn check(text: &str, expected: &[&str]) {
    let mut out = Vec::new();
    drawn(&parse(text).nodes, 0, &mut out);
    assert_eq!(out, expected, "{text}");
}

#[test]
fn loops_branches_and_scopes() {
    check(
        "{% for key, value in d.items %}{{ value.name|default:\"a | b\" }}{% empty %}{{ none }}{% endfor %}",
        &["for key,value in d.items", "  value.name|default:\"a | b\"", "empty", "  none"],
    );
    check("{% for t in ts|slice:':5' reversed %}{% endfor %}", &["for t in ts|slice:\":5\" reversed"]);
    check(
        "{% if a and not b.c or x in ys %}1{% elif n > 3 %}{{ x }}{% else %}{{ y }}{% endif %}",
        &["if or(and(a, not(b.c)), x in ys)", "if n ~ 3", "  x", "if else", "  y"],
    );
    check("{% if a not in b %}{% endif %}", &["if a in b"]);
    check("{% with a=b.c d=1 %}{{ a }}{% endwith %}", &["with a=b.c d=1", "  a"]);
    check("{% with b.c as a %}{{ a }}{% endwith %}", &["with a=b.c", "  a"]);
    check("{% include \"x.html\" with a=b only %}", &["include \"x.html\" a=b only"]);
    check("{% regroup cities by country.name as groups %}", &["regroup cities by country.name as groups"]);
}

#[test]
fn tags_of_the_project_have_a_body_where_they_are_ended() {
    check("{% show topic.forum as f %}{{ f }}", &["show topic.forum as f", "f"]);
    check("{% box %}{{ a }}{% endbox %}{{ b }}", &["box", "  a", "b"]);
    check("{% url 'topic' pk=t.pk %}", &["url \"topic\" pk=t.pk"]);
    check(
        "{% blocktrans with a=t.b count n=x %}{{ a }}{% plural %}{{ n }}{% endblocktrans %}",
        &["with a=t.b n=x", "  a", "  n"],
    );
}

#[test]
fn what_is_no_code_is_dropped() {
    check("{% comment %}{{ a }}{% endcomment %}{% verbatim %}{{ b }}{% endverbatim %}{{ c }}", &["c"]);
    check("a { b {{ c\n}} {% x\n%} {{ d }}", &["d"]);
    let template = parse("{# roundtrip: ignore[RT112] #}{% extends \"base.html\" %}");
    assert_eq!(template.comments[0].text, "roundtrip: ignore[RT112]");
    assert_eq!(shown(template.extends.as_ref().unwrap()), "\"base.html\"");
}

#[test]
fn broken_input_is_read_as_far_as_it_goes() {
    check("{% for t in ts %}{{ t }}", &["for t in ts", "  t"]);
    check("{% for t in ts %}{% if a %}{{ t }}{% endfor %}{% endif %}", &["for t in ts", "  if a", "    t"]);
    check("{% endfor %}{% for %}{% endfor %}{{ }}{{ a..b }}{{ f(1) }}", &["for  in ?", "?", "?", "?"]);
    let deep = "{% if a %}".repeat(3000) + "{{ x }}" + &"{% endif %}".repeat(3000);
    assert_eq!(parse(&deep).nodes.len(), 1);
    let mut at = 0;
    let odd = "{{ä|ö:'ü é'}}{%ß%}{%-for t in a-%}{%-endfor-%}{{{%'";
    while at <= odd.len() {
        if odd.is_char_boundary(at) {
            parse(&odd[..at]);
        }
        at += 1;
    }
}

#[test]
fn spans_are_those_of_the_text() {
    let text = "<p>{{ topic.forum.name|lower }}</p>";
    let template = parse(text);
    let NodeKind::Output(value) = &template.nodes[0].kind else { panic!("{template:?}") };
    let Base::Path(parts) = &value.base else { panic!("{value:?}") };
    let texts: Vec<&str> = parts.iter().map(|part| &text[part.span.range()]).collect();
    assert_eq!(texts, ["topic", "topic.forum", "topic.forum.name"]);
    assert_eq!(&text[value.filters[0].span.range()], "topic.forum.name|lower");
    assert_eq!(&text[template.nodes[0].span.range()], "{{ topic.forum.name|lower }}");
}
