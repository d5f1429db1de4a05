"""Runs a command of a Django project and writes what its own code sent: `record.py PROJECT OUT SCRIPT|-m MODULE [ARG…]`.

Run in the project's environment, in its folder. OUT becomes JSON: `sent`, a list of [path, line, template, template's
line, SQL] with each combination once; `ran`, the lines of Python that were executed, by path; `rendered`, the same of
templates; `vendor` and `django`. Paths are relative to PROJECT. A statement is that of the innermost frame of the
project; there is no entry where tests or migrations sent it.
"""

import atexit
import json
import os
import re
import runpy
import sys

import coverage
from application import NOT_APPLICATION

PROJECT = os.path.realpath(sys.argv[1]) + os.sep
OUT = os.path.abspath(sys.argv[2])
LAUNCHER = sys.argv[3]
CONTROL = re.compile(r"\s*(SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|SET |PRAGMA)", re.IGNORECASE)
HANDLER = os.path.join("django", "core", "handlers", "exception.py")
MIGRATION = re.compile(r"(^|/)(migrations/|django/db/migrations/)")

sent, rendered, vendors = set(), set(), set()
places = {}


def place(filename):
    """(path in the project, whether it is of the application); no path outside of the project."""
    if filename not in places:
        real = os.path.realpath(filename)
        inside = real.startswith(PROJECT) and "site-packages" not in real and not filename.startswith("<")
        path = real[len(PROJECT) :] if inside else None
        application = inside and path != LAUNCHER and not NOT_APPLICATION.search(path)
        places[filename] = (path, application)
    return places[filename]


def template_of(node):
    """(path in the project, line) of a template's node."""
    origin, token = getattr(node, "origin", None), getattr(node, "token", None)
    if origin is None or token is None:
        return None
    path, application = place(str(origin.name))
    return (path, token.lineno) if application else None


def record(execute, sql, params, many, context):
    if not CONTROL.match(sql):
        note(sql, context["connection"].vendor)
    return execute(sql, params, many, context)


def note(sql, vendor):
    frame, own, template, called = sys._getframe(2), None, None, ""
    while frame is not None:
        code = frame.f_code
        path, application = place(code.co_filename)
        if path is not None and own is None:
            # A middleware that hands the request on stands around all that Django itself does with it.
            if called.endswith(HANDLER):
                return
            if not application:
                # A test that renders a template of the application by itself.
                if template is None:
                    return
                break
            own = (path, frame.f_lineno)
        if MIGRATION.search(code.co_filename):
            return
        elif path is None and own is None and template is None and code.co_name == "render_annotated":
            template = template_of(frame.f_locals.get("self"))
        called = code.co_filename
        frame = frame.f_back
    if own is None and template is None:
        return
    vendors.add(vendor)
    sent.add((*(own or (None, 0)), *(template or (None, 0)), sql))


def connected(sender, connection, **_):
    if record not in connection.execute_wrappers:
        connection.execute_wrappers.append(record)


def watch_templates():
    from django.template import base

    original = base.Node.render_annotated

    def render_annotated(self, context):
        found = template_of(self)
        if found:
            rendered.add(found)
        return original(self, context)

    base.Node.render_annotated = render_annotated


def finish():
    import django

    lines.stop()
    data = lines.get_data()
    ran = {}
    for filename in data.measured_files():
        path, application = place(filename)
        if application:
            ran[path] = sorted(data.lines(filename))
    by_template = {}
    for path, line in sorted(rendered):
        by_template.setdefault(path, []).append(line)
    out = {
        "sent": sorted(sent, key=str),
        "ran": ran,
        "rendered": by_template,
        "vendor": "postgresql" if "postgresql" in vendors else min(vendors, default="sqlite"),
        "django": "{}.{}".format(*django.VERSION),
    }
    with open(OUT, "w", encoding="utf-8") as file:
        json.dump(out, file)


lines = coverage.Coverage(data_file=None, config_file=False, include=[PROJECT + "*"], omit=["*/site-packages/*"])
lines.start()
atexit.register(finish)

from django.db.backends.signals import connection_created  # noqa: E402

connection_created.connect(connected)
watch_templates()
sys.path.insert(0, os.getcwd())
if sys.argv[3] == "-m":
    sys.argv = sys.argv[4:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
else:
    sys.argv = sys.argv[3:]
    runpy.run_path(sys.argv[0], run_name="__main__")
