"""Single querysets, one a line: what each of them sends."""

from datetime import date

from django.contrib.auth.models import User
from django.db.models import (
    Avg, BooleanField, Case, Count, Exists, ExpressionWrapper, F, IntegerField, Max, Min, OuterRef, Prefetch, Q,
    Subquery, Sum, Value, When,
)  # fmt: skip
from django.db.models.functions import Coalesce, ExtractYear, Length, Lower, TruncMonth, Upper
from django.shortcuts import get_list_or_404, get_object_or_404

from .models import (
    Author, Book, CheapBook, Contribution, Country, Event, Genre, Item, Loan, Magazine, Member, Note, Profile,
    Publisher, Review, Shelf, Tag,
)  # fmt: skip


def whole_tables():
    list(Country.objects.all())
    list(Publisher.objects.all())
    list(Author.objects.all())
    list(Genre.objects.all())
    list(Profile.objects.all())
    list(Tag.objects.all())
    list(Book.objects.all())
    list(Contribution.objects.all())
    list(Review.objects.all())
    list(Item.objects.all())
    list(Magazine.objects.all())
    list(Member.objects.all())
    list(Loan.objects.all())
    list(Loan.open.all())
    list(Note.objects.all())
    list(Shelf.objects.all())
    list(CheapBook.objects.all())
    list(Event.objects.all())
    list(User.objects.all())


def lookups():
    list(Book.objects.filter(title="x"))
    list(Book.objects.filter(title__exact="x"))
    list(Book.objects.filter(title__iexact="x"))
    list(Book.objects.filter(title__contains="x"))
    list(Book.objects.filter(title__icontains="x"))
    list(Book.objects.filter(title__startswith="x"))
    list(Book.objects.filter(title__istartswith="x"))
    list(Book.objects.filter(title__endswith="x"))
    list(Book.objects.filter(title__iendswith="x"))
    list(Book.objects.filter(title__regex="x"))
    list(Book.objects.filter(title__iregex="x"))
    list(Book.objects.filter(pages__gt=1))
    list(Book.objects.filter(pages__gte=1, pages__lt=9))
    list(Book.objects.filter(pages__lte=9))
    list(Book.objects.filter(pages__range=(1, 9)))
    list(Book.objects.filter(pages__in=[1, 2, 3]))
    list(Book.objects.filter(pk__in=[1]))
    list(Book.objects.filter(publisher__isnull=True))
    list(Book.objects.filter(publisher__isnull=False))
    list(Book.objects.filter(publisher=None))
    list(Book.objects.filter(available=True))
    list(Book.objects.filter(available=False))
    list(Book.objects.exclude(available=True))
    list(Book.objects.filter(id=1))
    list(Book.objects.filter(pk=1))


def dates():
    list(Book.objects.filter(published=date(2024, 1, 1)))
    list(Book.objects.filter(published__year=2024))
    list(Book.objects.filter(published__year__gte=2024))
    list(Book.objects.filter(published__month=1))
    list(Book.objects.filter(created__date=date(2024, 1, 1)))
    list(Book.objects.filter(created__year=2024))
    list(Book.objects.filter(created__month=1, created__day=2))
    list(Book.objects.filter(created__hour__lt=12))
    list(Book.objects.annotate(year=ExtractYear("published")).filter(year=2024))
    list(Book.objects.annotate(month=TruncMonth("published")).values("month").annotate(n=Count("id")))


