"""Django on the proof's PostgreSQL, with the depot that stands in the working directory."""

import os

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.postgres", "depot"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": os.environ["PROOF_ENGINE"],
            "NAME": os.environ["PROOF_NAME"],
            "HOST": os.environ["PROOF_HOST"],
            "USER": os.environ["PROOF_USER"],
        }
    },
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402


def load(rows):
    """The tables as the first migration leaves them, with so many rows."""
    call_command("migrate", "contenttypes", verbosity=0)
    call_command("migrate", "depot", "0001", verbosity=0)
    with connection.cursor() as cursor:
        for model in ("one", "two", "three"):
            cursor.execute("INSERT INTO django_content_type (app_label, model) VALUES ('other', %s)", [model])
        with open("depot/load.sql") as file:
            for statement in file.read().replace("ROWS", str(rows)).split(";\n"):
                if statement.strip():
                    cursor.execute(statement)


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)
