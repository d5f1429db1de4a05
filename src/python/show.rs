//! The IR written back as Python, every operation in parentheses: what the tests compare.

use super::ir::*;

pub(super) fn block(block: &Block, indent: usize, out: &mut String) {
    for statement in block {
        self::statement(statement, indent, out);
    }
}

fn line(indent: usize, text: &str, out: &mut String) {
    out.push_str(&"  ".repeat(indent));
    out.push_str(text.trim_end());
    out.push('\n');
}

fn statement(statement: &Stmt, indent: usize, out: &mut String) {
    let mut header = |text: String, body: &Block| {
        line(indent, &text, out);
        block(body, indent + 1, out);
    };
    let joined = |items: &[Expr]| items.iter().map(expr).collect::<Vec<_>>().join(", ");
    let opt = |word: &str, value: &Option<Expr>| value.as_ref().map_or(String::new(), |v| format!("{word}{}", expr(v)));
    let awaits = |is_async: bool| if is_async { "async " } else { "" };
    let nobody = Vec::new();
    match &statement.kind {
        StmtKind::Import(names) => header(format!("import {}", aliases(names)), &nobody),
        StmtKind::ImportFrom { level, module, names, star } => {
            let names = if *star { "*".to_string() } else { aliases(names) };
            header(format!("from {}{module} import {names}", ".".repeat(*level as usize)), &nobody);
        }
        StmtKind::Class(class) => {
            class.decorators.iter().for_each(|d| header(format!("@{}", expr(d)), &nobody));
            header(format!("class {}({}):", class.name.name, args(&class.bases)), &class.body);
        }
        StmtKind::Function(f) => {
            f.decorators.iter().for_each(|d| header(format!("@{}", expr(d)), &nobody));
            let def = if f.is_generator { "gen" } else { "def" };
            let start = format!("{}{def} {}({})", awaits(f.is_async), f.name.name, params(&f.params));
            header(format!("{start}{}:", opt(" -> ", &f.returns)), &f.body);
        }
        StmtKind::Assign { targets, value } => {
            let targets: String = targets.iter().map(|target| format!("{} = ", expr(target))).collect();
            header(format!("{targets}{}", expr(value)), &nobody);
        }
        StmtKind::AugAssign { target, op, value } => {
            header(format!("{} {op:?}= {}", expr(target), expr(value)), &nobody);
        }
        StmtKind::AnnAssign { target, annotation, value } => {
            header(format!("{}: {}{}", expr(target), expr(annotation), opt(" = ", value)), &nobody);
        }
        StmtKind::Expr(value) => header(expr(value), &nobody),
        StmtKind::Return(value) => header(format!("return{}", opt(" ", value)), &nobody),
        StmtKind::Raise { exception, cause } => {
            header(format!("raise{}{}", opt(" ", exception), opt(" from ", cause)), &nobody);
        }
        StmtKind::Delete(targets) => header(format!("del {}", joined(targets)), &nobody),
        StmtKind::Assert { test, message } => header(format!("assert {}{}", expr(test), opt(", ", message)), &nobody),
        StmtKind::Global(names) => header(format!("global {}", idents(names)), &nobody),
        StmtKind::Nonlocal(names) => header(format!("nonlocal {}", idents(names)), &nobody),
        StmtKind::Pass => header("pass".into(), &nobody),
        StmtKind::Break => header("break".into(), &nobody),
        StmtKind::Continue => header("continue".into(), &nobody),
        StmtKind::If { test, body, orelse } => {
            header(format!("if {}:", expr(test)), body);
            if !orelse.is_empty() {
                header("else:".into(), orelse);
            }
        }
        StmtKind::For { is_async, target, iter, body, orelse } => {
            header(format!("{}for {} in {}:", awaits(*is_async), expr(target), expr(iter)), body);
            if !orelse.is_empty() {
                header("else:".into(), orelse);
            }
        }
        StmtKind::While { test, body, orelse } => {
            header(format!("while {}:", expr(test)), body);
            if !orelse.is_empty() {
                header("else:".into(), orelse);
            }
        }
        StmtKind::With { is_async, items, body } => {
            let items: Vec<String> =
                items.iter().map(|item| format!("{}{}", expr(&item.context), opt(" as ", &item.target))).collect();
            header(format!("{}with {}:", awaits(*is_async), items.join(", ")), body);
        }
        StmtKind::Try { body, handlers, orelse, finally } => {
            header("try:".into(), body);
            for handler in handlers {
                let star = if handler.is_group { "*" } else { "" };
                let name = handler.name.as_ref().map_or(String::new(), |name| format!(" as {}", name.name));
                header(format!("except{star}{}{name}:", opt(" ", &handler.kind)), &handler.body);
            }
            if !orelse.is_empty() {
                header("else:".into(), orelse);
            }
            if !finally.is_empty() {
                header("finally:".into(), finally);
            }
        }
        StmtKind::Match { subject, cases } => {
            header(format!("match {}:", expr(subject)), &nobody);
            for case in cases {
                let guard = opt(" if ", &case.guard);
                let text = format!("case binds[{}] values[{}]{guard}:", idents(&case.binds), joined(&case.values));
                header(text, &case.body);
            }
        }
        StmtKind::TypeAlias { name, value } => header(format!("type {} = {}", name.name, expr(value)), &nobody),
        StmtKind::Unknown(inside) => header("?:".into(), inside),
    }
}

