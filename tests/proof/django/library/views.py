"""Views: functions and classes, with what they call."""

from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views import View
from django.views.generic import ListView

from .models import Author, Book, Review, Tag


def index(request):
    books = Book.objects.select_related("author").order_by("-published")[:10]
    return JsonResponse({"books": [{"title": book.title, "author": book.author.name} for book in books]})


def slow_index(request):
    rows = []
    for book in Book.objects.all():
        rows.append({"title": book.title, "tags": [tag.name for tag in book.tags.all()], "author": book.author.name})
    return JsonResponse({"books": rows})


def detail(request, book_pk):
    book = get_object_or_404(Book, pk=book_pk)
    reviews = book.reviews.select_related("reviewer")
    return JsonResponse({"title": book.title, "reviews": [review.reviewer.username for review in reviews]})


def author_page(request, author_pk):
    author = get_object_or_404(Author.objects.select_related("country"), pk=author_pk)
    data = {"name": author.name, "country": author.country.name, "books": author.book_count}
    data["titles"] = author.titles()
    return JsonResponse(data)


def search(request):
    books = Book.objects.all()
    if request.GET.get("title"):
        books = books.filter(title__icontains=request.GET["title"])
    return JsonResponse({"n": books.count(), "titles": [book.title for book in books]})


def paged(request):
    page = Paginator(Book.objects.order_by("title"), 5).get_page(1)  # turns: N=5
    return JsonResponse({"titles": [book.title for book in page]})


def rendered(request):
    return render(request, "library/books.html", {"books": Book.objects.all()})


class Dashboard(View):
    def get(self, request):
        counts = self.counts()
        newest = self.newest()
        return JsonResponse({"counts": counts, "newest": [book.author.name for book in newest]})

    def counts(self):
        return {"books": Book.objects.count(), "authors": Author.objects.count(), "tags": Tag.objects.count()}

    def newest(self):
        return Book.objects.order_by("-created")


class Reviews(View):
    queryset = Review.objects.select_related("book")

    def get(self, request):
        return HttpResponse(",".join(review.book.title for review in self.queryset.all()))


class Books(ListView):
    model = Book
    template_name = "library/books.html"

    def get_queryset(self):
        return super().get_queryset().select_related("author")
