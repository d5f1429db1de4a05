"""Fingerprints a second by libpg_query, on the statements of benches/fingerprint.rs."""

import time
from pathlib import Path

from pglast.parser import fingerprint

text = (Path(__file__).parent.parent / "tests/proof/fingerprints/kinds.sql").read_text()
statements = [line for line in text.splitlines() if line and not line.startswith("--")]
rounds, start = 0, time.perf_counter()
while time.perf_counter() - start < 3:
    for statement in statements:
        fingerprint(statement)
    rounds += 1
print(f"pglast: {rounds * len(statements) / (time.perf_counter() - start):,.0f} fingerprints a second")
