//! RT203: aggregates of nothing, taken for numbers.

use crate::harness::{check, rewritten, rewritten_whole};

#[test]
fn a_number_that_may_be_none_is_flagged_where_it_is_used() {
    for body in [
        "def f(x):\n    total = Order.objects.filter(customer=x).aggregate(total=Sum('amount'))['total']\n    return total * 2  # RT203\n",
        "def f(x):\n    last = Order.objects.aggregate(Max('position'))['position__max']\n    return last + 1  # RT203\n",
        // The key is there, and its value is None.
        "def f(x):\n    return x.limit - Order.objects.filter(customer=x).aggregate(t=Sum('amount')).get('t', 0)  # RT203\n",
        "def f(x):\n    d = Order.objects.aggregate(a=Sum('amount'), n=Count('pk'))\n    if d['a'] > 100:  # RT203\n        return d['n']\n",
        "def f(x):\n    total = 0\n    for c in Customer.objects.all():\n        total += c.orders.aggregate(t=Sum('amount'))['t']  # RT203 RT205\n    return total\n",
        "def f(x):\n    return round(Order.objects.aggregate(a=Avg('amount'))['a'], 2)  # RT203\n",
        "def spent(x):\n    return Order.objects.filter(customer=x).aggregate(t=Sum('amount'))['t']\n\ndef f(x):\n    return x.limit - spent(x)  # RT203\n",
    ] {
        check(body);
    }
}

#[test]
fn what_is_asked_for_or_has_a_stand_in_is_silent() {
    let get = "total = Order.objects.filter(customer=x).aggregate(total=Sum('amount'))['total']";
    for body in [
        format!("{get} or 0\n    return total * 2\n"),
        format!("{get}\n    return (total or 0) * 2\n"),
        format!("{get}\n    return total * 2 if total else 0\n"),
        format!("{get}\n    return total * 2 if total is not None else 0\n"),
        format!("{get}\n    if total is None:\n        total = 0\n    return total * 2\n"),
        format!("{get}\n    if not total:\n        return 0\n    return total * 2\n"),
        format!("{get}\n    return total and total * 2\n"),
        format!("{get}\n    return total is not None and total > 2\n"),
        format!("{get}\n    try:\n        return total * 2\n    except TypeError:\n        return 0\n"),
        format!("{get}\n    return {{'total': total, 'text': '%s' % total}}\n"),
        "if not Order.objects.filter(customer=x).exists():\n        return 0\n    return 2 * Order.objects.aggregate(t=Sum('amount'))['t']\n".into(),
        "return 2 * Order.objects.aggregate(t=Sum('amount', default=0))['t']\n".into(),
        "return 2 * Order.objects.aggregate(t=Coalesce(Sum('amount'), Value(0)))['t']\n".into(),
        "return 2 * Order.objects.aggregate(n=Count('pk'))['n']\n".into(),
        // NULL in the database is no error.
        format!("{get}\n    Order.objects.update(amount=F('amount') + total)\n"),
    ] {
        check(&format!("def f(x):\n    {body}"));
    }
}

#[test]
fn zero_stands_for_nothing_where_the_column_is_a_number() {
    let sum = |field: &str| {
        format!("def f(x):\n    d = Order.objects.aggregate(t=Sum('{field}'))\n    return x.limit - d['t']\n")
    };
    assert_eq!(rewritten(&sum("amount"), "RT203"), Some(sum("amount").replace("'amount'", "'amount', default=0")));
    assert_eq!(rewritten(&sum("lines__price"), "RT203").map(|text| text.contains("default=0")), Some(true));
    // A duration is no number, and the argument is of Django 4.0.
    assert_eq!(rewritten(&sum("took"), "RT203"), None);
    assert_eq!(rewritten_whole(&sum("amount"), "RT203", "3.2"), None);
}
