#!/usr/bin/env python3
"""Applies what is advised over a recorded workload to its database: `workload.py BINARY [ROWS]`.

The depot is filled with that many skewed rows, a workload is sent under public/recorder, and `roundtrip log --schema`
reviews the recording. Each CREATE INDEX that it advises is made as it stands, the statements that it is advised for are
sent again with their own values, and the index is dropped. Exit status 1 where an index that is missing is not advised, one
is advised that is not missing, the planner leaves it, or the time does not fall.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = HERE / "cases"
RECORDER = HERE.parents[2] / "public/recorder"
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "django")]

from harness import Postgres, fingerprints  # noqa: E402
from run import environment  # noqa: E402

# What the workload's statements miss, by the columns of the index.
MISSING = {"code", "due", "email", "code, email", "state, due"}
LEAST = 3
# Statements of one shape that are sent again.
MOST = 5


def call(python, variables, *arguments, **more):
    variables = {**os.environ, **variables, "PYTHONPATH": os.pathsep.join([str(CASES), str(RECORDER)])}
    return subprocess.run([python, str(HERE / "replay.py"), *arguments], env=variables, cwd=CASES, check=True, text=True, **more)


def advised(binary, recording):
    command = [binary, "log", str(recording), "--schema", str(CASES), "--select", "index", "--format", "json", "--fail-on", "never"]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return [finding for finding in report["findings"] if "CREATE INDEX" in finding["advice"]]


def statements(binary, recording):
    """Fingerprint → the recorded statements with their values."""
    lines = [json.loads(line) for line in recording.read_text().splitlines()]
    sent = [(line["sql"], line["params"]) for line in lines if "sql" in line]
    prints = fingerprints(binary, "postgres", sorted({sql for sql, _ in sent}))
    out = {}
    for sql, params in sent:
        known = out.setdefault(prints[sql], [])
        if (sql, params) not in known and len(known) < MOST:
            known.append((sql, params))
    return out


def main():
    binary, rows = str(Path(sys.argv[1]).resolve()), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    python = environment()
    wrong = []
    with Postgres() as variables, tempfile.TemporaryDirectory() as temporary:
        recording = Path(temporary) / "workload.jsonl"
        call(python, {**variables, "ROUNDTRIP_FILE": str(recording)}, "record", str(rows))
        sent = statements(binary, recording)
        advice = {}
        for finding in advised(binary, recording):
            index = re.search(r"CREATE INDEX CONCURRENTLY ON \w+ \(([^)]*)\)", finding["advice"])
            shapes = [evidence["fingerprint"] for evidence in finding["evidence"] if "fingerprint" in evidence]
            advice[index[1]] = {"index": index[0], "statements": [each for shape in shapes for each in sent[shape]]}
        wrong += [f"missing and not advised: {columns}" for columns in sorted(MISSING - set(advice))]
        wrong += [f"advised and not missing: {columns}" for columns in sorted(set(advice) - MISSING)]
        done = call(python, variables, "measure", input=json.dumps(list(advice.values())), stdout=subprocess.PIPE)
    print(f"\nA recorded workload over {rows} rows on PostgreSQL\n{'index':20}{'statements':>11}{'taken':>7}{'before':>12}{'after':>12}{'factor':>9}")
    for (columns, each), told in zip(advice.items(), json.loads(done.stdout), strict=True):
        factor, count = told["before"] / told["after"], len(each["statements"])
        print(f"{columns:20}{count:11}{told['taken']:7}{told['before']:10.2f}ms{told['after']:10.2f}ms{factor:8.1f}x")
        if told["taken"] < count:
            wrong.append(f"the planner leaves {columns} for {count - told['taken']} of {count} statements")
        if factor < LEAST:
            wrong.append(f"{columns}: {factor:.1f} times is too little")
    if wrong:
        sys.exit("\n".join(wrong))


main()
