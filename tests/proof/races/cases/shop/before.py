"""Code that loses what two do at once. The command rewrites a copy of this file; what it leaves to people is after.py."""

import time

from django.core.cache import cache
from django.db import transaction
from jobs import index

from shop.models import Account, Item, Label, Sale, Tag


def rt501(key):
    attempts = cache.get(key, 0)
    cache.set(key, attempts + 1, 900)


def rt502(pk):
    item = Item.objects.get(pk=pk)
    item.sold += 1
    item.save()


def rt503(pk):
    item = Item.objects.get(pk=pk)
    time.sleep(0.001)
    item.state = "seen"
    item.save()


def rt504(name):
    try:
        tag = Tag.objects.get(name=name)
    except Tag.DoesNotExist:
        tag = Tag.objects.create(name=name)
    return tag


def rt504_label(name):
    if not Label.objects.filter(name=name).exists():
        Label.objects.create(name=name)


def rt505(pk):
    item = Item.objects.get(pk=pk)
    if item.state == "open":
        item.state = "sold"
        item.save()
        Sale.objects.create(item=item)


def rt509():
    with transaction.atomic():
        item = Item.objects.create()
        index.delay(item.pk)
        Sale.objects.create(item=item)


def rt513(giver, taker):
    with transaction.atomic():
        giving = Account.objects.select_for_update().get(pk=giver)
        taking = Account.objects.select_for_update().get(pk=taker)
        giving.balance -= 1
        taking.balance += 1
        giving.save()
        taking.save()


def rt513_set(keys):
    with transaction.atomic():
        for account in Account.objects.select_for_update().filter(pk__in=keys):
            account.balance += 1
            account.save()
