#!/usr/bin/env python3
"""Joins public projects' code with a recording of their own test suites: `join.py BINARY [PROJECT…] [--misses N] [--keep FOLDER]`.

Each project of projects.toml that is found in $ROUNDTRIP_PUBLIC, and is held against aims, has its suite run under
public/recorder/roundtrip_recorder.py. Of what was recorded, the statements count whose innermost frame is the
application's; the frames of tests are cut off, so that no test's line can be met. `roundtrip log --code` then says how many
meet a line of the code: by their stacks, and with all stacks taken away, by fingerprint alone. Every execution counts, and
beside it every pair of line and fingerprint once. What fingerprints alone say is held against the stacks. Exit status 1
where an aim is missed.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import suites
from application import NOT_APPLICATION

from harness import fingerprints

BY_STACK, BY_SHAPE = 0.80, 0.60
RECORDER = Path(__file__).resolve().parents[3] / "public/recorder"
LAUNCHER = """
import os, runpy, sys
import roundtrip_recorder
roundtrip_recorder.install()
sys.path[0] = os.getcwd()
sys.argv = sys.argv[1:]
if sys.argv[0] == "-m":
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
"""
TOLD = re.compile(r"(\d+) of (\d+) statements \(\d+ %\) meet a predicted line of the code")


def record(project, tree, out):
    more = {"PYTHONPATH": str(RECORDER), "ROUNDTRIP_FILE": str(out)}
    suites.run(project, tree, ["-c", LAUNCHER], out, more)


def own(stack, launcher):
    """The application's frames inside of the innermost test; none where a test itself sent the statement."""
    inside = []
    for frame in reversed(stack):
        if NOT_APPLICATION.search(frame[0]) or frame[0] == launcher:
            break
        inside.insert(0, frame)
    return inside


def application(recording, launcher):
    """The recording's lines as objects, with the application's statements only."""
    for line in recording.read_text(encoding="utf-8").splitlines():
        line = json.loads(line)
        if "sql" not in line:
            yield line
        elif stack := own(line["stack"], launcher):
            yield {**line, "stack": stack}


def once(lines, prints):
    """Each statement of a line once."""
    seen = set()
    for line in lines:
        if "sql" in line:
            pair = (*line["stack"][-1][:2], prints[line["sql"]])
            if pair in seen:
                continue
            seen.add(pair)
        yield line


def without_stacks(lines):
    return [{**line, "stack": []} if "sql" in line else line for line in lines]


def joined(binary, lines, tree, code, folder):
    """The report on these lines and the code, and (met, of how many)."""
    log = folder / "joined.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    command = [binary, "log", str(log), "--code", code, "--format", "json", "--fail-on", "never"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, cwd=tree)
    report = json.loads(done.stdout)
    told = [TOLD.search(note) for each in report["inputs"] for note in each["notes"]]
    return report, next((int(found[1]), int(found[2])) for found in told if found)


def places(report):
    """{fingerprint: its lines of the code}"""
    return {query["fingerprint"]: {(line["path"], line["line"]) for line in query.get("code") or []}
            for query in report["queries"] if "executions" in query}


def agreement(by_stack, by_shape):
    """Of the executions that stacks and fingerprints both placed: how many have their line named, and how many are given
    that line alone."""
    lines = places(by_stack)
    both = named = alone = 0
    for query in by_shape["queries"]:
        told = {(line["path"], line["line"]) for line in query.get("code") or []}
        if "executions" in query and told and lines.get(query["fingerprint"]):
            both += query["executions"]
            named += query["executions"] * bool(told & lines[query["fingerprint"]])
            alone += query["executions"] * (len(told) == 1 and told <= lines[query["fingerprint"]])
    return both, named, alone


def show(report, lines, prints, most):
    """The dearest shapes that met nothing, each with a stack of theirs."""
    stacks = {prints[line["sql"]]: line["stack"] for line in lines if "sql" in line}
    missed = [query for query in report["queries"] if "executions" in query and not query.get("code")]
    for query in sorted(missed, key=lambda query: -query["executions"])[:most]:
        frames = " < ".join(f"{path}:{line}" for path, line, _ in reversed(stacks.get(query["fingerprint"], [])))
        print(f"missed {query['executions']:6} {query['sql'][:300]}\n              {frames}")


def compare(project, binary, recording, tree, folder, most):
    launcher = next((part for part in project["run"] if part.endswith(".py")), None)
    lines = list(application(recording, launcher))
    vendor = next(line["vendor"] for line in lines if "sql" in line)
    dialect = "postgres" if vendor == "postgresql" else vendor
    prints = fingerprints(binary, dialect, sorted({line["sql"] for line in lines if "sql" in line}))
    pairs = list(once(lines, prints))
    code = project.get("code", ".")
    by_stack, every = joined(binary, lines, tree, code, folder)
    by_shape, every_bare = joined(binary, without_stacks(lines), tree, code, folder)
    show(by_stack, lines, prints, most)
    rows = [
        ("executions, with stacks", every, BY_STACK),
        ("pairs of line and fingerprint, with stacks", joined(binary, pairs, tree, code, folder)[1], None),
        ("executions, by fingerprint alone", every_bare, BY_SHAPE),
        ("pairs of line and fingerprint, by fingerprint alone", joined(binary, without_stacks(pairs), tree, code, folder)[1], None),
    ]
    print(f"\n{project['name']} ({dialect})")
    for what, (met, whole), least in rows:
        print(f"  {what:52}{met:7} of {whole:7} = {met / max(whole, 1):6.1%}" + (f", aim {least:.0%}" if least else ""))
    both, named, alone = agreement(by_stack, by_shape)
    print(f"  of {both} that both ways place, fingerprints name the stack's line for {named / max(both, 1):.1%}, and no other for {alone / max(both, 1):.1%}")
    sources = [finding["source"] for finding in by_stack["findings"]]
    print("  findings: " + ", ".join(f"{sources.count(source)} of {source}" for source in ("code", "log", "both")))
    return all(met >= least * whole > 0 for _, (met, whole), least in rows if least)


def main():
    options = suites.options()
    holds = True
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for project, tree in suites.found(options.projects):
            if "shown" in project and project["name"] not in options.projects:
                continue
            recording = folder / f"{project['name']}.jsonl"
            if not recording.exists():
                record(project, tree, recording)
            holds &= compare(project, options.binary, recording, tree, Path(temporary), options.misses)
    if not holds:
        sys.exit(1)


main()