def across_relations():
    list(Book.objects.filter(author__name="x"))
    list(Book.objects.filter(author__country__name="x"))
    list(Book.objects.filter(author=1))
    list(Book.objects.filter(author_id=1))
    list(Book.objects.filter(author__id=1))
    list(Book.objects.filter(author__pk=1))
    list(Book.objects.filter(author__country="C1"))
    list(Book.objects.filter(author__country__code="C1"))
    list(Book.objects.filter(publisher__name="x"))
    list(Book.objects.filter(publisher__country__name="x"))
    list(Book.objects.filter(publisher__country__isnull=True))
    list(Author.objects.filter(books__title="x"))
    list(Author.objects.filter(books__title="x", books__pages=1))
    list(Author.objects.filter(books__title="x").filter(books__pages=1))
    list(Author.objects.filter(books__isnull=True))
    list(Author.objects.filter(books__reviews__rating=5))
    list(Author.objects.filter(profile__bio="x"))
    list(Author.objects.filter(profile__isnull=True))
    list(Author.objects.filter(mentor__name="x"))
    list(Author.objects.filter(mentor__mentor__name="x"))
    list(Author.objects.filter(pupils__name="x"))
    list(Author.objects.filter(following__name="x"))
    list(Author.objects.filter(followers__name="x"))
    list(Author.objects.filter(friends__name="x"))
    list(Book.objects.filter(tags__name="x"))
    list(Book.objects.filter(tags=1))
    list(Book.objects.filter(tags__in=[1, 2]).distinct())
    list(Tag.objects.filter(books__author__name="x"))
    list(Book.objects.filter(genres__parent__name="x"))
    list(Book.objects.filter(contributors__name="x"))
    list(Book.objects.filter(contribution__role="x"))
    list(Author.objects.filter(contributed__title="x"))
    list(Magazine.objects.filter(title="x"))
    list(Magazine.objects.filter(issue=1, year=2000))
    list(Item.objects.filter(magazine__issue=1))
    list(Publisher.objects.filter(magazines__title="x"))
    list(Book.objects.filter(shelves__label="x"))
    list(Shelf.objects.filter(label="x"))
    list(Member.objects.filter(user__username="x"))


def negations():
    list(Book.objects.exclude(title="x"))
    list(Book.objects.exclude(publisher=1))
    list(Book.objects.exclude(publisher__name="x"))
    list(Book.objects.exclude(author__name="x"))
    list(Book.objects.exclude(title="x", pages=1))
    list(Book.objects.exclude(publisher__isnull=True))
    list(Author.objects.exclude(books__title="x"))
    list(Book.objects.exclude(tags__name="x"))
    list(Book.objects.filter(~Q(title="x")))
    list(Book.objects.exclude(Q(title="x") | Q(pages=1)))
    list(Author.objects.exclude(mentor__name="x"))


def alternatives():
    list(Book.objects.filter(Q(title="x") | Q(pages=1)))
    list(Book.objects.filter(Q(title="x") | Q(publisher__name="y")))
    list(Book.objects.filter(Q(title="x") & Q(pages=1)))
    list(Book.objects.filter(Q(title="x") | Q(author__name="y"), available=True))
    list(Book.objects.filter(Q(author__name="x") | Q(author__email="y")))
    list(Book.objects.filter(Q(tags__name="x") | Q(genres__name="y")))
    list(Author.objects.filter(Q(mentor__name="x") | Q(mentor__isnull=True)))
    list(Book.objects.filter(Q(title="x"), Q(pages=1) | ~Q(available=True)))
    query = Q()
    query &= Q(title="x")
    query |= Q(pages=2)
    list(Book.objects.filter(query))


def expressions():
    list(Book.objects.filter(pages__gt=F("id")))
    list(Book.objects.filter(title=F("author__name")))
    list(Book.objects.filter(pages__gt=F("id") + 1))
    list(Book.objects.annotate(double=F("pages") * 2))
    list(Book.objects.annotate(owner=F("author__name")))
    list(Book.objects.annotate(lower=Lower("title")).filter(lower="x"))
    list(Book.objects.annotate(size=Length("title")).order_by("size"))
    list(Book.objects.annotate(shout=Upper("author__name")))
    list(Book.objects.annotate(name=Coalesce("publisher__name", Value("-"))))
    list(Book.objects.annotate(long=Case(When(pages__gt=300, then=Value(1)), default=Value(0))))
    list(Book.objects.annotate(kind=Case(When(pages__gt=9, then=Value("l")), When(available=True, then=Value("m")), default=Value("s"))))
    list(Book.objects.annotate(big=ExpressionWrapper(Q(pages__gt=100), output_field=BooleanField())))
    list(Book.objects.annotate(fixed=Value(3, output_field=IntegerField())))
    list(Book.objects.alias(size=Length("title")).filter(size__gt=3))


def subqueries():
    reviews = Review.objects.filter(book=OuterRef("pk"))
    list(Book.objects.filter(author__in=Author.objects.filter(active=True)))
    list(Book.objects.filter(pk__in=Review.objects.filter(rating=5).values("book")))
    list(Book.objects.filter(pk__in=Review.objects.values_list("book_id", flat=True)))
    list(Book.objects.filter(Exists(reviews)))
    list(Book.objects.filter(~Exists(reviews)))
    list(Book.objects.annotate(reviewed=Exists(reviews.filter(rating=5))))
    list(Book.objects.annotate(best=Subquery(reviews.order_by("-rating").values("rating")[:1])))
    list(Author.objects.annotate(newest=Subquery(Book.objects.filter(author=OuterRef("pk")).order_by("-published").values("title")[:1])))
    list(Book.objects.exclude(pk__in=Loan.open.values("book_id")))


