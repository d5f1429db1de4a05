"""What is met less often: nested conditions, combined refinements, rows of inherited models, other forms of calls."""

from operator import attrgetter

from django.db.models import Avg, Count, Exists, F, Max, Min, OuterRef, Prefetch, Q, Subquery, Sum, prefetch_related_objects
from django.db.models.functions import Coalesce, Lower

from .models import Author, Book, Contribution, Country, Genre, Item, Loan, Magazine, Member, Note, Publisher, Review, Shelf, Tag


def conditions():
    list(Author.objects.exclude(books__isnull=True))
    list(Author.objects.exclude(profile__bio="x"))
    list(Author.objects.exclude(books__reviews__rating=1))
    list(Book.objects.exclude(author__books__title="x"))
    list(Book.objects.exclude(author__following__name="x"))
    list(Book.objects.exclude(Q(tags__name="x") | Q(title="y")))
    list(Book.objects.filter(~Q(publisher__name="x"), ~Q(title="y")))
    list(Book.objects.filter(~(Q(title="x") & ~Q(pages=1))))
    list(Book.objects.filter(Q(Q(title="x") | Q(pages=1)) & Q(available=True)))
    list(Book.objects.filter(Q(publisher__country__name="x") | Q(author__country__name="y")))
    list(Book.objects.filter(publisher__name="x").filter(Q(publisher__country__name="y") | Q(pages=1)))
    list(Book.objects.filter(tags__in=Tag.objects.filter(name="x")))
    list(Book.objects.exclude(author__in=Author.objects.filter(active=False)))
    list(Book.objects.filter(author__in=Author.objects.filter(books__pages=1).distinct()))
    list(Book.objects.filter(pages=F("author__books__pages")))
    list(Book.objects.exclude(pages=F("id")))
    list(Book.objects.filter(pages__in=[F("id"), 3]))
    list(Author.objects.filter(mentor__country__name="x", mentor__active=True))
    list(Author.objects.filter(mentor=None, country__name="x"))
    list(Loan.objects.filter(member__user__username="x", book__author__name="y"))
    list(Note.objects.filter(content_type__model="book"))
    list(Book.objects.filter(notes__text="x"))
    list(Book.objects.filter(loans__member__user__email="x").distinct())
    list(Genre.objects.filter(parent__parent__parent__name="x"))
    list(Genre.objects.filter(children__children__name="x"))


def grouped():
    list(Author.objects.filter(books__available=True).annotate(n=Count("books")))
    list(Author.objects.annotate(n=Count("books")).filter(books__available=True))
    list(Author.objects.annotate(top=Max("books__reviews__rating"), low=Min("books__pages")))
    list(Author.objects.annotate(n=Count("books")).values("name", "n"))
    list(Author.objects.annotate(n=Count("books")).values_list("n", flat=True))
    list(Author.objects.values("country__name").annotate(n=Count("books"), pages=Avg("books__pages")).order_by("country__name"))
    list(Author.objects.annotate(n=Count("books"), m=Count("contributed")).filter(Q(n__gt=1) | Q(m__gt=1)))
    list(Publisher.objects.annotate(n=Count("books")).filter(n__gt=0).order_by("-n")[:3])
    list(Review.objects.values("book__author").annotate(n=Count("id")))
    list(Review.objects.values("rating").annotate(n=Count("id")).order_by("-n", "rating"))
    list(Book.objects.select_related("author").annotate(n=Count("reviews")))
    list(Book.objects.annotate(name=Lower("title")).values("name").annotate(n=Count("id")))
    list(Book.objects.annotate(total=Coalesce(Sum("reviews__rating"), 0)).order_by("-total"))
    list(Author.objects.annotate(n=Count("books")).filter(n=F("id")))
    Author.objects.annotate(n=Count("books")).filter(n__gt=1).count()
    Author.objects.values("country").distinct().count()
    Book.objects.values("author").annotate(n=Count("id")).count()
    Book.objects.order_by("title")[:3].aggregate(Sum("pages"))
    Book.objects.filter(tags__name="x").aggregate(n=Count("id", distinct=True), pages=Sum("pages"))
    Tag.objects.filter(books__author__active=True).distinct().count()


def subqueries():
    newest = Book.objects.filter(author=OuterRef("pk")).order_by("-published")
    list(Author.objects.annotate(title=Subquery(newest.values("title")[:1])).filter(title="x"))
    list(Author.objects.filter(Exists(newest.filter(tags__name="x"))))
    list(Author.objects.filter(Exists(newest) | Q(active=True)))
    list(Author.objects.annotate(has=Exists(Review.objects.filter(book__author=OuterRef("pk")))).filter(has=True))
    list(Book.objects.filter(author__country__in=Country.objects.filter(name="x")))
    list(Book.objects.filter(author__in=Author.objects.filter(country__name="x").order_by("name")))
    list(Book.objects.filter(author__in=Author.objects.order_by("name").values("pk")[:3]))
    Book.objects.filter(pk__in=Loan.open.filter(member__card="x").values("book")).update(available=False)


