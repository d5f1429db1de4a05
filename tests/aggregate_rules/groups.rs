//! RT205 and RT206: one number after the other, for each key or period.

use crate::harness::{check, rewritten};

#[test]
fn a_number_for_each_key_is_flagged() {
    for line in [
        "Order.objects.filter(customer=c).count()",
        "Order.objects.filter(customer_id=c.pk, state='open').count()",
        "Order.objects.filter(customer=c, created__gt=x).aggregate(n=Sum('amount', default=0))",
        "c.orders.aggregate(n=Sum('amount', default=0))",
        "c.orders.filter(state='open').aggregate(n=Max('amount'))",
    ] {
        check(&format!("def f(x):\n    return [{line} for c in Customer.objects.all()]  # RT205\n"));
    }
    check("def f(names):\n    return {name: Tag.objects.filter(name=name).count() for name in names}  # RT205\n");
    check(
        "def f(x, names):\n    orders = Order.objects.filter(customer=x)\n    for name in names:\n        print(orders.filter(tags__name=name).count())  # RT205\n",
    );
}

#[test]
fn what_depends_on_no_key_of_a_loop_is_silent() {
    for body in [
        "for c in Customer.objects.all():\n        print(Order.objects.filter(customer=x).count())\n",
        "for state in ('open', 'paid'):\n        print(Order.objects.filter(state=state).count())\n",
        "for c in Customer.objects.prefetch_related('orders'):\n        print(c.orders.count())\n",
        "known = {}\n    for name in x:\n        if name not in known:\n            known[name] = Tag.objects.filter(name=name).count()\n",
        "for c in Customer.objects.all():\n        if Order.objects.filter(customer=c).count() == 0:\n            print(c)\n",
        "return Order.objects.values('customer').annotate(n=Count('pk'))\n",
    ] {
        check(&format!("def f(x):\n    {body}"));
    }
}

#[test]
fn the_rows_of_the_loop_bring_the_number_along() {
    let before = "def f():\n    for c in Customer.objects.filter(limit__gt=0):\n        print(c.name, Order.objects.filter(customer_id=c.pk, state=\"open\").count())\n";
    let after = "def f():\n    for c in Customer.objects.filter(limit__gt=0).annotate(orders_count=Count(\"orders\", filter=Q(orders__state=\"open\"), distinct=True)):\n        print(c.name, c.orders_count)\n";
    assert_eq!(rewritten(before, "RT205").as_deref(), Some(after));
    // A value of the function's own cannot stand where the rows may be built, and keys that are no rows have none.
    let other = "def f(x):\n    for c in Customer.objects.all():\n        print(Order.objects.filter(customer=c, created__gt=x).count())\n";
    assert_eq!(rewritten(other, "RT205"), None);
    let names = "def f(names):\n    return {name: Tag.objects.filter(name=name).count() for name in names}\n";
    assert_eq!(rewritten(names, "RT205"), None);
}

const NUMBERS: &str = "def numbers(start, end):
    orders = Order.objects.filter(created__gte=start, created__lt=end).count()
    return orders, Note.objects.filter(order__created__gte=start, order__created__lt=end).count()


";

#[test]
fn the_same_numbers_for_another_period_are_flagged() {
    check(&format!(
        "{NUMBERS}def f(a, b, c):\n    before = numbers(a, b)\n    return before, numbers(b, c)  # RT206\n"
    ));
    for silent in [
        // One period, the same one again, and a loop, whose turns are counted elsewhere.
        "def f(a, b, c):\n    return numbers(a, b)\n",
        "def f(a, b, c):\n    return numbers(a, b), numbers(a, b)\n",
    ] {
        check(&format!("{NUMBERS}{silent}"));
    }
    // Other customers are no other period.
    let by_customer =
        NUMBERS.replace("start, end", "start, end, x").replace("filter(created", "filter(customer=x, created");
    check(&format!("{by_customer}def f(a, b, x, y):\n    return numbers(a, b, x), numbers(b, a, y)\n"));
    let one =
        "def number(start, end):\n    return Order.objects.filter(created__gte=start, created__lt=end).count()\n\n\n";
    check(&format!("{one}def f(a, b, c):\n    return number(a, b), number(b, c)\n"));
}

#[test]
fn several_numbers_of_one_table_for_the_same_keys_are_one_matter() {
    check(
        "def f(x, y):\n    for c in Customer.objects.all():\n        orders = Order.objects.filter(customer=c, created__gt=x)\n        \
         print(orders.aggregate(n=Sum('amount')))  # RT205\n        print(orders.filter(created__gt=y).aggregate(n=Sum('amount')))\n        \
         print(Note.objects.filter(order__customer=c).aggregate(n=Count('pk')))  # RT205\n",
    );
}
