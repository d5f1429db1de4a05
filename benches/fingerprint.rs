//! Fingerprints a second, of one statement of every kind; `benches/libpg_query.py` measures libpg_query on the same file.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use roundtrip::sql::{Dialect, fingerprint};

const STATEMENTS: &str = include_str!("../tests/proof/fingerprints/kinds.sql");

fn fingerprints(c: &mut Criterion) {
    let statements: Vec<&str> =
        STATEMENTS.split('\n').filter(|line| !line.is_empty() && !line.starts_with("--")).collect();
    let mut group = c.benchmark_group("fingerprint");
    group.throughput(Throughput::Elements(statements.len() as u64));
    group.bench_function("every kind", |b| {
        b.iter(|| statements.iter().fold(0, |sum, statement| sum ^ fingerprint(statement, Dialect::Postgres).0));
    });
    group.finish();
}

criterion_group!(benches, fingerprints);
criterion_main!(benches);
