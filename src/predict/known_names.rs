//! What is known of names that the input does not define: builtins, usual imports, methods and functions without a
//! query.

/// What a name mostly is where no import is shown (a pasted fragment).
pub fn usual_import(name: &str) -> Option<&'static str> {
    Some(match name {
        "Q" => "django.db.models.Q",
        "F" => "django.db.models.F",
        "Count" => "django.db.models.Count",
        "Sum" => "django.db.models.Sum",
        "Avg" => "django.db.models.Avg",
        "Min" => "django.db.models.Min",
        "Max" => "django.db.models.Max",
        "Prefetch" => "django.db.models.Prefetch",
        "cache" => "django.core.cache.cache",
        "caches" => "django.core.cache.caches",
        "transaction" => "django.db.transaction",
        "get_object_or_404" => "django.shortcuts.get_object_or_404",
        "get_list_or_404" => "django.shortcuts.get_list_or_404",
        "timezone" => "django.utils.timezone",
        "settings" => "django.conf.settings",
        "logger" | "logging" | "log" => "logging.logger",
        "json" => "json",
        "time" => "time",
        "datetime" => "datetime.datetime",
        "timedelta" => "datetime.timedelta",
        "Response" => "rest_framework.response.Response",
        "JsonResponse" => "django.http.JsonResponse",
        "HttpResponse" => "django.http.HttpResponse",
        _ => return None,
    })
}

pub fn is_builtin(name: &str) -> bool {
    const NAMES: [&str; 52] = [
        "abs",
        "all",
        "any",
        "ascii",
        "bool",
        "bytes",
        "callable",
        "chr",
        "dict",
        "dir",
        "divmod",
        "enumerate",
        "filter",
        "float",
        "format",
        "frozenset",
        "getattr",
        "hasattr",
        "hash",
        "hex",
        "id",
        "input",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "map",
        "max",
        "min",
        "next",
        "object",
        "open",
        "ord",
        "pow",
        "print",
        "property",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "setattr",
        "slice",
        "sorted",
        "str",
        "sum",
        "tuple",
        "type",
        "vars",
        "zip",
    ];
    NAMES.binary_search(&name).is_ok()
}

