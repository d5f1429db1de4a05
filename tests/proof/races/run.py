#!/usr/bin/env python3
"""Runs code with races, and what the command makes of it, with eight threads on PostgreSQL and Redis: `run.py BINARY
[ROUNDS]`. Exit status 1 where code before loses nothing, or code after anything.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = HERE / "cases"
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "django")]

from harness import Postgres  # noqa: E402
from run import environment  # noqa: E402

# Of these the command writes the code after.
REWRITTEN = ["rt501", "rt502", "rt503", "rt504", "rt505", "rt509", "rt513", "rt513_set"]


class Redis:
    """A server of its own in a temporary folder, reached by socket only; nothing is kept."""

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="proof-redis-")
        self.socket = f"{self.home}/socket"
        server = shutil.which("redis-server")
        if not server:
            sys.exit("Redis is missing: .ci/setup proof installs it")
        line = [server, "--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen([*line, "--dir", self.home], stdout=subprocess.DEVNULL)
        for _ in range(100):
            if os.path.exists(self.socket):
                break
            time.sleep(0.05)
        return {"PROOF_REDIS": self.socket}

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


def rewritten(binary, folder):
    """The cases as the command writes them; what it leaves alone is taken out."""
    shutil.copytree(CASES, folder, dirs_exist_ok=True)
    command = [binary, "check", "shop", "--select", "concurrency", "--fix", "--unsafe-fixes", "--fail-on", "never", "--quiet"]
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    text = (folder / "shop/before.py").read_text()
    was = (CASES / "shop/before.py").read_text()
    functions = {part.split("(")[0]: part for part in text.split("\ndef ")[1:]}
    untouched = [name for name in REWRITTEN if functions[name] in was]
    if untouched:
        sys.exit(f"Not rewritten: {', '.join(untouched)}")
    head = text.split("\ndef ")[0]
    kept = "".join(f"\ndef {functions[name]}" for name in REWRITTEN)
    (folder / "shop/rewritten.py").write_text(head + kept)


def compete(python, variables, folder, rounds, *modules):
    command = [python, str(HERE / "compete.py"), str(rounds), *modules]
    variables = {**os.environ, **variables, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, env=variables, cwd=folder, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def main():
    binary, rounds = str(Path(sys.argv[1]).resolve()), int(sys.argv[2]) if len(sys.argv) > 2 else 50
    python = environment()
    if subprocess.run([python, "-c", "import redis"], capture_output=True).returncode:
        subprocess.run([python, "-m", "pip", "install", "-q", "redis"], check=True)
    with tempfile.TemporaryDirectory() as name, Redis() as redis:
        folder = Path(name)
        rewritten(binary, folder)
        with Postgres() as postgres:
            before = compete(python, {**postgres, **redis}, CASES, rounds, "shop.before")
        # A cluster of its own: the keys begin anew.
        with Postgres() as postgres:
            after = compete(python, {**postgres, **redis}, folder, rounds, "shop.rewritten", "shop.after")
    print(f"\n8 threads on PostgreSQL and Redis, {rounds} rounds\n{'':14}{'calls':>7}{'lost before':>13}{'lost after':>12}")
    holds = True
    for case, (calls, lost) in before.items():
        left = after[case][1]
        holds &= lost > 0 and left == 0
        print(f"{case.upper():14}{calls:7}{lost:13}{left:12}")
    if not holds:
        sys.exit("code before loses nothing, or code after something")


main()
