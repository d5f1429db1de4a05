#!/usr/bin/env python3
"""Holds predictions against Django: `run.py BINARY [sqlite] [postgres]`.

Each function of the project beside this file is called over 3 and 11 parent rows; what it sends is compared with what
the command predicts, by fingerprint and by number. Exit status 1 where the thresholds are missed.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import harness  # noqa: E402
from harness import Postgres, fingerprints  # noqa: E402

EQUAL, EXACT, SAY_EXACT = 0.95, 0.95, 0.80
PACKAGES = ["django", "djangorestframework", "psycopg[binary]"]


def environment():
    """The Python of an environment in the per-user cache that has Django."""
    # Django 6 takes Python 3.12; the resolver finds the newest that this one can run.
    return harness.environment("proof", PACKAGES, ["django", "rest_framework", "psycopg"])


def record(python, variables):
    done = subprocess.run(
        [python, str(HERE / "record.py")], env={**os.environ, **variables}, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)


def predicted(binary, dialect, version):
    command = [binary, "check", ".", "--format", "json", "--fail-on", "never"]
    command += ["--dialect", dialect, "--django", version]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, cwd=HERE)
    return json.loads(done.stdout)


def turns_of(letter, loop, outermost, size, counts, stated):
    """How often a loop turned: as stated, as its driver says, or as the rows lie."""
    if letter in stated:
        return eval(stated[letter], {"n": size})  # noqa: S307: arithmetic in our own comments
    if loop["exactly"] is not None:
        return loop["exactly"]
    rows = counts.get(loop["model"] or "", 0) if outermost else 2
    return rows if loop["at_most"] is None else min(rows, loop["at_most"])


def number(function, size, counts, stated):
    total = 0
    for term in function["terms"]:
        product = term["count"]
        for place, letter in enumerate(term["loops"]):
            product *= turns_of(letter, function["loops"][letter], place == 0, size, counts, stated)
        total += product
    return total


def compare(name, recorded, report, prints):
    """Prints the two shares and what misses; whether all thresholds hold."""
    at_line, misses = {}, []
    for query in report["queries"]:
        # A serializer's field or a template's line is no frame of Python: the call that leads there is.
        for place in [f"{query['path']}:{query['line']} ", *query["via"]]:
            path, line = place.split(" ")[0].removeprefix("./").rsplit(":", 1)
            at_line.setdefault((path, int(line)), []).append(query)
    functions = {(f["path"].removeprefix("./"), f["name"]): f for f in report["functions"]}
    sent = {}
    for key, runs in recorded["runs"].items():
        for run in runs.values():
            if run["error"]:
                misses.append(f"{key} failed: {run['error']}")
            for statement in run["sent"]:
                sent.setdefault((statement["path"], statement["line"], prints[statement["sql"]]), statement["sql"])
    equal = unknown = 0
    wrong = []
    for (path, line, fingerprint), sql in sorted(sent.items()):
        there = at_line.get((path, line), [])
        if any(query["fingerprint"] == fingerprint for query in there):
            equal += 1
        elif not there or any("…" in query["sql"] for query in there):
            unknown += 1
            misses.append(f"unknown {path}:{line}\n    sent      {sql}")
        else:
            wrong.append((path, line))
            shown = "".join(f"\n    predicted {query['sql']}" for query in there)
            misses.append(f"wrong   {path}:{line}\n    sent      {sql}{shown}")
    exact = right = 0
    for key, runs in recorded["runs"].items():
        path, function_name = key.split(":")
        if function_name.endswith("!"):
            continue
        # One that is not listed sends nothing; whether that is certain is not said.
        nothing = {"terms": [], "loops": {}, "exact": not any(run["sent"] for run in runs.values()), "round_trips": "0"}
        function = functions.get((path, function_name), nothing)
        stated = dict(part.split("=") for part in recorded["turns"].get(key, "").split())
        counted = {size: len(run["sent"]) for size, run in runs.items()}
        said = {size: number(function, int(size), recorded["counts"][size], stated) for size in runs}
        if function["exact"]:
            exact += 1
            right += counted == said
        if counted != said or not function["exact"]:
            how = "exact" if function["exact"] else "inexact"
            misses.append(f"count   {key} {how}: {function['round_trips']} = {said}, counted {counted}")
    total, all_functions = len(sent), sum(not key.endswith("!") for key in recorded["runs"])
    print("\n".join(misses))
    shares = [
        ("statements predicted as sent", equal, total, EQUAL),
        ("functions that say exact and are", right, exact, EXACT),
        ("functions that say exact", exact, all_functions, SAY_EXACT),
    ]
    print(f"\n{name}")
    holds = True
    for what, part, whole, least in shares:
        share = part / whole if whole else 0.0
        holds &= share >= least
        print(f"  {what:34}{part:5} of {whole:5} = {share:6.1%}, at least {least:.0%}")
    print(f"  {'statements not predicted':34}{unknown:5}\n  {'statements predicted wrongly':34}{len(wrong):5}, none may be")
    return holds and not wrong


def main():
    binary = str(Path(sys.argv[1]).resolve())
    engines = sys.argv[2:] or ["sqlite", "postgres"]
    python = environment()
    version = subprocess.run(
        [python, "-c", "import django; print('%d.%d' % django.VERSION[:2])"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    holds = True
    for engine in engines:
        if engine == "postgres":
            with Postgres() as variables:
                recorded = record(python, variables)
        else:
            recorded = record(python, {})
        statements = sorted({s["sql"] for runs in recorded["runs"].values() for run in runs.values() for s in run["sent"]})
        report = predicted(binary, engine, version)
        holds &= compare(f"{engine}, Django {version}", recorded, report, fingerprints(binary, engine, statements))
    if not holds:
        sys.exit(1)


if __name__ == "__main__":
    main()
