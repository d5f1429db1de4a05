"""Runs the functions of modules over drawn rows: `draw.py DRAWS MODULE…`; prints, for each module and function, how often it
gave the same as store.truth, how often it raised, and the greatest number of statements that it sent, as JSON.
"""

import importlib
import json
import os
import random
import sys

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["store"],
    MIGRATION_MODULES={"store": None},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": os.environ.get("PROOF_ENGINE", "django.db.backends.sqlite3"),
            "NAME": os.environ.get("PROOF_NAME", ":memory:"),
            "HOST": os.environ.get("PROOF_HOST", ""),
            "USER": os.environ.get("PROOF_USER", ""),
        }
    },
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, reset_queries, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from store import truth  # noqa: E402
from store.models import Customer, Line, Note, Order, Tag  # noqa: E402

FUNCTIONS = ["states", "ranges", "spent", "added_up", "number", "doubled", "counts", "sums", "by_customer"]


def draw(seed):
    """Up to a few rows of each kind, none as well: customers without orders, orders without lines, equal prices."""
    rng = random.Random(seed)
    customers = [Customer.objects.create(name=f"c{at}") for at in range(rng.randint(1, 4))]
    tags = [Tag.objects.create(name=f"t{at}") for at in range(rng.randint(0, 3))]
    for _ in range(rng.choice([0, 1, 3, 8])):
        order = Order.objects.create(
            customer=rng.choice([None, *customers]),
            state=rng.choice(["open", "done"]),
            is_paid=rng.random() < 0.5,
            amount=rng.randint(-3, 9),
        )
        Line.objects.bulk_create(Line(order=order, price=rng.randint(1, 3)) for _ in range(rng.choice([0, 1, 2, 4])))
        Note.objects.bulk_create(Note(order=order) for _ in range(rng.choice([0, 1, 3])))
        order.tags.set(rng.sample(tags, rng.randint(0, len(tags))))
    return customers


def main():
    draws, names = int(sys.argv[1]), sys.argv[2:]
    modules = {name: importlib.import_module(name) for name in names}
    call_command("migrate", run_syncdb=True, verbosity=0)
    out = {name: {function: {"same": 0, "runs": 0, "raised": 0, "statements": 0} for function in FUNCTIONS} for name in names}
    for seed in range(draws):
        # Django keeps the last 9000 statements only; beyond that none would be counted.
        reset_queries()
        with transaction.atomic():
            for customer in draw(seed):
                for function in FUNCTIONS:
                    right = getattr(truth, function)(customer)
                    for name, module in modules.items():
                        told = out[name][function]
                        told["runs"] += 1
                        with CaptureQueriesContext(connection) as sent:
                            try:
                                told["same"] += getattr(module, function)(customer) == right
                            except TypeError:
                                told["raised"] += 1
                        told["statements"] = max(told["statements"], len(sent))
            transaction.set_rollback(True)
    print(json.dumps(out))


main()
