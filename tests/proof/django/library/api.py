"""Serializers and viewsets of DRF."""

from rest_framework import serializers, viewsets

from .models import Author, Book, Review


class ReviewSerializer(serializers.ModelSerializer):
    class Meta:
        model = Review
        fields = ["rating", "text"]


class BookSerializer(serializers.ModelSerializer):
    author_name = serializers.CharField(source="author.name")
    reviews = ReviewSerializer(many=True)

    class Meta:
        model = Book
        fields = ["title", "author_name", "reviews"]


class AuthorSerializer(serializers.ModelSerializer):
    book_total = serializers.SerializerMethodField()

    class Meta:
        model = Author
        fields = ["name", "book_total"]

    def get_book_total(self, author):
        return author.books.count()


class BookViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Book.objects.select_related("author").prefetch_related("reviews")
    serializer_class = BookSerializer


class AuthorViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Author.objects.all()
    serializer_class = AuthorSerializer


def books_data():
    return BookSerializer(Book.objects.all(), many=True).data


def authors_data():
    return AuthorSerializer(Author.objects.all(), many=True).data
