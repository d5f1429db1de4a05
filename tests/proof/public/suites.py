"""The public projects of projects.toml: where they are, what runs their suites, and which of their files are tests."""

import argparse
import json
import os
import subprocess
import sys
import tomllib
from contextlib import nullcontext
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from harness import TOOLS, Postgres  # noqa: E402

TREES = Path(os.environ.get("ROUNDTRIP_PUBLIC") or Path.home() / ".cache/roundtrip/public")


def options():
    """What the command line asks for: `BINARY [PROJECT…] [--misses N] [--keep FOLDER]`."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary", type=lambda path: str(Path(path).resolve()))
    arguments.add_argument("projects", nargs="*")
    arguments.add_argument("--misses", type=int, default=0)
    arguments.add_argument("--keep", type=Path)
    return arguments.parse_args()


def found(wanted):
    """(project, its tree) of those that are on this machine, of `wanted` names or of all; says how to bring the others."""
    for project in tomllib.loads((HERE / "projects.toml").read_text())["project"]:
        if wanted and project["name"] not in wanted:
            continue
        where = TREES / project["name"]
        if where.is_dir():
            yield project, where.resolve()
        else:
            print(f"{project['name']} is not here: git clone {project['repository']} {where} && git -C {where} checkout {project['commit']}")


def interpreter(version):
    """A Python of this version: on the PATH, or one of pyenv's."""
    own = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for candidate in [f"python{version}", *map(str, own)]:
        try:
            subprocess.run([candidate, "--version"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    sys.exit(f"Missing: python{version}")


def environment(project, tree):
    """The Python of an environment in the per-user cache that has what the project needs."""
    home = TOOLS / f"public-{project['name']}"
    python = home / "bin/python"
    done = home / "installed"
    wanted = json.dumps(project["requirements"])
    if not done.exists() or done.read_text() != wanted:
        subprocess.run([interpreter(project["python"]), "-m", "venv", str(home)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", *project["requirements"], "coverage"]
        subprocess.run(install, check=True, cwd=tree)
        done.write_text(wanted)
    return str(python)


def run(project, tree, launcher, out, more):
    """Runs the suite behind `launcher`, arguments of the project's Python, with `more` in its environment; failing tests
    are no matter, a suite that writes no `out` is."""
    python = environment(project, tree)
    with Postgres() if project["database"] == "postgres" else nullcontext({}) as server:
        variables = {key: value.format(socket=server.get("PROOF_HOST")) for key, value in project.get("environment", {}).items()}
        for key, value in more.items():
            variables[key] = os.pathsep.join(filter(None, [variables.get(key), value])) if key == "PYTHONPATH" else value
        with open(f"{out}.log", "w", encoding="utf-8") as log:
            command = [python, *launcher, *project["run"]]
            subprocess.run(command, cwd=tree, env={**os.environ, **variables}, stdout=log, stderr=subprocess.STDOUT)
    if not out.exists():
        sys.exit(f"{project['name']} recorded nothing: {out}.log")
