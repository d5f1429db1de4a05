//! What a whole review costs on top of the grammar: a generated project, and tree-sitter alone over the same files.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use roundtrip::config::Config;
use roundtrip::review::{self, CodeFile, CodeInput};

/// Applications that call each other's helpers, each with models, services, views and templates: about 500 kB.
fn project() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for app in 0..40 {
        let next = (app + 1) % 40;
        let mut models = String::from("from django.db import models\n\n\n");
        let mut services = format!("from app{app}.models import *\nfrom app{next}.models import Item{next}_0\n\n\n");
        let mut views = format!(
            "from django.shortcuts import render\nfrom app{app} import services\nfrom app{app}.models import *\n\n\n"
        );
        for n in 0..8 {
            models.push_str(&format!(
                "class Group{app}_{n}(models.Model):\n    name = models.CharField(max_length=80)\n    notes = models.TextField()\n\n\n\
                 class Item{app}_{n}(models.Model):\n    group = models.ForeignKey(Group{app}_{n}, related_name='items', on_delete=models.CASCADE)\n    \
                 parent = models.ForeignKey('self', null=True, on_delete=models.CASCADE)\n    title = models.CharField(max_length=80)\n    \
                 count = models.IntegerField(default=0)\n\n    @property\n    def label(self):\n        \
                 return f'{{self.group.name}}: {{self.title}}'\n\n    def touch(self):\n        self.count = self.parent.count + 1 if self.parent else 0\n        self.save()\n\n\n"
            ));
            let inner = if n == 0 { String::new() } else { format!("    step_{}(item, depth)\n", n - 1) };
            services.push_str(&format!(
                "def step_{n}(item, depth):\n    if not item:\n        return None\n    if depth > {n}:\n        item.depth = depth\n    else:\n        item.depth = {n}\n    \
                 other = Item{next}_0.objects.filter(title=item.title).first()\n    if other and other.count:\n        item.count += other.count\n{inner}    return other\n\n\n"
            ));
            views.push_str(&format!(
                "def list_{n}(request, page: int = 1):\n    items = Item{app}_{n}.objects.filter(count__gt=page).order_by('title')\n    \
                 for item in items:\n        services.step_{n}(item, page)\n        item.touch()\n    \
                 groups = Group{app}_{n}.objects.all()\n    if not groups:\n        return render(request, 'app{app}/empty.html', {{}})\n    \
                 return render(request, 'app{app}/list.html', {{'items': items, 'groups': groups, 'labels': [item.label for item in items]}})\n\n\n"
            ));
        }
        files.push((format!("app{app}/models.py"), models));
        files.push((format!("app{app}/services.py"), services));
        files.push((format!("app{app}/views.py"), views));
        let list = "{% for group in groups %}<h2>{{ group.name }}</h2>\
                    {% for item in group.items.all %}<p>{{ item.label }} {{ item.parent.title }}</p>{% endfor %}{% endfor %}\
                    {% include \"base/foot.html\" %}";
        files.push((format!("app{app}/templates/app{app}/list.html"), list.to_owned()));
        files.push((format!("app{app}/templates/app{app}/empty.html"), "<p>Nothing</p>".to_owned()));
    }
    files.push(("base/templates/base/foot.html".to_owned(), "<p>{{ request.path }}</p>".to_owned()));
    files
}

fn parse(files: &[(String, String)]) {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).expect("the grammar fits the library");
    for (_, text) in files.iter().filter(|(path, _)| path.ends_with(".py")) {
        parser.parse(text, None);
    }
}

fn review(files: &[(String, String)]) -> usize {
    let file = |(path, text): &(String, String)| CodeFile { path: path.clone(), text: text.clone(), context: false };
    let input = CodeInput { files: files.iter().map(file).collect(), ..CodeInput::default() };
    review::code(input, &Config::default(), &mut |_, _, _| ControlFlow::Continue(())).report.findings.len()
}

fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..5)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[2]
}

fn bench(c: &mut Criterion) {
    let files = project();
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let (raw, whole) = (median(|| parse(&files)), median(|| assert!(review(&files) > 0)));
    let ratio = whole.as_secs_f64() / raw.as_secs_f64();
    println!("{bytes} bytes: tree-sitter {raw:?}, review {whole:?}, {ratio:.1} times as long");
    let mut group = c.benchmark_group("review");
    group.throughput(Throughput::Bytes(bytes as u64)).sample_size(10);
    group.bench_function("tree-sitter", |b| b.iter(|| parse(&files)));
    group.bench_function("review", |b| b.iter(|| review(&files)));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
