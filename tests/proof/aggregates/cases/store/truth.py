"""The same numbers, computed from the rows themselves."""

from store.models import Customer, Order


def of(customer):
    return [order for order in Order.objects.prefetch_related("lines", "notes", "tags") if order.customer == customer]


def states(customer):
    orders = of(customer)
    is_open = [order.state == "open" for order in orders]
    paid = [order.is_paid for order in orders]
    return len(orders), sum(paid), sum(o and not p for o, p in zip(is_open, paid)), len(orders) - sum(is_open)


def ranges(customer):
    orders = of(customer)
    due = [order for order in orders if order.amount >= 2 and order.state == "open"]
    return sum(order.amount >= 6 for order in orders), len(due), sum(order.amount < 0 for order in orders)


def spent(customer):
    return sum([order.amount for order in of(customer)])


added_up = spent


def number(customer):
    return len(of(customer))


def doubled(customer):
    return 2 * spent(customer)


def counts(customer):
    return sorted((order.pk, len(order.lines.all()), len(order.tags.all())) for order in of(customer))


def sums(customer):
    prices = {order.pk: [line.price for line in order.lines.all()] for order in of(customer)}
    return sorted(
        (order.pk, sum(prices[order.pk]), len(order.notes.all()), max(prices[order.pk], default=0)) for order in of(customer)
    )


def by_customer(_):
    paid = [order for order in Order.objects.all() if order.is_paid]
    return [
        (customer.name, len([order for order in paid if order.customer_id == customer.pk]))
        for customer in Customer.objects.order_by("pk")
    ]
