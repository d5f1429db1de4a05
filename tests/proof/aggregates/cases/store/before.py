"""Numbers as they are often asked for; the comment says which rule must write them anew."""

from django.db.models import Count, Max, Sum
from store.models import Customer, Order


def states(customer):  # RT201
    total = Order.objects.filter(customer=customer).count()
    paid = Order.objects.filter(customer=customer, is_paid=True).count()
    open_ones = Order.objects.filter(customer=customer, state="open", is_paid=False).count()
    others = Order.objects.filter(customer=customer).exclude(state="open").count()
    return total, paid, open_ones, others


def ranges(customer):  # RT201
    large = Order.objects.filter(customer=customer, amount__gte=6).count()
    due = Order.objects.filter(customer=customer, amount__gte=2, state="open").count()
    below = Order.objects.filter(customer=customer, amount__lt=0).count()
    return large, due, below


def spent(customer):  # RT202
    return sum(order.amount for order in Order.objects.filter(customer=customer))


def added_up(customer):  # RT202
    total = 0
    for order in Order.objects.filter(customer=customer):
        total += order.amount
    return total


def number(customer):  # RT202
    return len(Order.objects.filter(customer=customer))


def doubled(customer):  # RT203
    return 2 * Order.objects.filter(customer=customer).aggregate(total=Sum("amount"))["total"]


def counts(customer):  # RT204
    orders = Order.objects.filter(customer=customer).annotate(lines_count=Count("lines"), tags_count=Count("tags"))
    return sorted((order.pk, order.lines_count, order.tags_count) for order in orders)


def sums(customer):  # RT204
    orders = Order.objects.filter(customer=customer).annotate(
        total=Sum("lines__price"), notes_count=Count("notes"), most=Max("lines__price")
    )
    return sorted((order.pk, order.total or 0, order.notes_count, order.most or 0) for order in orders)


def by_customer(_):  # RT205
    out = []
    for customer in Customer.objects.order_by("pk"):
        out.append((customer.name, Order.objects.filter(customer=customer, is_paid=True).count()))
    return out