/// Libraries that send no queries whatever plain values they are called with: Python's own, and widely used ones.
pub fn is_harmless(name: &str) -> bool {
    const ROOTS: [&str; 89] = [
        "Crypto",
        "PIL",
        "abc",
        "aiohttp",
        "argparse",
        "asyncio",
        "attr",
        "attrs",
        "base64",
        "bcrypt",
        "binascii",
        "bisect",
        "bleach",
        "boto3",
        "botocore",
        "bs4",
        "builtins",
        "calendar",
        "chardet",
        "collections",
        "colorsys",
        "concurrent",
        "contextlib",
        "copy",
        "cryptography",
        "csv",
        "dataclasses",
        "datetime",
        "dateutil",
        "decimal",
        "difflib",
        "email",
        "enum",
        "feedparser",
        "fractions",
        "functools",
        "gettext",
        "glob",
        "gzip",
        "hashlib",
        "hmac",
        "html",
        "httpx",
        "icalendar",
        "importlib",
        "inspect",
        "io",
        "ipaddress",
        "isodate",
        "itertools",
        "json",
        "jwt",
        "logging",
        "lxml",
        "markdown",
        "math",
        "mimetypes",
        "numpy",
        "opentelemetry",
        "operator",
        "os",
        "pandas",
        "pathlib",
        "pickle",
        "platform",
        "pytz",
        "queue",
        "random",
        "re",
        "regex",
        "requests",
        "secrets",
        "sentry_sdk",
        "shutil",
        "statistics",
        "string",
        "stripe",
        "subprocess",
        "sys",
        "tempfile",
        "textwrap",
        "time",
        "traceback",
        "typing",
        "unicodedata",
        "urllib",
        "uuid",
        "xml",
        "yaml",
    ];
    const DJANGO: [&str; 28] = [
        "django.apps.apps",
        "django.conf",
        "django.contrib.messages",
        "django.contrib.postgres",
        "django.core.cache",
        "django.core.exceptions",
        "django.core.files",
        "django.core.mail",
        "django.core.serializers.json",
        "django.core.signing",
        "django.core.validators",
        "django.db.models",
        "django.db.transaction.on_commit",
        "django.dispatch",
        "django.forms.ValidationError",
        "django.http",
        "django.shortcuts.redirect",
        "django.templatetags.static",
        "django.urls",
        "django.utils",
        "django.views.decorators",
        "rest_framework.decorators",
        "rest_framework.exceptions",
        "rest_framework.renderers",
        "rest_framework.response",
        "rest_framework.reverse",
        "rest_framework.status",
        "rest_framework.throttling",
    ];
    let root = name.split('.').next().unwrap_or_default();
    ROOTS.binary_search(&root).is_ok()
        || DJANGO
            .iter()
            .any(|prefix| name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// Methods that, called on something unknown, belong to strings, dicts, lists, requests, loggers or regular expressions.
pub fn is_harmless_method(name: &str) -> bool {
    const METHODS: [&str; 64] = [
        "add_argument",
        "add_error",
        "append",
        "as_view",
        "build_absolute_uri",
        "capitalize",
        "close",
        "copy",
        "debug",
        "decode",
        "encode",
        "endswith",
        "error",
        "exception",
        "extend",
        "find",
        "findall",
        "finditer",
        "format",
        "fullmatch",
        "get",
        "getlist",
        "group",
        "groups",
        "index",
        "info",
        "insert",
        "is_ajax",
        "is_secure",
        "isdigit",
        "isoformat",
        "items",
        "join",
        "keys",
        "log",
        "lower",
        "lstrip",
        "match",
        "pop",
        "popitem",
        "read",
        "replace",
        "rsplit",
        "rstrip",
        "search",
        "seek",
        "setdefault",
        "sort",
        "split",
        "splitlines",
        "startswith",
        "strftime",
        "strip",
        "strptime",
        "sub",
        "timestamp",
        "title",
        "total_seconds",
        "update",
        "upper",
        "values",
        "warning",
        "write",
        "zfill",
    ];
    METHODS.binary_search(&name).is_ok()
}

/// `ValueError` and its like: a class of exceptions by its name.
pub fn is_exception(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    last.ends_with("Error") || last.ends_with("Exception") || last.ends_with("Warning") || last == "DoesNotExist"
}

/// Network, mail, processes, sleep.
pub fn is_external_io(name: &str) -> bool {
    const CALLS: [&str; 12] = [
        "asyncio.sleep",
        "django.core.mail.mail_admins",
        "django.core.mail.mail_managers",
        "django.core.mail.send_mail",
        "django.core.mail.send_mass_mail",
        "os.system",
        "subprocess.call",
        "subprocess.check_call",
        "subprocess.check_output",
        "subprocess.run",
        "time.sleep",
        "urllib.request.urlopen",
    ];
    let verb = |client: &str| {
        let method = name.strip_prefix(client).and_then(|rest| rest.strip_prefix('.'));
        method.is_some_and(|m| matches!(m, "get" | "post" | "put" | "patch" | "delete" | "head" | "request" | "stream"))
    };
    CALLS.contains(&name) || verb("requests") || verb("httpx")
}

/// Methods of lists, dicts and sets that change them.
pub fn changes_in_place(name: &str) -> bool {
    matches!(
        name,
        "append"
            | "appendleft"
            | "add"
            | "extend"
            | "insert"
            | "update"
            | "remove"
            | "discard"
            | "pop"
            | "popitem"
            | "clear"
            | "setdefault"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_for_search() {
        for name in ["abs", "zip", "len", "print", "getattr"] {
            assert!(is_builtin(name), "{name}");
        }
        for name in ["json.dumps", "datetime.datetime.now", "uuid.uuid4", "django.utils.timezone.now", "bisect.insort"]
        {
            assert!(is_harmless(name), "{name}");
        }
        assert!(!is_harmless("forum.services.count_posts"));
        assert!(!is_builtin("Topic"));
    }
}
