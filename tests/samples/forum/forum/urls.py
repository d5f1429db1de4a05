from django.urls import path

from . import views

urlpatterns = [
    path("", views.front_page),
    path("moderation/", views.moderation),
    path("t/<str:reference>/", views.by_reference),
    path("<slug:slug>/", views.forum_page),
]
