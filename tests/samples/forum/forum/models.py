from django.conf import settings
from django.db import models


class Forum(models.Model):
    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)

    def __str__(self):
        return self.name


class Topic(models.Model):
    class Status(models.TextChoices):
        OPEN = "open", "open"
        CLOSED = "closed", "closed"
        HIDDEN = "hidden", "hidden"

    forum = models.ForeignKey(Forum, related_name="topics", on_delete=models.CASCADE)
    poster = models.ForeignKey(settings.AUTH_USER_MODEL, related_name="topics", on_delete=models.CASCADE)
    subject = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    reference = models.CharField(max_length=24, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    def last_post(self):
        return self.posts.order_by("-written").first()

    @property
    def heading(self):
        return f"{self.forum.name}: {self.subject}"


class Post(models.Model):
    topic = models.ForeignKey(Topic, related_name="posts", on_delete=models.CASCADE)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, related_name="posts", on_delete=models.CASCADE)
    text = models.TextField()
    written = models.DateTimeField(auto_now_add=True)
