"""Calls the project's functions and writes as JSON what each of them sent: run by run.py, in its environment."""

import importlib
import inspect
import io
import json
import os
import re
import sys
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

import django  # noqa: E402

django.setup()

from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import RequestFactory  # noqa: E402
from django.views import View  # noqa: E402
from library import fixtures, models  # noqa: E402
from rest_framework.viewsets import ViewSetMixin  # noqa: E402

MODULES = [
    "library.reads", "library.corners", "library.ways", "library.loops", "library.costs", "library.writes",
    "library.views", "library.api", "library.management.commands.report",
]  # fmt: skip
SIZES = (3, 11)
CONTROL = re.compile(r"(SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|SET )", re.IGNORECASE)


class Recorder:
    """Statements with the line of the project that sent them."""

    def __init__(self):
        self.sent = []

    def __call__(self, execute, sql, params, many, context):
        if not CONTROL.match(sql):
            frame = sys._getframe(1)
            while frame and (not frame.f_code.co_filename.startswith(str(HERE)) or frame.f_code.co_filename == __file__):
                frame = frame.f_back
            where = (os.path.relpath(frame.f_code.co_filename, HERE), frame.f_lineno) if frame else ("", 0)
            self.sent.append({"path": where[0], "line": where[1], "sql": sql})
        return execute(sql, params, many, context)


def targets():
    """(name as the command has it, path, callable, argument names, comment on its turns)"""
    for dotted in MODULES:
        module = importlib.import_module(dotted)
        path = os.path.relpath(module.__file__, HERE)
        for name, value in vars(module).items():
            if getattr(value, "__module__", None) != dotted:
                continue
            if inspect.isfunction(value):
                yield name, path, value, list(inspect.signature(value).parameters), inspect.getsource(value)
            elif inspect.isclass(value) and issubclass(value, ViewSetMixin):
                yield f"{name}!", path, value.as_view({"get": "list"}), ["request"], ""
            elif inspect.isclass(value) and issubclass(value, View):
                own = "get" in vars(value)
                yield f"{name}.get" if own else f"{name}!", path, value.as_view(), ["request"], ""
            elif hasattr(value, "handle"):
                call = lambda value=value: value(stdout=io.StringIO()).handle()  # noqa: E731
                yield f"{name}.handle", path, call, [], ""


def argument(name):
    """A value for a parameter by its name; LookupError for a name that says nothing."""
    if name == "request":
        return RequestFactory().get("/")
    plain = name.removesuffix("_pk")
    model = getattr(models, plain.capitalize(), None)
    if model is None:
        raise LookupError(name)
    row = model._base_manager.order_by("pk").last()
    return row.pk if name.endswith("_pk") else row


def consume(value):
    if isinstance(value, types.GeneratorType):
        list(value)
    elif hasattr(value, "render") and callable(value.render) and not getattr(value, "is_rendered", True):
        value.render()


def main():
    call_command("migrate", run_syncdb=True, verbosity=0)
    out = {"runs": {}, "counts": {}, "turns": {}}
    for size in SIZES:
        fixtures.clear()
        fixtures.fill(size)
        labels = {model._meta.label: model._base_manager.count() for model in django.apps.apps.get_models()}
        out["counts"][size] = labels
        for name, path, call, names, source in targets():
            try:
                arguments = [argument(each) for each in names]
            except LookupError:
                continue
            for model in django.apps.apps.get_models():
                ContentType.objects.get_for_model(model)
            recorder = Recorder()
            error = None
            try:
                with transaction.atomic(), connection.execute_wrapper(recorder):
                    try:
                        consume(call(*arguments))
                    finally:
                        transaction.set_rollback(True)
            except Exception as problem:  # the function's own failure is a result to show
                error = f"{type(problem).__name__}: {problem}"
            key = f"{path}:{name}"
            turns = re.search(r"# turns: (.*)", source)
            if turns:
                out["turns"][key] = turns.group(1)
            out["runs"].setdefault(key, {})[size] = {"sent": recorder.sent, "error": error}
    json.dump(out, sys.stdout)


if __name__ == "__main__":
    main()
