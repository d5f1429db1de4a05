"""Runs the cases of one module with threads that begin together; prints what was lost, as JSON."""

import functools
import importlib
import json
import os
import sys
import threading

import django
from django.conf import settings

THREADS = 8

settings.configure(
    INSTALLED_APPS=["shop"],
    MIGRATION_MODULES={"shop": None},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": os.environ["PROOF_ENGINE"],
            "NAME": os.environ["PROOF_NAME"],
            "HOST": os.environ["PROOF_HOST"],
            "USER": os.environ["PROOF_USER"],
        }
    },
    CACHES={
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"unix://{os.environ['PROOF_REDIS']}",
        }
    },
)
django.setup()

from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from jobs import sent  # noqa: E402
from shop.models import Account, Item, Label, Sale, Tag  # noqa: E402


def together(calls):
    """Calls `calls(thread)` in every thread, round by round; gives the number of calls that raised."""
    barrier = threading.Barrier(THREADS)
    failed = []

    def run(thread):
        barrier.wait()
        for call in calls(thread):
            try:
                call()
            except Exception as error:  # noqa: BLE001: what fails is counted
                failed.append(type(error).__name__)
        connection.close()

    threads = [threading.Thread(target=run, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(failed)


def doubled(rows):
    return sum(group["n"] - 1 for group in rows.annotate(n=models.Count("pk")))


def worker(stop, missing):
    while not (stop.is_set() and sent.empty()):
        try:
            pk = sent.get(timeout=0.05)
        except Exception:  # noqa: BLE001: queue.Empty
            continue
        if not Item.objects.filter(pk=pk).exists():
            missing.append(pk)
    connection.close()


def cases(of, rounds):
    """Name of a case → (calls, how many of them were lost)."""
    calls = THREADS * rounds
    cache.set("attempts", 0, 900)
    together(lambda _: [lambda: of("rt501")("attempts")] * rounds)
    yield "rt501", calls, calls - cache.get("attempts")

    item = Item.objects.create()
    together(lambda _: [lambda: of("rt502")(item.pk)] * rounds)
    item.refresh_from_db()
    yield "rt502", calls, calls - item.sold

    item = Item.objects.create()
    count = functools.partial(Item.objects.filter(pk=item.pk).update, sold=models.F("sold") + 1)
    together(lambda thread: [count if thread % 2 else lambda: of("rt503")(item.pk)] * rounds)
    item.refresh_from_db()
    yield "rt503", calls // 2, calls // 2 - item.sold

    names = [f"tag{at}" for at in range(rounds)]
    failed = together(lambda _: [lambda name=name: of("rt504")(name) for name in names])
    yield "rt504", calls, failed + doubled(Tag.objects.values("name"))

    Tag.objects.all().delete()
    failed = together(lambda _: [lambda name=name: of("rt504_label")(name) for name in names])
    twice = doubled(Label.objects.values("name")) + doubled(Tag.objects.values("name"))
    yield "rt504_label", calls, failed + twice

    pks = [Item.objects.create().pk for _ in range(rounds)]
    failed = together(lambda _: [lambda pk=pk: of("rt505")(pk) for pk in pks])
    yield "rt505", calls, failed + doubled(Sale.objects.filter(item_id__in=pks).values("item"))

    stop, missing = threading.Event(), []
    workers = [threading.Thread(target=worker, args=(stop, missing)) for _ in range(THREADS)]
    for one in workers:
        one.start()
    failed = together(lambda _: [of("rt509")] * rounds)
    stop.set()
    for one in workers:
        one.join()
    yield "rt509", calls, failed + len(missing)

    one, two = (Account.objects.create().pk for _ in range(2))
    failed = together(lambda thread: [lambda: of("rt513")(*((one, two) if thread % 2 else (two, one)))] * rounds)
    yield "rt513", calls, failed

    # Each save moves its row in the table, and a plain scan finds the rows as they lie.
    pks = [Account.objects.create().pk for _ in range(12)]
    failed = together(lambda thread: [lambda: of("rt513_set")(pks[thread % 4 :])] * rounds)
    yield "rt513_set", calls, failed


def main():
    rounds = int(sys.argv[1])
    modules = [importlib.import_module(name) for name in sys.argv[2:]]

    def of(name):
        return next(getattr(module, name) for module in modules if hasattr(module, name))

    call_command("migrate", run_syncdb=True, verbosity=0)
    print(json.dumps({name: [calls, lost] for name, calls, lost in cases(of, rounds)}))


main()
