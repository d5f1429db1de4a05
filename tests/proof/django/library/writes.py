"""What writes send."""

from datetime import date

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from .models import Author, Book, Counter, Event, Genre, Loan, Magazine, Member, Note, Profile, Publisher, Review, Shelf, Tag


def create():
    return Tag.objects.create(name="new")


def create_with_parent(author: Author, publisher: Publisher):
    return Book.objects.create(title="New", author=author, publisher=publisher, published=date(2024, 1, 1))


def create_child(publisher: Publisher):
    return Magazine.objects.create(title="New", year=2024, issue=1, publisher=publisher)


def create_by_save():
    tag = Tag(name="new")
    tag.save()
    return tag


def create_through_manager(author: Author, publisher: Publisher):
    return author.books.create(title="New", publisher=publisher, published=date(2024, 1, 1))


def create_linked(book: Book):
    return book.tags.create(name="new")


def create_with_own_key():
    return Event.objects.create(name="new")


def save(book: Book):
    book.pages = 7
    book.save()


def save_some(book: Book):
    book.pages = 7
    book.save(update_fields=["pages"])


def save_in_loop():
    for counter in Counter.objects.all():
        counter.value += 1
        counter.save()


def create_in_loop():
    for author in Author.objects.all():
        Note.objects.create(content_object=author, text="x")


def update():
    Book.objects.filter(title="x").update(pages=3, available=True)


def update_expression():
    Counter.objects.filter(name="Counter 0").update(value=F("value") + 1)


def update_null():
    Book.objects.update(publisher=None)


def update_joined():
    Book.objects.filter(author__name="x").update(pages=1)


def update_of_row(author: Author):
    author.books.update(pages=4)


def bulk_create():
    return Tag.objects.bulk_create([Tag(name="a"), Tag(name="b")])


def bulk_create_ignored():
    return Counter.objects.bulk_create([Counter(name="Counter 0"), Counter(name="b")], ignore_conflicts=True)


def bulk_update():
    counters = list(Counter.objects.all())
    for counter in counters:
        counter.value = 3
    Counter.objects.bulk_update(counters, ["value"])


def delete_leaf(loan: Loan):
    loan.delete()


def delete_queryset():
    Loan.objects.filter(returned=None).delete()


def delete_joined():
    Review.objects.filter(book__title="x").delete()


def delete_linked(tag: Tag):
    tag.delete()


def delete_profile(author: Author):
    author.profile.delete()


def delete_shelf(shelf: Shelf):
    shelf.delete()


def add(book: Book, tag: Tag):
    book.tags.add(tag)


def remove(book: Book, tag: Tag):
    book.tags.remove(tag)


def clear(book: Book):
    book.tags.clear()


def refresh(book: Book):
    book.refresh_from_db()


def locked():
    with transaction.atomic():
        counter = Counter.objects.select_for_update().get(name="Counter 0")
        counter.value += 1
        counter.save()


def delete_members():
    Member.objects.filter(card="x").delete()


def rename_genres():
    Genre.objects.filter(parent__name="x").update(name="y")


def users():
    return User.objects.filter(is_active=True).update(last_name="x")


def profiles():
    return Profile.objects.filter(author__active=False).update(bio="")


def shelve(shelf: Shelf, book: Book):
    shelf.books.add(book)
