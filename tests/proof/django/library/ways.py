"""Where the way through the code decides: refinements behind a test, arguments that are left out, rows that may be new."""

from django.db.models import F

from .models import Author, Book, Counter, Member, Shelf, Tag


def _books(author=None, eager=False, newest_first=None):
    books = Book.objects.all()
    if author is not None:
        books = books.filter(author=author)
    if eager is True:
        books = books.select_related("author")
    elif eager:
        books = books.select_related(*eager)
    if newest_first:
        books = books.order_by("-published")
    return books


def arguments_left_out():
    return list(_books())


def arguments_given(author: Author):
    return list(_books(author, eager=True)), list(_books(newest_first=True))


def refined_behind_tests(request):
    books = Book.objects.all()
    if request.GET.get("title"):
        books = books.filter(title__icontains=request.GET["title"])
    if request.GET.get("eager"):
        books = books.select_related("author")
    return list(books.filter(pages__gt=1)), books.count()


def sliced_behind_a_test(request):
    authors = Author.objects.order_by("name")
    if request.GET.get("active"):
        authors = authors.filter(active=True)
    return list(authors[:3])


def either_way(request):
    if request.GET.get("all"):
        books = Book.objects.order_by("title")
    else:
        books = Book.objects.filter(available=True)
    return [book.title for book in books]


def distinct_rows_exist():
    return Book.objects.filter(tags__name="x").distinct().exists()


def joined_twice_in_a_subquery():
    return list(Author.objects.filter(books__in=Book.objects.filter(author__mentor__name="x", tags__name="y")))


def found_among_children(author: Author):
    counter, _ = Counter.objects.get_or_create(name="ways")
    review = author.books.get_or_create(title="ways", defaults={"published": "2020-01-01"})[0]
    return counter, review


def counted_up():
    counter, _ = Counter.objects.get_or_create(name="ways")
    counter.value = F("value") + 1
    counter.save(update_fields=["value"])


def new_or_there():
    counter = Counter.objects.filter(name="missing").first()
    if counter is None:
        counter = Counter(name="missing")
    counter.value = 2
    counter.save()


def replaced(shelf: Shelf):
    shelf.books.set(Book.objects.filter(pages__lt=0))


def removed_with_children(author: Author):
    author.delete()


def card_holders():
    return list(Member.objects.filter(card__in=["a", "b"])), Tag.objects.first()
