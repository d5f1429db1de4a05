//! RT202: rows that are fetched for one number.

use crate::harness::{check, rewritten, rewritten_whole};

#[test]
fn rows_that_make_one_number_are_flagged() {
    for expression in [
        "sum(o.amount for o in Order.objects.filter(customer=x))",
        "sum([o.position for o in Order.objects.all()])",
        "max(o.created for o in Customer.objects.get(pk=x).orders.all())",
        "min(Order.objects.values_list('amount', flat=True))",
        "sum(Order.objects.filter(customer=x).values_list('amount', flat=True))",
        "sum(p for p in Line.objects.values_list('quantity', flat=True))",
        "len(Order.objects.filter(customer=x))",
    ] {
        check(&format!("def f(x):\n    return {expression}  # RT202\n"));
    }
    check(
        "def f(x):\n    total = 0\n    for o in Order.objects.filter(customer=x):  # RT202\n        total += o.amount\n    return total\n",
    );
    check("def f(x):\n    found = Order.objects.filter(customer=x)\n    return len(found)  # RT202\n");
}

#[test]
fn rows_that_are_there_anyway_are_silent() {
    for body in [
        "orders = Order.objects.filter(customer=x)\n    return list(orders), sum(o.amount for o in orders)\n",
        "orders = Order.objects.filter(customer=x)\n    n = len(orders)\n    return n, [o.pk for o in orders]\n",
        "orders = list(Order.objects.filter(customer=x))\n    return sum(o.amount for o in orders)\n",
        "c = Customer.objects.prefetch_related('orders').get(pk=x)\n    return sum(o.amount for o in c.orders.all())\n",
        // What the loop looks at besides, or another value than a column's.
        "return sum(o.amount for o in Order.objects.all() if o.tags)\n",
        "return sum(o.amount for o in Order.objects.all() if x)\n",
        "return sum(o.amount * 2 for o in Order.objects.all())\n",
        "return sum(o.amount for o in Order.objects.all()[:10])\n",
        "return max(o.state for o in Order.objects.all())\n",
        "return max((o.amount for o in Order.objects.all()), default=0)\n",
        "total = 0\n    for o in Order.objects.all():\n        total += o.amount\n        print(o.pk)\n    return total\n",
        // A lock is taken on purpose, and a test asks something else.
        "return len(Order.objects.select_for_update())\n",
        "return sum(x), len(x), max(x, 3)\n",
    ] {
        check(&format!("def f(x):\n    {body}"));
    }
}

#[test]
fn the_database_computes_it() {
    let after = |expression: &str, django: &str| {
        let body = format!("def f(x):\n    return {expression}\n");
        let text = rewritten_whole(&body, "RT202", django).unwrap();
        text.rsplit_once("return ").unwrap().1.trim_end().to_owned()
    };
    assert_eq!(
        after("sum(o.amount for o in Order.objects.filter(customer=x))", "5.2"),
        "Order.objects.filter(customer=x).aggregate(total=Sum(\"amount\", default=0))[\"total\"]"
    );
    assert_eq!(
        after("sum(Order.objects.values_list('amount', flat=True))", "3.2"),
        "(Order.objects.aggregate(total=Sum('amount'))['total'] or 0)"
    );
    assert_eq!(
        after("max(o.created for o in Customer.objects.get(pk=x).orders.all())", "5.2"),
        "Customer.objects.get(pk=x).orders.all().aggregate(greatest=Max(\"created\"))[\"greatest\"]"
    );
    assert_eq!(after("len(Order.objects.filter(customer=x))", "5.2"), "Order.objects.filter(customer=x).count()");
    let lines = "def f(x):\n    total = 0\n    for o in Order.objects.filter(customer=x):\n        total += o.amount\n    return total\n";
    assert_eq!(
        rewritten(lines, "RT202").unwrap(),
        "def f(x):\n    total = 0\n    total += Order.objects.filter(customer=x).aggregate(total=Sum(\"amount\", default=0))[\"total\"]\n    return total\n"
    );
}

#[test]
fn the_same_in_one_function_is_one_matter_and_one_edit() {
    let code = "def f(x, y):\n    old = Order.objects.filter(created__lt=x)\n    new = Order.objects.filter(created__gt=y)\n    \
                return {'old': len(old), 'new': len(new)}  # RT202\n";
    check(code);
    let after = rewritten(code, "RT202").unwrap();
    assert!(after.contains("'old': old.count(), 'new': new.count()"), "{after}");
    // Of another table, or another number, it is another matter.
    check(
        "def f(x):\n    n = len(Order.objects.filter(state=x))  # RT202\n    return n, len(Note.objects.filter(text=x))  # RT202\n",
    );
}
