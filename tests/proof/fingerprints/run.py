#!/usr/bin/env python3
"""Holds fingerprints against libpg_query: `run.py BINARY [--list]`.

Statements are those that Django and SQLAlchemy send on PostgreSQL, and drawn variants of one statement of every kind.
Counted are pairs: of those that the command calls one class, how many the oracle does (precision), and the other way
round (recall), each class weighing the same. The oracle is PostgreSQL's own tree with what the rules call equal made
equal (oracle.py); libpg_query's fingerprint, which has other rules in places, is printed beside. `--list` prints every
disagreement. Exit status 1 where a share is below the aim.
"""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import combinations, takewhile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from harness import Postgres, environment, fingerprints  # noqa: E402

AIM = 0.995
LEAST = 5000
PACKAGES = ["django", "djangorestframework", "psycopg[binary]", "sqlalchemy", "pglast==6.*"]
MODULES = ["django", "rest_framework", "psycopg", "sqlalchemy", "pglast"]


def run(python, script, given="", variables=()):
    command = [python, str(HERE / script)]
    done = subprocess.run(
        command, env={**os.environ, **dict(variables)}, input=given, stdout=subprocess.PIPE, check=True, text=True
    )
    return json.loads(done.stdout)


def share(of, by):
    """Of the pairs that `of` puts together, those that `by` does; each class of `of` weighs the same."""
    classes = defaultdict(Counter)
    for statement, label in of.items():
        classes[label][by[statement]] += 1
    pairs = lambda n: n * (n - 1) // 2  # noqa: E731
    shares = [sum(map(pairs, inner.values())) / pairs(inner.total()) for inner in classes.values() if inner.total() > 1]
    return sum(shares) / len(shares)


def disagreements(ours, oracle):
    """One pair of statements for each two classes that are parted by one side only."""
    for one, other, said in ((oracle, ours, "apart here, one there"), (ours, oracle, "one here, apart there")):
        classes = defaultdict(dict)
        for statement, label in one.items():
            classes[label].setdefault(other[statement], statement)
        for inner in classes.values():
            for a, b in combinations(inner.values(), 2):
                yield said, a, b


def difference(a, b):
    """Where two statements differ, with a few words around it."""
    a, b = a.split(), b.split()
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(a, b))))
    end = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(reversed(a[same:]), reversed(b[same:])))))
    before = " ".join(a[max(0, same - 6) : same])
    part = lambda words: " ".join(words[same : len(words) - end])[:160]  # noqa: E731
    return f"… {before} [{part(a)}] or [{part(b)}] {' '.join(a[len(a) - end :])[:60]}"


def main():
    binary = sys.argv[1]
    python = environment("fingerprints", PACKAGES, MODULES)
    with Postgres() as variables:
        sources = {
            "django": run(python, "django_orm.py", variables=variables),
            "sqlalchemy": run(python, "sqlalchemy_orm.py", variables=variables),
        }
    sources["kinds"] = run(python, "variants.py", (HERE / "kinds.sql").read_text())
    statements = list(dict.fromkeys(text for source in sources.values() for text in source))
    read = run(python, "oracle.py", json.dumps(statements))
    known = {text: labels for text, labels in zip(statements, read, strict=True) if labels}
    ours = fingerprints(binary, "postgres", list(known))
    held = True
    counts = ", ".join(f"{len(source)} of {name}" for name, source in sources.items())
    print(f"fingerprints: {counts}; {len(known)} texts in {len({label for _, label in known.values()})} classes, "
          f"{len(statements) - len(known)} that the oracle cannot read")
    for at, name in enumerate(("libpg_query's fingerprint", "PostgreSQL's tree by our rules")):
        oracle = {text: labels[at] for text, labels in known.items()}
        precision, recall = share(ours, oracle), share(oracle, ours)
        print(f"  {name}: precision {precision:.2%}, recall {recall:.2%}")
        held = held if at == 0 else precision >= AIM and recall >= AIM
    found = list(disagreements(ours, oracle))
    print(f"  disagreements: {len(found)}")
    for said, a, b in found if "--list" in sys.argv else found[:12]:
        print(f"    {said}: {difference(a, b)}")
    if len(known) < LEAST:
        print(f"  only {len(known)} texts, {LEAST} are wanted")
    sys.exit(0 if held and len(known) >= LEAST else 1)


main()
