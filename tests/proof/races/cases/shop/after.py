"""What stands for the code of before.py that no rewrite is made of."""

from django.db import transaction

from shop.models import Account, Item, Sale, Tag


def rt504_label(name):
    """With the unique constraint that was missing."""
    Tag.objects.get_or_create(name=name)


def rt505(pk):
    with transaction.atomic():
        if Item.objects.filter(pk=pk, state="open").update(state="sold"):
            Sale.objects.create(item_id=pk)


def rt513(giver, taker):
    with transaction.atomic():
        both = {row.pk: row for row in Account.objects.select_for_update().filter(pk__in=[giver, taker]).order_by("pk")}
        both[giver].balance -= 1
        both[taker].balance += 1
        both[giver].save()
        both[taker].save()