def aggregates():
    Book.objects.count()
    Book.objects.filter(author__name="x").count()
    Book.objects.filter(tags__name="x").distinct().count()
    Book.objects.all()[:5].count()
    Book.objects.aggregate(Sum("pages"))
    Book.objects.aggregate(n=Count("id"), total=Sum("pages"), top=Max("pages"), low=Min("pages"))
    Book.objects.aggregate(mean=Avg("pages"))
    Book.objects.aggregate(total=Sum("price"))
    Book.objects.aggregate(n=Count("author", distinct=True))
    Book.objects.aggregate(n=Count("id", filter=Q(available=True)))
    Book.objects.aggregate(total=Sum("pages", default=0))
    Author.objects.aggregate(n=Count("books__reviews"))
    Author.objects.annotate(n=Count("books")).count()
    Author.objects.annotate(n=Count("books")).aggregate(Avg("n"))
    Author.objects.annotate(n=Count("books")).filter(n__gt=1).exists()


def groups():
    list(Author.objects.annotate(n=Count("books")))
    list(Author.objects.annotate(n=Count("books")).filter(n__gt=1))
    list(Author.objects.annotate(n=Count("books")).order_by("-n"))
    list(Author.objects.annotate(n=Count("books", distinct=True), m=Count("pupils", distinct=True)))
    list(Author.objects.annotate(n=Count("books", filter=Q(books__available=True))))
    list(Author.objects.filter(active=True).annotate(pages=Sum("books__pages")))
    list(Book.objects.values("author").annotate(n=Count("id")))
    list(Book.objects.values("author__name").annotate(n=Count("id")).order_by("-n"))
    list(Book.objects.values("publisher__country__name").annotate(total=Sum("pages")))
    list(Book.objects.values("author", "publisher").annotate(n=Count("id")).filter(n__gt=1))
    list(Publisher.objects.annotate(n=Count("books")))
    list(Tag.objects.annotate(n=Count("books")).order_by("-n", "name"))
    list(Review.objects.values("book").annotate(mean=Avg("rating")).order_by("book"))
    list(Book.objects.with_counts())
    list(Book.objects.with_counts().filter(review_total=0))


def columns():
    list(Book.objects.values())
    list(Book.objects.values("title", "author__name"))
    list(Book.objects.values_list("title", flat=True))
    list(Book.objects.values_list("pk", "author_id"))
    list(Book.objects.values("author"))
    list(Book.objects.values("tags__name"))
    list(Book.objects.values("publisher__name").distinct())
    list(Book.objects.values_list("author__country__name", flat=True).distinct())
    list(Book.objects.only("title"))
    list(Book.objects.only("title", "author"))
    list(Book.objects.defer("title", "price"))
    list(Book.objects.select_related("author").only("title", "author__name"))
    list(Book.objects.select_related("author").defer("author__email"))
    list(Author.objects.values(n=Lower("name")))


def joined():
    list(Book.objects.select_related("author"))
    list(Book.objects.select_related("publisher"))
    list(Book.objects.select_related("author", "publisher"))
    list(Book.objects.select_related("publisher__country"))
    list(Book.objects.select_related("author__mentor"))
    list(Book.objects.select_related("author__profile"))
    list(Author.objects.select_related("profile"))
    list(Book.objects.select_related())
    list(Book.objects.select_related("author").select_related(None))
    list(Book.objects.filter(author__name="x").select_related("author"))
    list(Magazine.objects.select_related("publisher"))
    list(Item.objects.select_related("magazine"))
    list(Loan.objects.select_related("book__author", "member__user"))
    list(Review.objects.select_related("reviewer").order_by("reviewer__username"))


