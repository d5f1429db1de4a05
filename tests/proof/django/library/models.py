"""A library: every kind of relation, inheritance and manager that predictions have to follow."""

import uuid

from django.contrib.auth.models import User
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Count
from django.utils import timezone
from django.utils.functional import cached_property


class Stamped(models.Model):
    created = models.DateTimeField(default=timezone.now)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Country(models.Model):
    name = models.CharField(max_length=60)
    code = models.CharField(max_length=8, unique=True)


class Publisher(models.Model):
    name = models.CharField(max_length=60)
    country = models.ForeignKey(Country, null=True, on_delete=models.SET_NULL, related_name="publishers")

    class Meta:
        ordering = ["name"]


class Genre(models.Model):
    name = models.CharField(max_length=60)
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")


class Author(Stamped):
    name = models.CharField(max_length=60)
    email = models.EmailField(unique=True)
    active = models.BooleanField(default=True)
    country = models.ForeignKey(Country, to_field="code", db_column="country_code", on_delete=models.CASCADE)
    mentor = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="pupils")
    friends = models.ManyToManyField("self")
    following = models.ManyToManyField("self", symmetrical=False, related_name="followers")

    def __str__(self):
        return self.name

    @property
    def book_count(self):
        return self.books.count()

    @cached_property
    def latest_book(self):
        return self.books.order_by("-published").first()

    def titles(self):
        return [book.title for book in self.books.all()]


class Profile(models.Model):
    author = models.OneToOneField(Author, on_delete=models.CASCADE, related_name="profile")
    bio = models.TextField(blank=True)


class Tag(models.Model):
    name = models.CharField(max_length=30)

    class Meta:
        ordering = ["name"]


class BookQuerySet(models.QuerySet):
    def available(self):
        return self.filter(available=True)

    def with_counts(self):
        return self.annotate(review_total=Count("reviews"))

    def by(self, author):
        return self.filter(author=author)

    def detailed(self):
        return self.select_related("author", "publisher").prefetch_related("tags")


class Book(Stamped):
    title = models.CharField(max_length=120)
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
    publisher = models.ForeignKey(Publisher, null=True, on_delete=models.SET_NULL, related_name="books")
    price = models.DecimalField(max_digits=8, decimal_places=2, default=10)
    pages = models.IntegerField(default=100)
    published = models.DateField()
    available = models.BooleanField(default=True)
    tags = models.ManyToManyField(Tag, related_name="books")
    genres = models.ManyToManyField(Genre, db_table="library_genre_of_book")
    contributors = models.ManyToManyField(Author, through="Contribution", related_name="contributed")
    notes = GenericRelation("Note")

    objects = BookQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["title"])]

    def __str__(self):
        return f"{self.title} by {self.author.name}"

    @property
    def label(self):
        return f"{self.title} ({self.publisher.name})"


class Contribution(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    role = models.CharField(max_length=30)


class Review(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(User, on_delete=models.CASCADE, related_name="reviews")
    rating = models.IntegerField()
    text = models.TextField()

    class Meta:
        ordering = ["-rating"]


class Item(models.Model):
    title = models.CharField(max_length=60)
    year = models.IntegerField()


class Magazine(Item):
    issue = models.IntegerField()
    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE, related_name="magazines")


class Member(models.Model):
    user = models.OneToOneField(User, on_delete=models.CASCADE)
    card = models.CharField(max_length=30, unique=True)


class OpenLoans(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(returned__isnull=True)


class Loan(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="loans")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="loans")
    due = models.DateField()
    returned = models.DateField(null=True)

    objects = models.Manager()
    open = OpenLoans()


class Note(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    content_object = GenericForeignKey()
    text = models.TextField()


class ShelfManager(models.Manager):
    def on_floor(self, floor):
        return self.get_queryset().filter(floor=floor)


class Shelf(models.Model):
    label = models.CharField(max_length=10, db_column="shelf_label")
    floor = models.IntegerField(default=0)
    books = models.ManyToManyField(Book, related_name="shelves")

    objects = ShelfManager.from_queryset(models.QuerySet)()

    class Meta:
        db_table = "stacks"
        ordering = ["floor", "label"]


class CheapBooks(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(price__lt=20)


class CheapBook(Book):
    objects = CheapBooks()

    class Meta:
        proxy = True


class Event(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=30)
    at = models.DateTimeField(default=timezone.now)


class Counter(models.Model):
    name = models.CharField(max_length=30, unique=True)
    value = models.IntegerField(default=0)
