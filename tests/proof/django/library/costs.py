"""What each access costs: a function for each row of the measured table of accesses."""

from django.db.models import Count, Q, Sum

from .models import Author, Book, Counter, Genre, Item, Magazine, Publisher, Review, Tag


def prefetched_all():
    for author in Author.objects.prefetch_related("books"):
        list(author.books.all())
        len(author.books.all())


def prefetched_in(book: Book):
    return [book in author.books.all() for author in Author.objects.prefetch_related("books")]


def prefetched_count():
    return [author.books.count() for author in Author.objects.prefetch_related("books")]


def prefetched_exists():
    return [author.books.exists() for author in Author.objects.prefetch_related("books")]


def prefetched_many_count():
    return [(book.tags.count(), book.tags.exists()) for book in Book.objects.prefetch_related("tags")]


def prefetched_slice():
    return [list(author.books.all()[:1]) for author in Author.objects.prefetch_related("books")]


def prefetched_contains(book: Book):
    return [author.books.contains(book) for author in Author.objects.prefetch_related("books")]


def prefetched_back():
    return [book.author.name for author in Author.objects.prefetch_related("books") for book in author.books.all()]


def prefetched_first_ordered():
    return [book.reviews.first() for book in Book.objects.prefetch_related("reviews")]


def prefetched_all_first_ordered():
    return [book.reviews.all().first() for book in Book.objects.prefetch_related("reviews")]


def prefetched_first_unordered():
    return [author.books.first() for author in Author.objects.prefetch_related("books")]


def prefetched_last():
    return [book.reviews.last() for book in Book.objects.prefetch_related("reviews")]


def prefetched_filter():
    return [list(author.books.filter(pages__gt=1)) for author in Author.objects.prefetch_related("books")]


def prefetched_exclude():
    return [list(author.books.exclude(pages=1)) for author in Author.objects.prefetch_related("books")]


def prefetched_order():
    return [list(author.books.order_by("title")) for author in Author.objects.prefetch_related("books")]


def prefetched_values():
    return [list(author.books.values("title")) for author in Author.objects.prefetch_related("books")]


def prefetched_values_list():
    return [list(author.books.values_list("title")) for author in Author.objects.prefetch_related("books")]


def prefetched_aggregate():
    return [author.books.aggregate(Sum("pages")) for author in Author.objects.prefetch_related("books")]


def prefetched_select_related():
    return [list(author.books.select_related("publisher")) for author in Author.objects.prefetch_related("books")]


def prefetched_iterator():
    return [list(author.books.iterator()) for author in Author.objects.prefetch_related("books")]


def prefetched_get():
    return [book.reviews.get(rating=4) for book in Book.objects.prefetch_related("reviews")]


def iterator_chunked():
    return [list(author.books.all()) for author in Author.objects.prefetch_related("books").iterator(chunk_size=100)]


def foreign_key_id():
    return [book.author_id for book in Book.objects.all()]


def foreign_key_pk():
    return [book.author.pk for book in Book.objects.all()]


def foreign_key_object_id():
    return [book.author.id for book in Book.objects.all()]


def foreign_key_null():
    return [genre.parent for genre in Genre.objects.filter(parent=None)]  # turns: N=0


def only_without_key():
    return [book.author_id for book in Book.objects.only("title")]


def only_with_key():
    return [book.author_id for book in Book.objects.only("title", "author")]


def only_of_joined():
    return [book.author.name for book in Book.objects.select_related("author").only("title", "author__name")]


def reverse_one_to_one():
    return [author.profile.bio for author in Author.objects.all()]


def reverse_one_to_one_joined():
    return [author.profile.bio for author in Author.objects.select_related("profile")]


def known_related_object(author: Author):
    return [book.author.name for book in author.books.all()]


def len_then_iterate():
    books = Book.objects.all()
    return len(books), [book.title for book in books]


def truth_then_iterate():
    books = Book.objects.all()
    if books:
        return [book.title for book in books]


def count_then_iterate():
    books = Book.objects.all()
    return books.count(), [book.title for book in books]


def exists_then_iterate():
    books = Book.objects.all()
    return books.exists(), [book.title for book in books]


def list_then_everything():
    books = Book.objects.all()
    list(books)
    return books.count(), books.exists(), len(books), books[0]


def indexed_twice():
    books = Book.objects.order_by("pk")
    return books[0], books[1]


def update_or_create():
    return Counter.objects.update_or_create(name="Counter 0", defaults={"value": 3})


def get_or_create_present():
    return Counter.objects.get_or_create(name="Counter 0")


def get_or_create_missing():
    return Counter.objects.get_or_create(name="Counter new")


def bulk_update(book: Book):
    return Book.objects.bulk_update([book], ["pages"])


def aggregate_empty():
    return Book.objects.filter(title="none").aggregate(Sum("pages"), Count("id"))


def aggregate_multiplied():
    return Author.objects.aggregate(n=Count("id"), pages=Sum("books__pages"))


def conditional_count():
    return Book.objects.aggregate(n=Count("id", filter=Q(tags__name="Tag 1")))


def exclude_nullable():
    return list(Book.objects.exclude(publisher=1))


def first_unordered():
    return Book.objects.filter(pages__gt=1).first()


def select_related_bare():
    return [book.author.name for book in Book.objects.select_related()]


def select_related_bare_nullable():
    return [book.publisher.name for book in Book.objects.select_related()]


def child_save(magazine: Magazine):
    magazine.save()


def link(book: Book, tag: Tag):
    book.tags.add(tag)


def prefetch_foreign_key():
    return [book.publisher.name for book in Book.objects.prefetch_related("publisher")]


def child_of_parent():
    return [item.magazine.issue for item in Item.objects.filter(magazine__isnull=False)]


def magazine_titles():
    return [magazine.title for magazine in Magazine.objects.all()]


def reviews_of_publisher():
    return [Review.objects.filter(book__publisher=publisher).count() for publisher in Publisher.objects.all()]