def inherited():
    list(Magazine.objects.only("title"))
    list(Magazine.objects.defer("year"))
    list(Magazine.objects.order_by("title"))
    list(Magazine.objects.values("title", "issue"))
    list(Magazine.objects.filter(publisher__country__name="x").order_by("-year"))
    list(Publisher.objects.prefetch_related("magazines"))
    list(Item.objects.filter(magazine__publisher__name="x"))
    Magazine.objects.aggregate(Max("year"), Count("issue"))
    Magazine.objects.filter(title="x").exists()
    Magazine.objects.count()
    Magazine.objects.latest("year")


def prefetched():
    reviews = Review.objects.select_related("reviewer").filter(rating__gt=3)
    list(Book.objects.prefetch_related(Prefetch("reviews", queryset=reviews, to_attr="good")))
    list(Author.objects.prefetch_related(Prefetch("books", queryset=Book.objects.prefetch_related("tags", "reviews"))))
    list(Author.objects.prefetch_related(Prefetch("books__reviews", queryset=reviews)))
    list(Book.objects.prefetch_related("author__country", "author__profile"))
    list(Book.objects.prefetch_related("tags").filter(pages__gt=1).order_by("title"))
    list(Loan.objects.select_related("book").prefetch_related("book__tags"))
    list(Tag.objects.prefetch_related(Prefetch("books", queryset=Book.objects.only("title"))))
    list(Book.objects.prefetch_related("shelves", "contribution_set__author"))
    list(Genre.objects.prefetch_related("children__children"))
    list(Author.objects.prefetch_related("friends", "pupils"))


def written(author: Author, book: Book, tag: Tag, publisher: Publisher):
    Book.objects.filter(tags__name="x").update(pages=F("pages") + 1)
    Book.objects.update(pages=Subquery(Review.objects.filter(book=OuterRef("pk")).values("rating")[:1]))
    Review.objects.filter(book__author=author).delete()
    Contribution.objects.filter(role="x").delete()
    book.tags.add(tag, tag)
    book.reviews.update(text="x")
    book.loans.all().delete()
    publisher.books.update(publisher=None)
    author.save(update_fields=["name", "mentor"])
    Member.objects.filter(user__username="x").update(card="y")


def attrgotten():
    return sorted(Book.objects.all(), key=attrgetter("title"))


def any_of():  # turns: N=1
    return any(book.author.active for book in Book.objects.all())


def loaded_later():
    books = list(Book.objects.all())
    prefetch_related_objects(books, "tags", "author")
    return [(book.author.name, [tag.name for tag in book.tags.all()]) for book in books]


def key_or_object():
    return [(book.author_id, book.publisher_id, book.pk, book.id) for book in Book.objects.all()]


def assigned():
    authors = {author.pk: author for author in Author.objects.all()}
    for book in Book.objects.all():
        book.author = authors[book.author_id]
        book.author.name


def by_key():
    authors = Author.objects.in_bulk()
    return [authors[book.author_id].name for book in Book.objects.all()]


def filtered_in_python():
    return [book.author.name for book in Book.objects.all() if book.available]


def with_walrus():
    return [author.name for book in Book.objects.all() if (author := book.author)]


def try_relation():
    out = []
    for author in Author.objects.all():
        try:
            out.append(author.profile.bio)
        except Author.profile.RelatedObjectDoesNotExist:
            out.append("")
    return out


def tuple_rows():
    pairs = [(book, book.author) for book in Book.objects.all()]
    return [(book.title, author.name) for book, author in pairs]


def dict_of_lists():
    groups = {}
    for review in Review.objects.select_related("book"):
        groups.setdefault(review.book_id, []).append(review)
    return [review.book.title for reviews in groups.values() for review in reviews]


def nested_query():
    out = []
    for publisher in Publisher.objects.all():
        for book in Book.objects.filter(publisher=publisher):
            out.append(book.reviews.count())
    return out


def shelf_books():
    return [book.author.name for shelf in Shelf.objects.prefetch_related("books__author") for book in shelf.books.all()]


def two_helpers():
    def names(books):
        return [book.author.name for book in books]

    books = Book.objects.all()
    return names(books), names(books)


def fresh_each_call():
    def books():
        return Book.objects.filter(available=True)

    return [book.title for book in books()], books().count()
