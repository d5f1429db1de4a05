"""Records the SQL that a Python program sends, for Roundtrip. One file, no dependencies, Python 3.8 and later.

Copy it beside manage.py (or anywhere on the path). Then one of these:

  Django       in settings.py, at its end:
                   import roundtrip_recorder; roundtrip_recorder.install()
               It records every request, and what is sent outside of requests.
  pytest       pytest -p roundtrip_recorder --roundtrip
               Every test is a run of its own, and so is every request that it makes with Django's test client.
  unittest     install() in settings.py does the same for `manage.py test`.
  SQLAlchemy   roundtrip_recorder.install(), before the first statement; for requests, wrap the application:
                   app.wsgi_app = roundtrip_recorder.wsgi(app.wsgi_app)      # Flask
                   app.add_middleware(roundtrip_recorder.Asgi)               # Starlette, FastAPI
  elsewhere    with roundtrip_recorder.run("task send_mails"): ...

It writes roundtrip.jsonl in the working directory: `roundtrip log roundtrip.jsonl`, or drop it on the page. The file
holds the values of the statements: treat it as you treat the database. Not for production: every statement costs
some 20 microseconds more, and a line of the file.

Format: JSON lines, times in microseconds. A header per process; then blocks of one run each, never interleaved:
    {"roundtrip": 1, "python": "3.12.1", "django": "5.2", "sqlalchemy": null, "pid": 7}
    {"run": "7-1", "name": "GET /forum/?page=2", "kind": "request", "at": 1760000000.1}
    {"sql": "SELECT …", "params": [1], "us": 212, "start": 1840, "db": "default", "vendor": "postgresql",
     "rows": 20, "tx": false, "stack": [["forum/views.py", 12, "index"]]}
    {"end": "7-1", "us": 48211}
`kind` is request, test, run or outside. A run of many statements is written in pieces, of which all but the last end
in {"part": "7-1"}. `many` and `sets` stand in place of `params` where one call sends several sets. `params` is a list,
or an object of names; bytes are {"base64": "…"}, other values their text. `stack` is the program's own part of it,
outermost first, with the line of the template that asked. `error` names the exception that a statement raised. A
transaction that the driver begins and ends by itself is told as {"sql": "BEGIN"} and {"sql": "COMMIT"} or "ROLLBACK".
"""

import atexit
import base64
import contextlib
import contextvars
import datetime
import decimal
import itertools
import json
import os
import platform
import sys
import sysconfig
import threading
import time
import uuid

__all__ = ["Asgi", "install", "middleware", "run", "wsgi"]

# Statements of one run that are held before they are written.
PIECE = 1000
# Frames of the program's own that are written of one stack, the deepest.
DEEPEST = 40
# Parameter sets of one call that are written.
MOST_SETS = 20

_current = contextvars.ContextVar("roundtrip_run", default=None)
_numbers = itertools.count(1)


class _File:
    """Appends whole blocks, from any thread and any process."""

    def __init__(self):
        self.path = None
        self.lock = threading.Lock()
        self.pid = None
        self.descriptor = None

    def open(self, path):
        self.path = os.path.abspath(path)

    def write(self, lines):
        with self.lock:
            if self.path is None:
                return
            if self.pid != os.getpid():
                # A fork shares the descriptor, and says so by a header of its own.
                self.pid = os.getpid()
                self.descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                lines = [_header()] + lines
            block = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
            data = block.encode("utf-8", "surrogatepass" if _is_plain(block) else "replace")
            while data:
                data = data[os.write(self.descriptor, data):]


def _is_plain(text):
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _header():
    def version(name):
        module = sys.modules.get(name)
        return getattr(module, "__version__", None) or (module and module.get_version() if name == "django" and module else None)

    return {"roundtrip": 1, "python": platform.python_version(), "django": version("django"),
            "sqlalchemy": version("sqlalchemy"), "pid": os.getpid()}


_file = _File()
_installed = set()
# Under pytest, what is sent outside of tests is the making of the database.
_records_outside = True


class _Run:
    def __init__(self, name, kind):
        self.id = "%d-%d" % (os.getpid(), next(_numbers))
        self.name = name
        self.kind = kind
        self.at = time.time()
        self.start = time.perf_counter()
        self.lock = threading.Lock()
        self.statements = []
        self.written = 0

    def add(self, statement):
        with self.lock:
            self.statements.append(statement)
            if len(self.statements) >= PIECE:
                self._write({"part": self.id})

    def end(self):
        with self.lock:
            if self.statements or self.written == 0:
                self._write({"end": self.id, "us": _us(time.perf_counter() - self.start)})

    def _write(self, last):
        head = {"run": self.id, "name": self.name, "kind": self.kind, "at": self.at}
        _file.write([head] + self.statements + [last])
        self.written += len(self.statements)
        self.statements = []


