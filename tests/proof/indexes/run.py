#!/usr/bin/env python3
"""Applies what the rules about indexes advise to a database: `run.py BINARY [ROWS]`.

For each finding in cases/depot the command's own rewrite is applied to a copy of the project, Django migrates a
PostgreSQL with that many rows, and the query of the finding is planned and timed before and after. Exit status 1 where
a finding is missing, has no rewrite, its migration does not run or cannot be undone, the planner leaves the index, or the
time does not fall as stated.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = HERE / "cases"
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "django")]

from harness import Postgres  # noqa: E402
from run import environment  # noqa: E402

# By how much the time of a statement must fall with a million rows; what is dropped must not be missed.
LEAST = {"RT401": 5, "RT402": 3, "RT403": 5, "RT404": 20, "RT405": 0.4, "RT407": 5}


def expected():
    """Function → rule; for RT407 the kind of index, for RT405 the flag."""
    lines = (CASES / "depot/queries.py").read_text().splitlines()
    heads = [re.match(r"def (\w+)\(.*# (RT\d+) ?(\w*)", line) for line in lines]
    return {head[1]: (head[2], head[3]) for head in heads if head}


def findings(binary, folder):
    command = [binary, "check", ".", "--select", "index", "--hints", "--format", "json", "--fail-on", "never"]
    done = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)["findings"]


def function_at(path, line):
    lines = (CASES / path).read_text().splitlines()[:line]
    heads = [re.match(r"def (\w+)", text) for text in lines]
    return next((head[1] for head in reversed(heads) if head), None)


def places(finding):
    """The functions that a finding stands in: one index serves several lookups."""
    told = [finding, *(item for item in finding["evidence"] if item.get("path"))]
    return [function_at(item["path"].removeprefix("./"), item["line"]) for item in told]


def of_case(found, function, rule, kind):
    """The finding of a rule at a function; those about models are told there."""
    for finding in found:
        path = finding["path"].removeprefix("./")
        if finding["rule"] != rule:
            continue
        if path.endswith("models.py"):
            if rule == "RT403" or (rule == "RT405" and (kind or "number") in finding["message"]):
                return finding
        elif function in places(finding):
            names = [edit["path"] for edit in (finding["rewrite"] or {"edits": []})["edits"]]
            if not kind or any(name.endswith(f"_{kind}.py") for name in names):
                return finding
    return None


def apply(edits, folder):
    """As a script would: from the end of each file to its beginning."""
    for edit in sorted(edits, key=lambda e: (e["path"], e["start_line"], e["start_column"]), reverse=True):
        path = folder / edit["path"]
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        start = sum(map(len, lines[: edit["start_line"] - 1])) + edit["start_column"] - 1
        end = sum(map(len, lines[: edit["end_line"] - 1])) + edit["end_column"] - 1
        text = "".join(lines)
        path.write_text(text[:start] + edit["text"] + text[end:])


def measure(python, variables, folder, *arguments):
    command = [python, str(HERE / "measure.py"), *arguments]
    variables = {**os.environ, **variables, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, env=variables, cwd=folder, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else None


def check(case, finding, before, after, large):
    """What is wrong with one case; empty where nothing is."""
    function, (rule, kind) = case
    if after is None:
        return "the migration does not run, or cannot be undone"
    if after["differ"]:
        return "models and migrations differ"
    if after["invalid"]:
        return f"an index is invalid: {after['invalid']}"
    if after["found"][function]["rows"] != before["rows"]:
        return "the query finds other rows"
    # That of the index stands behind those of its parts.
    names = [re.findall(r"(?<!_)name=\"(\w+)\"", edit["text"]) for edit in finding["rewrite"]["edits"]]
    name = next((found[-1] for found in names if found), None)
    used = after["found"][function]["indexes"]
    if rule == "RT405" and not kind:
        return "" if used == ["event_number_object_idx"] else f"the longer index is not used: {used}"
    if name not in used:
        return f"the planner leaves {name}: {used or after['found'][function]['nodes']}"
    factor = before["ms"] / after["found"][function]["ms"]
    return f"{factor:.1f} times is too little" if large and factor < LEAST[rule] else ""


def main():
    binary, rows = str(Path(sys.argv[1]).resolve()), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    python = environment()
    cases = expected()
    found = findings(binary, CASES)
    wrong = []
    with Postgres() as variables:
        before = measure(python, variables, CASES, "load", str(rows), *cases)["found"]
        print(f"\n{rows} rows on PostgreSQL\n{'':8}{'':20}{'before':>10}{'after':>10}{'factor':>9}  index")
        for case in cases.items():
            function, (rule, kind) = case
            finding = of_case(found, function, rule, kind)
            if finding is None or finding["rewrite"] is None:
                wrong.append(f"{rule} {function}: " + ("no rewrite" if finding else "not found"))
                continue
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name) / "project"
                shutil.copytree(CASES, folder, ignore=shutil.ignore_patterns("__pycache__"))
                apply(finding["rewrite"]["edits"], folder)
                made = any("/migrations/" in edit["path"] for edit in finding["rewrite"]["edits"])
                after = measure(python, variables, folder, "newest" if made else "made", function)
                problem = check(case, finding, before[function], after, rows >= 1_000_000)
            if problem:
                wrong.append(f"{rule} {function}: {problem}")
                continue
            one, two = before[function]["ms"], after["found"][function]["ms"]
            used = ", ".join(after["found"][function]["indexes"])
            print(f"{rule:8}{function:20}{one:8.2f}ms{two:8.2f}ms{one / two:8.1f}x  {used}")
    if wrong:
        sys.exit("\n".join(wrong))


main()
