"""Loops in every form that Python has. A comment `turns:` says how often loops turn, by their letter, where that
is not all rows of the model for the outermost loop and two for those inside; n is the argument of `fixtures.fill`."""

from functools import partial

from django.db.models import Prefetch

from .models import Author, Book, Loan, Magazine, Publisher, Review, Tag


def statement():
    for book in Book.objects.all():
        print(book.author.name, file=None) if False else book.author.name


def comprehension():
    return [book.author.name for book in Book.objects.all()]


def dict_comprehension():
    return {book.pk: book.publisher.name for book in Book.objects.all()}


def set_comprehension():
    return {book.author.email for book in Book.objects.filter(available=True)}


def generator_expression():
    return list(book.author.name for book in Book.objects.all())


def mapped():
    return list(map(lambda book: book.author.name, Book.objects.all()))


def sorted_by_key():
    return sorted(Book.objects.all(), key=lambda book: book.author.name)


def summed():
    return sum(book.reviews.count() for book in Book.objects.all())


def all_of():
    return all([book.author.active for book in Book.objects.all()])


def enumerated():
    out = []
    for number, book in enumerate(Book.objects.all()):
        out.append((number, book.author.name))
    return out


def zipped():
    books = Book.objects.order_by("pk")
    return [book.publisher.name for book, _ in zip(books, range(100))]


def helper():
    return [row(book) for book in Book.objects.all()]


def row(book):
    return {"title": book.title, "author": book.author.name, "publisher": book.publisher.name}


def of_property():
    return [author.book_count for author in Author.objects.all()]


def of_cached_property():
    return [author.latest_book and author.latest_book for author in Author.objects.all()]


def of_label():
    return [book.label for book in Book.objects.all()]


def of_str():
    return [str(book) for book in Book.objects.all()]


def of_f_string():
    return [f"{book}" for book in Book.objects.all()]


def of_method():
    return [author.titles() for author in Author.objects.all()]


def nested():
    out = []
    for author in Author.objects.all():
        for book in author.books.all():
            out.append(book.publisher.name)
    return out


def nested_comprehension():
    return [review.text for author in Author.objects.all() for book in author.books.all() for review in book.reviews.all()]


def nested_known_parent():
    return [book.author.name for author in Author.objects.all() for book in author.books.all()]


def nested_prefetched():
    authors = Author.objects.prefetch_related("books__reviews")
    return [review.text for author in authors for book in author.books.all() for review in book.reviews.all()]


def joined():
    return [(book.author.name, book.publisher.name) for book in Book.objects.select_related("author", "publisher")]


def half_joined():
    return [(book.author.name, book.publisher.name) for book in Book.objects.select_related("author")]


def joined_deep():
    return [book.publisher.country.name for book in Book.objects.select_related("publisher__country")]


def joined_not_deep_enough():
    return [book.publisher.country.name for book in Book.objects.select_related("publisher")]


def key_only():
    return [book.author_id for book in Book.objects.all()]


def key_of_object():
    return [book.author.pk for book in Book.objects.all()]


def generator():
    return [name for name in author_names()]


def author_names():
    for book in Book.objects.all():
        yield book.author.name


def generator_of_rows():
    return [book.author.name for book in every_book()]


def every_book():
    yield from Book.objects.all()


def through_variable():
    books = Book.objects.all()
    books = books.filter(available=True)
    chosen = books.order_by("title")
    return [book.author.name for book in chosen]


def through_dict():
    context = {"books": Book.objects.all(), "title": "x"}
    return [book.author.name for book in context["books"]]


def through_tuple():
    books, authors = Book.objects.all(), Author.objects.all()
    return [book.title for book in books], [author.name for author in authors]


def through_list():
    books = list(Book.objects.all())
    return [book.author.name for book in books]


def through_partial():
    show = partial(row_with, prefix="x")
    return [show(book) for book in Book.objects.all()]


def row_with(book, prefix):
    return prefix + book.author.name


def through_closure():
    def inner(book):
        return book.publisher.name

    return [inner(book) for book in Book.objects.all()]


def twice():
    books = Book.objects.all()
    one = [book.author.name for book in books]
    two = [book.author.name for book in books]
    return one, two