_outside = None
_outside_lock = threading.Lock()


def _run_of_now():
    global _outside
    current = _current.get()
    if current is not None or not _records_outside:
        return current
    with _outside_lock:
        if _outside is None or not _outside.id.startswith("%d-" % os.getpid()):
            _outside = _Run("outside of requests", "outside")
        return _outside


def _end_outside():
    global _outside
    with _outside_lock:
        ended, _outside = _outside, None
    if ended is not None and ended.statements and ended.id.startswith("%d-" % os.getpid()):
        ended.end()


def _us(seconds):
    return max(0, round(seconds * 1e6))


@contextlib.contextmanager
def run(name, kind="run"):
    """What is sent inside is one run: a task, a step of a job."""
    this = _Run(str(name), kind)
    token = _current.set(this)
    try:
        yield
    finally:
        _current.reset(token)
        this.end()


def install(path=None):
    """Records from now on: Django, where it is used, and SQLAlchemy, where it is there. `path`: roundtrip.jsonl, or
    what the environment says in ROUNDTRIP_FILE."""
    _file.open(path or os.environ.get("ROUNDTRIP_FILE") or "roundtrip.jsonl")
    with contextlib.suppress(ImportError):
        _install_django()
    with contextlib.suppress(ImportError):
        _install_sqlalchemy()
    _install_unittest()
    if "exit" not in _installed:
        _installed.add("exit")
        atexit.register(_end_outside)


def _install_unittest():
    if "unittest" in _installed:
        return
    from unittest import TestCase

    _installed.add("unittest")
    original = TestCase.run

    def of_test(self, result=None):
        if _current.get() is not None:
            return original(self, result)
        with run(self.id(), "test"):
            return original(self, result)

    TestCase.run = of_test


# Values


def _value(value):
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if value == value and value not in (float("inf"), float("-inf")) else str(value)
    if isinstance(value, (decimal.Decimal, datetime.date, datetime.time, datetime.timedelta, uuid.UUID)):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"base64": base64.b64encode(bytes(value)).decode("ascii")}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_value(item) for item in value]
    inner = getattr(value, "adapted", getattr(value, "obj", None))  # Json(…) of psycopg
    try:
        return str(value) if inner is None else json.dumps(inner, default=str)
    except Exception:
        return "<%s>" % type(value).__name__


def _params(params):
    if params is None:
        return []
    if isinstance(params, dict):
        return {str(name): _value(value) for name, value in params.items()}
    return [_value(value) for value in params]


# Stacks

