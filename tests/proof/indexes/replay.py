"""A workload on the depot: `replay.py record ROWS` fills the tables and sends it under the recorder, which writes to
$ROUNDTRIP_FILE; `replay.py measure` takes, as JSON on its input, indexes with the statements that each is to serve, and
prints what each statement takes without and with its index, and whether the planner takes it.
"""

import json
import random
import sys
from datetime import timedelta

from database import connection, load, nodes

TIMES = 3


def record(rows):
    import roundtrip_recorder
    from depot import queries
    from depot.models import Event, Tenant

    load(rows)
    roundtrip_recorder.install()
    draw = random.Random(7)
    some = lambda: f"code-{draw.randrange(1, rows):08}"  # noqa: E731
    asked = {
        "GET /codes/": lambda: queries.by_code(some()),
        "GET /due/": lambda: queries.due_soon(queries.NOW + timedelta(days=99, hours=draw.randrange(20))),
        "GET /next/": lambda: queries.last_due(None),
        "GET /failed/": lambda: queries.last_failed(None),
        "GET /mails/": lambda: list(Event.objects.filter(email=f"user{draw.randrange(20000)}@example.com").order_by()),
        "GET /mine/": lambda: list(Event.objects.filter(email=f"user{draw.randrange(20000)}@example.com", code=some()).order_by()),
        # What an index serves already is to be left alone.
        "GET /numbers/": lambda: queries.by_number(draw.randrange(5000)),
        "GET /tenant/": lambda: list(Event.objects.filter(tenant=draw.randrange(2, 200)).order_by()[:20]),
        "GET /tenants/": lambda: list(Tenant.objects.filter(pk=draw.randrange(1, 200))),
    }
    for name in sorted(asked) * 4:
        with roundtrip_recorder.run(name, "request"):
            asked[name]()
    with roundtrip_recorder.run("POST /events/", "request"):
        Event.objects.filter(pk=1).update(title="changed")


def timed(cursor, sql, params):
    """Milliseconds, the least of several, and the indexes that are used."""
    best, used = None, set()
    for _ in range(TIMES):
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        (answer,) = cursor.fetchone()
        plan = (answer if isinstance(answer, list) else json.loads(answer))[0]
        if best is None or plan["Execution Time"] < best:
            best = plan["Execution Time"]
            used = {node["Index Name"] for node in nodes(plan["Plan"]) if "Index Name" in node}
    return best, sorted(used)


def measure(advice):
    told = []
    with connection.cursor() as cursor:
        # One process, so that times compare.
        cursor.execute("SET max_parallel_workers_per_gather = 0; SET jit = off")
        for each in advice:
            before = [timed(cursor, sql, params) for sql, params in each["statements"]]
            cursor.execute(each["index"].replace("CONCURRENTLY ON", "CONCURRENTLY advised ON"))
            cursor.execute("ANALYZE depot_event")
            after = [timed(cursor, sql, params) for sql, params in each["statements"]]
            cursor.execute("DROP INDEX advised")
            told.append({
                "before": sum(ms for ms, _ in before),
                "after": sum(ms for ms, _ in after),
                "taken": sum("advised" in used for _, used in after),
            })
    print(json.dumps(told))


if sys.argv[1] == "record":
    record(int(sys.argv[2]))
else:
    measure(json.load(sys.stdin))
