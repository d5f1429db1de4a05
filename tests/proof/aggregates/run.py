#!/usr/bin/env python3
"""Holds rewritten counts and sums against the rows themselves: `run.py BINARY [DRAWS]`, on SQLite and PostgreSQL.

The command rewrites cases/store/before.py; what comes of it is run over drawn rows. Exit status 1 where a function is not
rewritten, gives another number than the rows, or sends more than one statement.
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


def functions(text):
    """Name → its text, and the rule that its comment names."""
    parts = re.split(r"\n(?=def )", text)[1:]
    return {re.match(r"def (\w+)", part)[1]: (part, re.search(r"# (RT\d+)", part)[1]) for part in parts}


def rewritten(binary, folder):
    """The project with what the command makes of the functions; those that it leaves alone."""
    shutil.copytree(CASES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    before = functions((folder / "store/before.py").read_text())
    rules = sorted({rule for _, rule in before.values()})
    # What a rewrite does is proven here, not how loudly it is offered: hints too.
    command = [binary, "check", "store", "--fix", "--unsafe-fixes", "--hints", "--fail-on", "never", "--quiet"]
    command += [part for rule in rules for part in ("--select", rule)]
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    text = (folder / "store/before.py").read_text()
    after = functions(text)
    (folder / "store/after.py").write_text(text)
    shutil.copy(CASES / "store/before.py", folder / "store/before.py")
    return [name for name in before if after[name][0] == before[name][0]], {name: rule for name, (_, rule) in before.items()}


def drawn(python, variables, folder, draws):
    command = [python, str(HERE / "draw.py"), str(draws), "store.before", "store.after"]
    variables = {**os.environ, **variables, "PYTHONPATH": str(folder)}
    return json.loads(subprocess.run(command, env=variables, cwd=folder, stdout=subprocess.PIPE, check=True).stdout)


def main():
    binary, draws = str(Path(sys.argv[1]).resolve()), int(sys.argv[2]) if len(sys.argv) > 2 else 200
    python = environment()
    holds = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "project"
        untouched, rules = rewritten(binary, folder)
        if untouched:
            sys.exit(f"Not rewritten: {', '.join(untouched)}")
        found = {"SQLite": drawn(python, {}, folder, draws)}
        with Postgres() as variables:
            found["PostgreSQL"] = drawn(python, variables, folder, draws)
    for engine, modules in found.items():
        print(f"\n{engine}, {draws} draws\n{'':22}{'runs':>6}{'right before':>14}{'after':>7}{'statements':>12}{'after':>7}")
        for function, after in modules["store.after"].items():
            before = modules["store.before"][function]
            right = after["same"] == after["runs"] and after["statements"] == 1
            holds &= right
            print(
                f"{rules[function]:8}{function:14}{after['runs']:6}{before['same']:14}{after['same']:7}"
                f"{before['statements']:12}{after['statements']:7}{'' if right else '  WRONG'}"
            )
    if not holds:
        sys.exit("a rewritten function is wrong, or sends more than one statement")


main()
