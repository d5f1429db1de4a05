"""A depot whose events are looked up in every way that a rule about indexes knows."""

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Tenant(models.Model):
    name = models.CharField(max_length=40)


class Event(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    code = models.CharField(max_length=40)
    email = models.EmailField()
    title = models.CharField(max_length=120)
    body = models.TextField()
    state = models.CharField(max_length=10, choices=[("open", "Open"), ("done", "Done"), ("failed", "Failed")])
    is_dirty = models.BooleanField(default=False)
    is_hidden = models.BooleanField(default=False, db_index=True)
    data = models.JSONField()
    labels = ArrayField(models.CharField(max_length=12))
    number = models.IntegerField()
    created = models.DateTimeField()
    due = models.DateTimeField()
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    subject = GenericForeignKey("content_type", "object_id")

    class Meta:
        ordering = ["-created"]
        indexes = [
            models.Index(fields=["number"], name="event_number_idx"),
            models.Index(fields=["number", "object_id"], name="event_number_object_idx"),
        ]
