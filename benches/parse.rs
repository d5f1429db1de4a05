//! What the IR costs on top of the grammar: tree-sitter alone against `python::Parser`, on the same text.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use roundtrip::python::Parser;

/// Views and models as an application has them, about 200 kB.
fn source() -> String {
    let mut text = String::from("from django.db import models\n\n");
    for number in 0..400 {
        text.push_str(&format!(
            "class Topic{number}(models.Model):\n    \"\"\"A topic.\"\"\"\n\n    title = models.CharField(max_length={number})\n    \
             forum = models.ForeignKey('Forum', related_name=\"topics\", on_delete=models.CASCADE)\n\n    \
             @property\n    def last(self):\n        # the newest one\n        \
             return self.posts.filter(hidden=False, created__gte=now() - timedelta(days={number})).first()\n\n\n\
             def view_{number}(request, pk, *, page: int = 1):\n    rows = []\n    \
             for topic in Topic{number}.objects.select_related(\"forum\")[:50]:\n        \
             if topic.forum_id in (1, 2, 3) and not topic.closed:\n            \
             rows.append({{\"title\": f\"{{topic.title}}: {{topic.last}}\", \"n\": topic.posts.count() + 1}})\n    \
             return render(request, \"topics.html\", {{\"rows\": [row for row in rows if row[\"n\"] > page]}})\n\n\n"
        ));
    }
    text
}

fn parse(c: &mut Criterion) {
    let text = source();
    let mut group = c.benchmark_group("parse");
    group.throughput(Throughput::Bytes(text.len() as u64));
    let mut raw = tree_sitter::Parser::new();
    raw.set_language(&tree_sitter_python::LANGUAGE.into()).expect("the grammar fits the library");
    group.bench_function("tree-sitter", |b| b.iter(|| raw.parse(&text, None)));
    let mut parser = Parser::new();
    group.bench_function("ir", |b| b.iter(|| parser.parse(&text, || true)));
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