fn idents(names: &[Ident]) -> String {
    names.iter().map(|name| name.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn aliases(names: &[Alias]) -> String {
    let one = |alias: &Alias| match &alias.asname {
        Some(asname) => format!("{} as {}", alias.name, asname.name),
        None => alias.name.to_string(),
    };
    names.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn params(params: &Params) -> String {
    let one = |stars: &str, param: &Param| {
        let annotation = param.annotation.as_ref().map_or(String::new(), |a| format!(": {}", expr(a)));
        let default = param.default.as_ref().map_or(String::new(), |d| format!("={}", expr(d)));
        format!("{stars}{}{annotation}{default}", param.name.name)
    };
    let mut all: Vec<String> = params.positional.iter().map(|param| one("", param)).collect();
    match &params.varargs {
        Some(param) => all.push(one("*", param)),
        None if !params.keyword_only.is_empty() => all.push("*".into()),
        None => {}
    }
    all.extend(params.keyword_only.iter().map(|param| one("", param)));
    all.extend(params.kwargs.iter().map(|param| one("**", param)));
    all.join(", ")
}

fn args(args: &[Arg]) -> String {
    let one = |arg: &Arg| match &arg.kind {
        ArgKind::Positional => expr(&arg.value),
        ArgKind::Keyword(name) => format!("{}={}", name.name, expr(&arg.value)),
        ArgKind::Star => format!("*{}", expr(&arg.value)),
        ArgKind::DoubleStar => format!("**{}", expr(&arg.value)),
    };
    args.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn expr(e: &Expr) -> String {
    let joined = |items: &[Expr]| items.iter().map(expr).collect::<Vec<_>>().join(", ");
    let opt = |value: &Option<Box<Expr>>| value.as_ref().map_or(String::new(), |v| expr(v));
    match &e.kind {
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Attribute { value, attr } => format!("{}.{}", expr(value), attr.name),
        ExprKind::Call(call) => format!("{}({})", expr(&call.func), args(&call.args)),
        ExprKind::Subscript { value, index } => format!("{}[{}]", expr(value), expr(index)),
        ExprKind::Slice { lower, upper, step } => format!("{}:{}:{}", opt(lower), opt(upper), opt(step)),
        ExprKind::Str(text) => format!("{text:?}"),
        ExprKind::FString(parts) => {
            let one = |part: &FPart| match part {
                FPart::Text(text) => format!("{text:?}"),
                FPart::Value(value) => format!("{{{}}}", expr(value)),
            };
            format!("f<{}>", parts.iter().map(one).collect::<Vec<_>>().join(" "))
        }
        ExprKind::Bytes => "b''".into(),
        ExprKind::Int(Some(value)) => value.to_string(),
        ExprKind::Int(None) => "bigint".into(),
        ExprKind::Float(text) => text.to_string(),
        ExprKind::True => "True".into(),
        ExprKind::False => "False".into(),
        ExprKind::None => "None".into(),
        ExprKind::Ellipsis => "...".into(),
        ExprKind::List(items) => format!("[{}]", joined(items)),
        ExprKind::Tuple(items) => format!("({},)", joined(items)),
        ExprKind::Set(items) => format!("{{{}}}", joined(items)),
        ExprKind::Dict(items) => {
            let one = |item: &DictItem| match item {
                DictItem::Pair { key, value } => format!("{}: {}", expr(key), expr(value)),
                DictItem::Spread(value) => format!("**{}", expr(value)),
            };
            format!("{{{}}}", items.iter().map(one).collect::<Vec<_>>().join(", "))
        }
        ExprKind::Comp(comp) => {
            let value = comp.value.as_ref().map_or(String::new(), |value| format!(": {}", expr(value)));
            let clause = |c: &CompClause| {
                let awaits = if c.is_async { " async" } else { "" };
                let conditions: String = c.conditions.iter().map(|c| format!(" if {}", expr(c))).collect();
                format!("{awaits} for {} in {}{conditions}", expr(&c.target), expr(&c.iter))
            };
            let clauses: String = comp.clauses.iter().map(clause).collect();
            format!("{:?}<{}{value}{clauses}>", comp.kind, expr(&comp.element))
        }
        ExprKind::Lambda(lambda) => format!("(lambda {}: {})", params(&lambda.params), expr(&lambda.body)),
        ExprKind::IfExp { test, body, orelse } => format!("({} if {} else {})", expr(body), expr(test), expr(orelse)),
        ExprKind::Bool { op, values } => {
            let word = if *op == BoolOp::And { " and " } else { " or " };
            format!("({})", values.iter().map(expr).collect::<Vec<_>>().join(word))
        }
        ExprKind::Not(value) => format!("(not {})", expr(value)),
        ExprKind::Unary { op, operand } => format!("({op:?} {})", expr(operand)),
        ExprKind::Binary { op, left, right } => format!("({} {op:?} {})", expr(left), expr(right)),
        ExprKind::Compare { left, rest } => {
            let rest: String = rest.iter().map(|(op, value)| format!(" {op:?} {}", expr(value))).collect();
            format!("({}{rest})", expr(left))
        }
        ExprKind::Await(value) => format!("(await {})", expr(value)),
        ExprKind::Yield(value) => format!("(yield {})", opt(value)),
        ExprKind::YieldFrom(value) => format!("(yield from {})", expr(value)),
        ExprKind::Starred(value) => format!("*{}", expr(value)),
        ExprKind::Named { target, value } => format!("({} := {})", target.name, expr(value)),
        ExprKind::Unknown(inside) => format!("?<{}>", joined(inside)),
    }
}