def twice_fetched():
    one = [book.title for book in Book.objects.all()]
    two = [book.title for book in Book.objects.all()]
    return one, two


def listed_then_counted():
    books = Book.objects.all()
    names = [book.title for book in books]
    return names, books.count(), len(books)


def counted_then_listed():
    books = Book.objects.all()
    return books.count(), [book.title for book in books]


def tested_then_listed():
    books = Book.objects.all()
    if books:
        return [book.title for book in books]
    return []


def exists_then_listed():
    books = Book.objects.filter(available=True)
    if books.exists():
        return [book.title for book in books]
    return []


def sliced():  # turns: N=3
    return [book.author.name for book in Book.objects.order_by("pk")[:3]]


def grouped_in_python():
    groups = {}
    for book in Book.objects.select_related("author"):
        groups.setdefault(book.author.name, []).append(book.title)
    return groups


def query_in_loop():
    return [Review.objects.filter(book=book).count() for book in Book.objects.all()]


def query_by_key():
    return [Author.objects.get(pk=book.author_id) for book in Book.objects.all()]


def exists_in_loop():
    return [author.books.filter(available=True).exists() for author in Author.objects.all()]


def first_in_loop():
    return [author.books.first() for author in Author.objects.all()]


def many_to_many_in_loop():
    return [[tag.name for tag in book.tags.all()] for book in Book.objects.all()]


def through_in_loop():
    return [[c.author.name for c in book.contribution_set.all()] for book in Book.objects.all()]


def reverse_one_to_one():
    return [author.profile.bio for author in Author.objects.all()]


def reverse_one_to_one_joined():
    return [author.profile.bio for author in Author.objects.select_related("profile")]


def prefetch_then_filter():
    return [list(author.books.filter(available=True)) for author in Author.objects.prefetch_related("books")]


def prefetch_to_attr():
    authors = Author.objects.prefetch_related(Prefetch("books", queryset=Book.objects.all(), to_attr="shown"))
    return [book.title for author in authors for book in author.shown]


def prefetch_to_attr_author():
    shown = Prefetch("books", queryset=Book.objects.select_related("publisher"), to_attr="shown")
    return [book.publisher.name for author in Author.objects.prefetch_related(shown) for book in author.shown]


def prefetch_counted():
    return [book.tags.count() for book in Book.objects.prefetch_related("tags")]


def prefetch_len():
    return [len(book.tags.all()) for book in Book.objects.prefetch_related("tags")]


def prefetch_forward():
    return [book.author.name for book in Book.objects.prefetch_related("author")]


def deferred():
    return [book.title for book in Book.objects.only("pages")]


def deferred_key():
    return [book.author_id for book in Book.objects.only("title")]


def values():
    return [row["title"] for row in Book.objects.values("title")]


def values_joined():
    return [name for (name,) in Book.objects.values_list("author__name")]


def inherited():
    return [magazine.title for magazine in Magazine.objects.all()]


def inherited_relation():
    return [magazine.publisher.name for magazine in Magazine.objects.all()]


def two_levels():
    out = []
    for publisher in Publisher.objects.select_related("country"):
        for book in publisher.books.select_related("author"):
            out.append((publisher.country.name, book.author.name))
    return out


def chain_of_helpers():
    return outer_helper(Book.objects.all())


def outer_helper(books):
    return [inner_helper(book) for book in books]


def inner_helper(book):
    return book.author.country.name


def while_loop():  # turns: N=2*n
    books = list(Book.objects.order_by("pk"))
    names = []
    while books:
        names.append(books.pop().author.name)
    return names


def early_exit():  # turns: N=1
    for book in Book.objects.order_by("pk"):
        return book.author.name


def iterated():
    return [book.author.name for book in Book.objects.iterator()]


def iterated_prefetched():
    return [[tag.name for tag in book.tags.all()] for book in Book.objects.prefetch_related("tags").iterator(chunk_size=100)]


def custom_manager():
    return [loan.member.card for loan in Loan.open.all()]  # turns: N=2*n


def tags_of_books():
    return {tag.name: [book.title for book in tag.books.all()] for tag in Tag.objects.all()}
