"""What the cases write."""

from django.db import models


class Item(models.Model):
    sold = models.IntegerField(default=0)
    state = models.CharField(max_length=10, default="open")


class Sale(models.Model):
    item = models.ForeignKey(Item, on_delete=models.CASCADE)


class Tag(models.Model):
    name = models.CharField(max_length=20, unique=True)


class Label(models.Model):
    """A tag that no constraint holds."""

    name = models.CharField(max_length=20)


class Account(models.Model):
    balance = models.IntegerField(default=0)
