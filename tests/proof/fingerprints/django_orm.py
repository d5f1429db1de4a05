"""Writes what Django sends on PostgreSQL for the project in ../django, values in their places: a JSON list of texts."""

import json
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "django"
sys.path.insert(0, str(PROJECT))

import record  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from library import fixtures  # noqa: E402

sent = []


def note(execute, sql, params, many, context):
    for values in params if many else [params]:
        sent.append(sql if values is None else context["cursor"].mogrify(sql, values))
    return execute(sql, params, many, context)


def main():
    with connection.execute_wrapper(note):
        call_command("migrate", run_syncdb=True, verbosity=0)
        for size in record.SIZES:
            fixtures.clear()
            fixtures.fill(size)
            for name, _, call, names, _ in record.targets():
                try:
                    arguments = [record.argument(each) for each in names]
                except LookupError:
                    continue
                try:
                    with transaction.atomic():
                        record.consume(call(*arguments))
                        transaction.set_rollback(True)
                except Exception as problem:  # what was sent until then is as good as any
                    print(f"{name}: {type(problem).__name__}: {problem}", file=sys.stderr)
    json.dump(sent, sys.stdout)


main()
