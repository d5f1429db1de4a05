"""Prints each author's books."""

from django.core.management.base import BaseCommand

from library.models import Author


class Command(BaseCommand):
    def handle(self, *args, **options):
        for author in Author.objects.prefetch_related("books"):
            for book in author.books.all():
                self.stdout.write(f"{author.name}: {book.title} at {book.publisher.name}")
