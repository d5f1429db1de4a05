"""Rows for a run: N of what stands alone, two children for each parent."""

import datetime

from django.contrib.auth.models import User

from . import models as m

TABLES = [
    m.Contribution, m.Review, m.Loan, m.Note, m.Shelf, m.Magazine, m.Item, m.Book, m.Tag, m.Genre, m.Profile,
    m.Member, m.Author, m.Publisher, m.Country, m.Event, m.Counter, User,
]  # fmt: skip


def clear():
    for model in TABLES:
        model._base_manager.all().delete()


def fill(n):
    """N countries, publishers, authors, users, tags × 2; 2·N books, magazines and so on: two a parent."""
    day = datetime.date(2024, 1, 1)
    countries = [m.Country.objects.create(name=f"Country {i}", code=f"C{i}") for i in range(n)]
    publishers = [m.Publisher.objects.create(name=f"Publisher {i}", country=countries[i]) for i in range(n)]
    users = [User.objects.create(username=f"user{i}") for i in range(n)]
    members = [m.Member.objects.create(user=user, card=f"card{i}") for i, user in enumerate(users)]
    tags = [m.Tag.objects.create(name=f"Tag {i}") for i in range(2 * n)]
    genres = [m.Genre.objects.create(name=f"Genre {i}") for i in range(n)]
    for i, genre in enumerate(genres[1:]):
        genre.parent = genres[i]
        genre.save()
    authors = []
    for i in range(n):
        mentor = authors[-1] if authors else None
        country = countries[i]
        author = m.Author.objects.create(name=f"Author {i}", email=f"a{i}@example.com", country=country, mentor=mentor)
        m.Profile.objects.create(author=author, bio="…")
        authors.append(author)
    for i, author in enumerate(authors):
        author.following.set([authors[(i + 1) % n], authors[(i + 2) % n]])
        author.friends.add(authors[(i + 1) % n])
    for i in range(2 * n):
        book = m.Book.objects.create(
            title=f"Book {i}", author=authors[i // 2], publisher=publishers[i // 2], published=day, pages=100 + i
        )
        book.tags.set([tags[i], tags[(i + 1) % (2 * n)]])
        book.genres.set([genres[i % n], genres[(i + 1) % n]])
        for k in range(2):
            m.Review.objects.create(book=book, reviewer=users[(i + k) % n], rating=k + 3, text="…")
            m.Contribution.objects.create(book=book, author=authors[(i + k) % n], role="editor")
            m.Loan.objects.create(book=book, member=members[(i + k) % n], due=day, returned=None if k else day)
            m.Note.objects.create(content_object=book, text="…")
        m.Magazine.objects.create(title=f"Magazine {i}", year=2000 + i, issue=i, publisher=publishers[i // 2])
        m.Event.objects.create(name=f"Event {i}")
        m.Counter.objects.create(name=f"Counter {i}")
    for i in range(n):
        shelf = m.Shelf.objects.create(label=f"S{i}", floor=i % 2)
        shelf.books.set(m.Book.objects.order_by("pk")[2 * i : 2 * i + 2])