_OTHERS = tuple(
    os.path.normcase(os.path.realpath(path)) + os.sep
    for path in {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    if path
)
_SELF = os.path.normcase(os.path.realpath(__file__))
_own_paths = {}


def _own_path(name):
    """As the report shows it, below the working directory where it is there; None for what is not the program's own."""
    try:
        return _own_paths[name]
    except KeyError:
        pass
    shown = None
    if not name.startswith("<"):
        real = os.path.normcase(os.path.realpath(name))
        libraries = (os.sep + "site-packages" + os.sep, os.sep + "dist-packages" + os.sep)
        entry = os.path.basename(real) in ("pytest", "py.test", "gunicorn", "uwsgi", "celery", "flask")
        if real != _SELF and not real.startswith(_OTHERS) and not any(part in real for part in libraries) and not entry:
            here = os.path.realpath(os.getcwd()) + os.sep
            real = os.path.realpath(name)
            shown = (real[len(here):] if real.startswith(here) else real).replace(os.sep, "/")
    _own_paths[name] = shown
    return shown


def _stack():
    frames = []
    template = False
    frame = sys._getframe(3)
    while frame is not None and len(frames) < DEEPEST:
        code = frame.f_code
        path = _own_path(code.co_filename)
        if path is not None:
            frames.append([path, frame.f_lineno, getattr(code, "co_qualname", code.co_name)])
        elif not template and code.co_name == "render_annotated":
            # The deepest tag of a Django template.
            node = frame.f_locals.get("self")
            origin = getattr(getattr(node, "origin", None), "name", None)
            line = getattr(getattr(node, "token", None), "lineno", None)
            if origin and line and (os.path.isabs(origin)):
                template = True
                frames.append([_own_path(origin) or origin, line, "<template>"])
        frame = frame.f_back
    frames.reverse()
    return frames


def _statement(*args):
    """Never fails: a recorder must not change what the program does."""
    try:
        _add_statement(*args)
    except Exception as error:
        if "warned" not in _installed:
            _installed.add("warned")
            print("roundtrip_recorder: a statement was not recorded: %r" % error, file=sys.stderr)


def _add_statement(this, sql, params, many, started, took, connection, vendor, rows, transaction, error):
    out = {"sql": sql}
    if many:
        sets = list(itertools.islice(params or (), MOST_SETS)) if isinstance(params, (list, tuple)) else []
        out["many"] = len(params) if isinstance(params, (list, tuple)) else 1
        out["sets"] = [_params(one) for one in sets]
    else:
        out["params"] = _params(params)
    out.update(us=_us(took), start=_us(started - this.start), db=connection, vendor=vendor)
    if rows is not None:
        out["rows"] = rows
    if transaction is not None:
        out["tx"] = transaction
    if error is not None:
        out["error"] = error
    out["stack"] = _stack()
    this.add(out)


def _boundary(sql, alias, vendor):
    """A transaction begins or ends by a call of the driver, which no statement shows."""
    try:
        this = _run_of_now()
        if this is not None:
            at = _us(time.perf_counter() - this.start)
            this.add({"sql": sql, "start": at, "db": alias, "vendor": vendor, "stack": _stack()})
    except Exception:
        pass  # As in _statement: it must not change what the program does.


def _rows(cursor):
    """Rows that a query gives, where the driver says before they are fetched."""
    try:
        count = cursor.rowcount
        return count if cursor.description and isinstance(count, int) and count >= 0 else None
    except Exception:
        return None


# Django


def _wrapper(execute, sql, params, many, context):
    this = _run_of_now()
    if this is None:
        return execute(sql, params, many, context)
    connection = context["connection"]
    transaction = connection.in_atomic_block or not connection.autocommit
    error = None
    if many and not isinstance(params, (list, tuple)):
        params = list(params)
    started = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    except Exception as raised:
        error = type(raised).__name__
        raise
    finally:
        took = time.perf_counter() - started
        rows = None if error else _rows(context.get("cursor"))
        text = sql if isinstance(sql, str) else _text_of(sql, context)
        _statement(this, text, params, many, started, took, connection.alias, connection.vendor, rows, transaction, error)


def _text_of(sql, context):
    """psycopg's composed statements."""
    with contextlib.suppress(Exception):
        return sql.as_string(context["cursor"].cursor)
    return str(sql)


def _watch(connection, **_):
    if _wrapper not in connection.execute_wrappers:
        connection.execute_wrappers.append(_wrapper)


def _install_django():
    if "django" in _installed:
        return
    from django.core.handlers import base
    from django.db.backends.signals import connection_created

    _installed.add("django")
    connection_created.connect(_watch, dispatch_uid="roundtrip_recorder", weak=False)
    load = base.BaseHandler.load_middleware

    def load_middleware(self, is_async=False):
        load(self, is_async=is_async)
        self._middleware_chain = middleware(self._middleware_chain)

    base.BaseHandler.load_middleware = load_middleware
    _install_boundaries()
    from django.conf import settings

    if settings.configured:
        from django.db import connections

        for connection in connections.all():
            _watch(connection)


def _install_boundaries():
    from django.db.backends.base.base import BaseDatabaseWrapper

    def told(method, sql):
        def call(self, *args, **kwargs):
            out = method(self, *args, **kwargs)
            _boundary(sql, self.alias, self.vendor)
            return out

        return call

    set_autocommit = BaseDatabaseWrapper.set_autocommit

    def of_autocommit(self, autocommit, *args, **kwargs):
        # What the driver begins of itself; SQLite's is a statement.
        begins = self.autocommit and not autocommit and not hasattr(self, "_start_transaction_under_autocommit")
        set_autocommit(self, autocommit, *args, **kwargs)
        if begins:
            _boundary("BEGIN", self.alias, self.vendor)

    BaseDatabaseWrapper.set_autocommit = of_autocommit
    # Those of Atomic, and, by the same way, of transaction.commit() and rollback().
    BaseDatabaseWrapper.commit = told(BaseDatabaseWrapper.commit, "COMMIT")
    BaseDatabaseWrapper.rollback = told(BaseDatabaseWrapper.rollback, "ROLLBACK")


def middleware(get_response):
    """Django's, outermost of all; `install()` puts it there."""
    import inspect

    if inspect.iscoroutinefunction(get_response) or getattr(get_response, "_is_coroutine", None) or getattr(
        get_response, "_is_coroutine_mark", None
    ):
        async def answer(request):
            with run("%s %s" % (request.method, request.get_full_path()), "request"):
                return await get_response(request)

        return answer

    def answer(request):
        this = _Run("%s %s" % (request.method, request.get_full_path()), "request")
        token = _current.set(this)
        response = None
        try:
            response = get_response(request)
            return response
        finally:
            _current.reset(token)
            if getattr(response, "streaming", False) and not getattr(response, "is_async", False):
                response.streaming_content = _streamed(this, response.streaming_content)
            else:
                this.end()

    return answer


def _streamed(this, parts):
    """A body that is made while it is sent asks the database then."""
    parts = iter(parts)
    try:
        while True:
            token = _current.set(this)
            try:
                part = next(parts)
            except StopIteration:
                return
            finally:
                _current.reset(token)
            yield part
    finally:
        this.end()


# SQLAlchemy


def _install_sqlalchemy():
    if "sqlalchemy" in _installed:
        return
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    _installed.add("sqlalchemy")

    def named(connection):
        return os.path.basename(str(connection.engine.url.database or connection.dialect.name))

    def before(connection, cursor, statement, parameters, context, executemany):
        connection.info.setdefault("roundtrip", []).append(time.perf_counter())

    def sent(connection, cursor, statement, parameters, executemany, error):
        took = time.perf_counter()
        begun = connection.info.get("roundtrip")
        started = begun.pop() if begun else took
        this = _run_of_now()
        if this is None:
            return
        rows = None if error else _rows(cursor)
        transaction = connection.in_transaction() if hasattr(connection, "in_transaction") else None
        _statement(this, statement, parameters, executemany, started, took - started, named(connection),
                   connection.dialect.name, rows, transaction, error)

    def after(connection, cursor, statement, parameters, context, executemany):
        sent(connection, cursor, statement, parameters, executemany, None)

    def failed(context):
        connection = context.connection
        if connection is not None and context.statement is not None and connection.info.get("roundtrip"):
            many = bool(getattr(context.execution_context, "executemany", False))
            error = type(context.original_exception).__name__
            sent(connection, None, context.statement, context.parameters, many, error)

    def told(sql):
        return lambda connection: _boundary(sql, named(connection), connection.dialect.name)

    for name, sql in (("begin", "BEGIN"), ("commit", "COMMIT"), ("rollback", "ROLLBACK")):
        event.listen(Engine, name, told(sql))
    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    event.listen(Engine, "handle_error", failed)


def _address(path, query):
    return path + ("?" + query if query else "")


def wsgi(application):
    """A WSGI application whose requests are runs; the body is part of them."""

    def answer(environ, start_response):
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        name = "%s %s" % (environ.get("REQUEST_METHOD", "GET"), _address(path, environ.get("QUERY_STRING")))
        this = _Run(name, "request")
        token = _current.set(this)
        try:
            body = application(environ, start_response)
        except BaseException:
            this.end()
            raise
        finally:
            _current.reset(token)
        return _Body(this, body)

    return answer


class _Body:
    def __init__(self, this, body):
        self.run = this
        self.body = body
        self.parts = iter(body)

    def __iter__(self):
        return self

    def __next__(self):
        token = _current.set(self.run)
        try:
            return next(self.parts)
        finally:
            _current.reset(token)

    def close(self):
        token = _current.set(self.run)
        try:
            if hasattr(self.body, "close"):
                self.body.close()
        finally:
            _current.reset(token)
            self.run.end()


class Asgi:
    """An ASGI application whose requests are runs."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        path = scope.get("root_path", "") + scope["path"]
        query = scope.get("query_string", b"").decode("latin-1")
        with run("%s %s" % (scope["method"], _address(path, query)), "request"):
            return await self.app(scope, receive, send)


# pytest


def pytest_addoption(parser):
    group = parser.getgroup("roundtrip")
    group.addoption("--roundtrip", nargs="?", const="roundtrip.jsonl", default=None, metavar="FILE",
                    help="record the SQL of every test into FILE (roundtrip.jsonl)")


def pytest_configure(config):
    global _records_outside
    path = config.getoption("--roundtrip")
    if path is None:
        return
    # Of several processes (xdist), each writes into the one file that the first has emptied.
    if not hasattr(config, "workerinput"):
        with open(path, "w", encoding="utf-8"):
            pass
    _records_outside = False
    install(path)


def pytest_runtest_call(item):
    if _file.path is None or _records_outside:
        yield
        return
    with run(item.nodeid, "test"):
        yield


try:
    import pytest as _pytest
except ImportError:
    pass
else:
    pytest_runtest_call = _pytest.hookimpl(hookwrapper=True)(pytest_runtest_call)
