"""One query a function; the comment says which rule must speak of it. What it is asked for is in `ASKED`."""

from datetime import datetime, timedelta, timezone

from depot.models import Event

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def by_code(code):  # RT401
    for _ in range(5):
        found = list(Event.objects.filter(code=code))
    return found


def due_soon(since):  # RT401
    for _ in range(5):
        found = list(Event.objects.filter(due__gte=since).order_by())
    return found


def last_due(request):  # RT401
    return list(Event.objects.order_by("-due")[:20])


def open_of_tenant(request, tenant, since):  # RT402
    return list(Event.objects.filter(tenant=tenant, state="open", created__gte=since).order_by())


def to_index(request):  # RT401
    return list(Event.objects.filter(is_dirty=True).order_by())


def hidden(request):  # RT405 is_hidden
    return list(Event.objects.filter(is_hidden=True).order_by())


def last_failed(request):  # RT401
    return list(Event.objects.filter(state="failed").order_by("-due")[:20])


def code_of_tenant(request, tenant, email):  # RT402
    return list(Event.objects.filter(tenant=tenant, email=email).order_by())


def of_subject(content_type, pk):  # RT403
    return list(Event.objects.filter(content_type=content_type, object_id=pk).order_by())


def first_page(request):  # RT404
    return list(Event.objects.all()[:25])


def by_number(number):  # RT405
    return list(Event.objects.filter(number=number).order_by())


def title_like(request, text):  # RT407 trgm
    return list(Event.objects.filter(title__icontains=text).order_by())


def body_like(request, text):  # RT407 trgm
    return list(Event.objects.filter(body__contains=text).order_by())


def email_in_any_case(request, email):  # RT407 upper
    return list(Event.objects.filter(email__iexact=email).order_by())


def code_begins(request, text):  # RT407 like
    return list(Event.objects.filter(code__startswith=text).order_by())


def with_data(request, value):  # RT407 gin
    return list(Event.objects.filter(data__contains={"order": value}).order_by())


def with_labels(request, label):  # RT407 gin
    return list(Event.objects.filter(labels__contains=[label]).order_by())


ASKED = {
    "by_code": ["code-00123457"],
    "due_soon": [NOW + timedelta(days=99)],
    "last_due": [None],
    "open_of_tenant": [None, 1, NOW - timedelta(days=2)],
    "to_index": [None],
    "hidden": [None],
    "last_failed": [None],
    "code_of_tenant": [None, 1, "user4242@example.com"],
    "of_subject": [1, 777],
    "first_page": [None],
    "by_number": [4242],
    "title_like": [None, "NEEDLE"],
    "body_like": [None, "needle"],
    "email_in_any_case": [None, "User4242@Example.com"],
    "code_begins": [None, "code-0012345"],
    "with_data": [None, 123457],
    "with_labels": [None, "rare"],
}
