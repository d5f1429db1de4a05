"""What the proofs need: a Python with packages, a PostgreSQL of their own, and the command's fingerprints."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOOLS = Path(os.environ.get("TOOLS") or Path.home() / ".cache/roundtrip/tools")


def environment(name, packages, modules):
    """The Python of an environment in the per-user cache in which `modules` can be imported; made of `packages`."""
    home = TOOLS / "{}-{}.{}".format(name, *sys.version_info)
    python = home / "bin/python"
    probe = [str(python), "-c", f"import {', '.join(modules)}"]
    if not python.exists() or subprocess.run(probe, capture_output=True).returncode:
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)
    return str(python)


class Postgres:
    """A cluster of its own in a temporary folder, reached by socket only; gives what Django's settings take."""

    def __enter__(self):
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        on_path = shutil.which("pg_ctl")
        if not found and not on_path:
            sys.exit("PostgreSQL's server is missing: .ci/setup proof installs it")
        self.bin = found[-1] if found else Path(on_path).parent
        self.home = tempfile.mkdtemp(prefix="proof-pg-")
        # The server refuses to run as root.
        self.prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self.prefix:
            shutil.chown(self.home, "postgres")
        self.call("initdb", "-D", f"{self.home}/data", "-A", "trust", "-U", "proof", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={self.home} -c fsync=off"
        self.call("pg_ctl", "-D", f"{self.home}/data", "-w", "-l", f"{self.home}/log", "-o", options, "start")
        return {
            "PROOF_ENGINE": "django.db.backends.postgresql",
            "PROOF_NAME": "postgres",
            "PROOF_HOST": self.home,
            "PROOF_USER": "proof",
        }

    def __exit__(self, *_):
        self.call("pg_ctl", "-D", f"{self.home}/data", "-m", "immediate", "stop")
        shutil.rmtree(self.home, ignore_errors=True)

    def call(self, command, *arguments):
        line = [*self.prefix, str(self.bin / command), *arguments]
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL, cwd="/")


def fingerprints(binary, dialect, statements):
    """The fingerprint of each statement, by its text."""
    lines = "".join(json.dumps(sql) + "\n" for sql in statements)
    command = [binary, "fingerprint", "--json-lines", "--dialect", dialect, "-"]
    done = subprocess.run(command, input=lines, stdout=subprocess.PIPE, check=True, text=True)
    return dict(zip(statements, (line.split("\t")[0] for line in done.stdout.splitlines()), strict=True))