def prefetched():
    list(Author.objects.prefetch_related("books"))
    list(Author.objects.prefetch_related("books__reviews"))
    list(Book.objects.prefetch_related("author"))
    list(Book.objects.prefetch_related("tags"))
    list(Book.objects.prefetch_related("tags", "genres"))
    list(Tag.objects.prefetch_related("books"))
    list(Author.objects.prefetch_related("profile"))
    list(Book.objects.prefetch_related("contributors"))
    list(Book.objects.prefetch_related("notes"))
    list(Author.objects.prefetch_related("followers", "following"))
    list(Author.objects.prefetch_related(Prefetch("books", queryset=Book.objects.filter(available=True))))
    list(Author.objects.prefetch_related(Prefetch("books", queryset=Book.objects.select_related("publisher"), to_attr="shown")))
    list(Author.objects.prefetch_related(Prefetch("books", queryset=Book.objects.order_by("-pages"))))
    list(Book.objects.select_related("author").prefetch_related("author__books"))
    list(Book.objects.detailed())
    list(Shelf.objects.prefetch_related("books"))


def ordered():
    list(Book.objects.order_by("title"))
    list(Book.objects.order_by("-title", "pages"))
    list(Book.objects.order_by("author__name"))
    list(Book.objects.order_by("publisher"))
    list(Book.objects.order_by("publisher_id"))
    list(Book.objects.order_by("publisher__name"))
    list(Book.objects.order_by("pk"))
    list(Book.objects.order_by("?"))
    list(Book.objects.order_by(F("pages").desc(nulls_last=True)))
    list(Book.objects.order_by(Lower("title")))
    list(Book.objects.order_by("title").reverse())
    list(Review.objects.reverse())
    list(Review.objects.order_by())
    list(Shelf.objects.order_by("-label"))
    list(Book.objects.order_by("title")[:5])
    list(Book.objects.order_by("title")[5:10])
    list(Book.objects.all()[3:])
    list(Book.objects.order_by("author__name").distinct())


def single_rows():
    Book.objects.first()
    Book.objects.last()
    Review.objects.first()
    Review.objects.last()
    Book.objects.order_by("title").first()
    Book.objects.order_by("title").last()
    Book.objects.latest("published")
    Book.objects.earliest("published", "title")
    Book.objects.filter(title="x").first()
    Book.objects.get(title="Book 1")
    Review.objects.filter(rating=3).select_related("book").order_by("pk")[0]
    Author.objects.get(email="a1@example.com")
    Author.objects.select_related("profile").get(name="Author 1")
    Magazine.objects.get(title="Magazine 1")
    Book.objects.exists()
    Book.objects.filter(tags__name="x").exists()
    Book.objects.filter(title="x").contains(Book(pk=1))
    get_object_or_404(Book, title="Book 1")
    get_object_or_404(Book.objects.select_related("author"), title="Book 1")
    get_list_or_404(Book, available=True)
    Book.objects.in_bulk([1, 2])
    Book.objects.available().first()


def sets():
    list(Book.objects.filter(pages=1).values("title").union(Author.objects.values("name")))
    list(Genre.objects.filter(name="x").union(Genre.objects.filter(name="y"), all=True))
    list(Shelf.objects.order_by().values_list("pk", flat=True).intersection(Genre.objects.values_list("pk", flat=True)))
    list(Author.objects.values_list("pk").difference(Genre.objects.values_list("pk")))


def managers():
    list(Book.objects.available())
    list(Book.objects.available().by(1))
    list(Book.objects.filter(pages=1).available().order_by("title"))
    list(Shelf.objects.on_floor(1))
    list(Shelf.objects.filter(floor=1))
    list(Loan.open.filter(book=1))
    list(CheapBook.objects.filter(title="x"))
    list(Book._default_manager.filter(pages=3))


def of_rows(author: Author, book: Book, tag: Tag, publisher: Publisher, member: Member, shelf: Shelf):
    list(author.books.all())
    list(author.books.filter(pages=1))
    list(author.books.available())
    list(author.books.order_by("-title")[:3])
    author.books.count()
    author.books.exists()
    list(author.pupils.all())
    list(author.following.all())
    list(author.followers.all())
    list(author.friends.all())
    list(author.contributed.all())
    list(book.tags.all())
    list(book.tags.filter(name="x"))
    book.tags.count()
    book.tags.exists()
    list(book.reviews.all())
    list(book.reviews.filter(rating__gt=3).values_list("text", flat=True))
    list(book.contributors.all())
    list(book.contribution_set.all())
    list(book.genres.all())
    list(book.notes.all())
    list(book.loans.all())
    list(tag.books.all())
    list(tag.books.select_related("author"))
    list(publisher.books.filter(author__active=True))
    list(publisher.magazines.all())
    list(member.loans.filter(returned=None))
    list(shelf.books.order_by("title"))
    book.author.name
    book.publisher.country.name
    author.profile.bio
    author.country.name
    author.mentor
