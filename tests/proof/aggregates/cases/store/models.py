"""Customers with orders, orders with lines, notes and tags."""

from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=20)


class Tag(models.Model):
    name = models.CharField(max_length=20)


class Order(models.Model):
    customer = models.ForeignKey(Customer, null=True, on_delete=models.CASCADE, related_name="orders")
    state = models.CharField(max_length=10)
    is_paid = models.BooleanField()
    amount = models.IntegerField()
    tags = models.ManyToManyField(Tag)


class Line(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    price = models.IntegerField()


class Note(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="notes")
