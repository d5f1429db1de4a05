"""Migrates a project and times the queries of some functions: `measure.py load ROWS FUNCTION…` makes the rows after the first
migration, `measure.py newest FUNCTION…` runs those that follow and undoes them, `measure.py made FUNCTION…` has Django
write them first. Prints, for each function, its plan's nodes, the indexes that it uses and the least time of three in
ms, as JSON.
"""

import importlib
import json
import sys

from database import call_command, connection, load, nodes


def measured(function, arguments):
    """The plan of the last statement that the function sends."""
    sent = []

    def keep(execute, sql, params, many, context):
        sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        rows = len(function(*arguments))
    sql, params = sent[-1]
    best, found = None, None
    with connection.cursor() as cursor:
        # One process, so that times compare.
        cursor.execute("SET max_parallel_workers_per_gather = 0; SET jit = off")
        for _ in range(3):
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
            (answer,) = cursor.fetchone()
            plan = (answer if isinstance(answer, list) else json.loads(answer))[0]
            if best is None or plan["Execution Time"] < best:
                best, found = plan["Execution Time"], plan["Plan"]
    all_nodes = list(nodes(found))
    return {
        "rows": rows,
        "nodes": [node["Node Type"] for node in all_nodes],
        "indexes": sorted({node["Index Name"] for node in all_nodes if "Index Name" in node}),
        "ms": best,
    }


def differ():
    """Whether models and migrations say different things."""
    try:
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    except SystemExit:
        return True
    return False


def main():
    what, *functions = sys.argv[1:]
    if what == "load":
        load(functions.pop(0))
    else:
        if what == "made":
            call_command("makemigrations", verbosity=0)
        call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE depot_event")
        cursor.execute("SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE NOT indisvalid")
        invalid = [name for (name,) in cursor.fetchall()]
    queries = importlib.import_module("depot.queries")
    found = {name: measured(getattr(queries, name), queries.ASKED[name]) for name in functions}
    told = {"invalid": invalid, "found": found, "differ": what != "load" and differ()}
    if what != "load":
        call_command("migrate", "depot", "0001", verbosity=0)
    print(json.dumps(told))


main()
