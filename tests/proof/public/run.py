#!/usr/bin/env python3
"""Holds predictions against public projects' test suites: `run.py BINARY [PROJECT…] [--misses N] [--keep FOLDER]`.

Each project of projects.toml that is found in $ROUNDTRIP_PUBLIC (~/.cache/roundtrip/public) has its suite run under
record.py, and what its own code sent is compared with what the command predicts for the same tree, by line (of a
statement over several lines: its first) and fingerprint. `--keep` leaves the recordings there and takes them from there
the next time. Exit status 1 where an aim is missed.

Counted are distinct pairs of line and fingerprint. What is predicted as `possible` is no claim that it is sent, and what
has `…` in it says that it is partial: both are counted apart.
"""

import ast
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import suites

from harness import fingerprints

HERE = Path(__file__).resolve().parent
PREDICTED, SENT = 0.60, 0.90


def record(project, tree, out):
    """What the suite's own code sends, by record.py."""
    suites.run(project, tree, [str(HERE / "record.py"), str(tree), str(out)], out, {})


def predicted(binary, tree, code, dialect, version):
    command = [binary, "predict", code, "--dialect", dialect, "--django", version]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, cwd=tree)
    return [json.loads(line) for line in done.stdout.splitlines()]


class Lines:
    """The logical lines of the project's Python: an expression over several lines is sent from one of them."""

    def __init__(self, tree):
        self.tree = tree
        self.files = {}

    def of(self, path):
        """{line: first line of its statement}, and the lines that run when something is called, not on import."""
        if path not in self.files:
            first, called = {}, set()
            try:
                parsed = ast.parse((self.tree / path).read_bytes())
            except (OSError, SyntaxError):
                parsed = ast.Module([], [])
            # Inner statements come later and take their lines from the outer ones.
            for node in ast.walk(parsed):
                if isinstance(node, ast.stmt | ast.ExceptHandler):
                    first.update(dict.fromkeys(range(node.lineno, node.end_lineno + 1), node.lineno))
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    for statement in node.body:
                        called.update(range(statement.lineno, statement.end_lineno + 1))
            self.files[path] = first, called
        return self.files[path]

    def logical(self, path, line):
        return (path, self.of(path)[0].get(line, line)) if path.endswith(".py") else (path, line)

    def called(self, path, lines):
        return self.of(path)[1].intersection(lines)


def plain(path):
    return path.removeprefix("./")


def step(text):
    path, line = text.split(" ")[0].rsplit(":", 1)
    return plain(path), int(line)


class Comparison:
    """What was sent, what was predicted, and which is in both."""

    def __init__(self, recording, queries, prints, tree):
        logical = Lines(tree)
        ran = {logical.logical(path, line) for path, lines in recording["ran"].items() for line in logical.called(path, lines)}
        # The places whose code ran, line by line of functions and templates.
        self.frames = ran | {(path, line) for path, lines in recording["rendered"].items() for line in lines}
        self.sent = {}
        for path, line, template, template_line, sql in recording["sent"]:
            places = [logical.logical(path, line)] if path else []
            places += [(template, template_line)] if template else []
            # A template's line is the innermost place that there is, the call that renders it is known beside it.
            self.sent.setdefault((places[-1], prints[sql]), (sql, places))
        self.queries = {}
        self.at = defaultdict(list)
        for query in queries:
            place = logical.logical(plain(query["path"]), query["line"])
            via = [logical.logical(*step(each)) for each in query["via"]]
            self.queries.setdefault((place, query["fingerprint"]), []).append((query, via))
            self.at[place].append(query)
            # What a serializer's field or another declaration sends has no frame of its own: the call has.
            if place not in self.frames:
                for each in via:
                    self.at[each].append(query)

    def here(self, places):
        return [query for place in places for query in self.at.get(place, [])]

    def missing(self):
        """Statements that were sent and not predicted: (place, SQL, what was predicted there)."""
        for (place, fingerprint), (sql, places) in self.sent.items():
            here = self.here(places)
            if not any(query["fingerprint"] == fingerprint for query in here):
                yield place, sql, here

    def claims(self):
        """Predictions on lines that ran: (place, query, whether it was sent); `None` for one that says it is partial."""
        frames = self.frames
        sent_at = {(place, fingerprint) for (_, fingerprint), (_, places) in self.sent.items() for place in places}
        for (place, fingerprint), ways in self.queries.items():
            if place not in frames:
                continue
            # The callers of a way that ran, ran.
            ways = [(query, via) for query, via in ways if all(each in frames for each in via)]
            if not ways:
                continue
            query, via = ways[0]
            hit = (place, fingerprint) in sent_at
            yield place, query, True if hit else None if "…" in query["sql"] else False


def share(part, whole):
    return part / whole if whole else 0.0


def show(missing, claims, sent, most):
    """The first `most` of what was missed and of what was claimed and not sent, with what there is beside each."""
    for place, sql, here in missing[:most]:
        print(f"missed  {place[0]}:{place[1]}\n    sent      {sql}")
        for query in here[:4]:
            print(f"    predicted {query['sql']}")
    for place, query, _ in [claim for claim in claims if not claim[2]][:most]:
        print(f"unsent  {place[0]}:{place[1]} {query['confidence']}\n    predicted {query['sql']}")
        for (at, _), (sql, places) in sent.items():
            if place in places:
                print(f"    sent      {sql}")


def compare(project, recording, queries, prints, tree, most):
    """Prints both shares; whether they reach the project's aims."""
    both = Comparison(recording, queries, prints, tree)
    missing = sorted(both.missing(), key=str)
    claims = sorted(both.claims(), key=str)
    partial = [claim for claim in claims if claim[2] is None]
    possible = [claim for claim in claims if claim[2] is not None and claim[1]["confidence"] == "possible"]
    claims = [claim for claim in claims if claim[2] is not None and claim[1]["confidence"] != "possible"]
    show(missing, claims, both.sent, most)
    predicted, sent = len(both.sent) - len(missing), sum(hit for *_, hit in claims)
    shares = [
        ("statements sent that were predicted", predicted, len(both.sent), PREDICTED),
        ("statements predicted that were sent", sent, len(claims), SENT),
    ]
    print(f"\n{project['name']} (Django {recording['django']}, {recording['vendor']})")
    for what, part, whole, least in shares:
        print(f"  {what}{part:6} of {whole:5} = {share(part, whole):6.1%}, aim {least:.0%}")
    if "shown" in project:
        print(f"  not held against the aims: {project['shown']}")
    nothing = sum(not here for *_, here in missing)
    print(f"  missed: nothing predicted there {nothing}, something else {len(missing) - nothing}")
    print(f"  beside: `possible` {sum(hit for *_, hit in possible)} sent of {len(possible)}, partial and not as sent {len(partial)}")
    return "shown" in project or all(share(part, whole) >= least for _, part, whole, least in shares)


def main():
    options = suites.options()
    holds = True
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for project, tree in suites.found(options.projects):
            out = folder / f"{project['name']}.json"
            if not out.exists():
                record(project, tree, out)
            recording = json.loads(out.read_text())
            dialect = "postgres" if recording["vendor"] == "postgresql" else recording["vendor"]
            version = ".".join(recording["django"].split(".")[:2])
            queries = predicted(options.binary, tree, project.get("code", "."), dialect, version)
            prints = fingerprints(options.binary, dialect, sorted({row[-1] for row in recording["sent"]}))
            holds &= compare(project, recording, queries, prints, tree, options.misses)
    if not holds:
        sys.exit(1)


main()
