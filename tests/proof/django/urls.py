from django.contrib import admin
from django.urls import path
from library import api, views
from rest_framework.routers import DefaultRouter

router = DefaultRouter()
router.register("books", api.BookViewSet)
router.register("authors", api.AuthorViewSet)

urlpatterns = [
    path("", views.index),
    path("slow/", views.slow_index),
    path("dashboard/", views.Dashboard.as_view()),
    path("books/", views.Books.as_view()),
    path("admin/", admin.site.urls),
    *router.urls,
]
