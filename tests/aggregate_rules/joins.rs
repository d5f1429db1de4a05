//! RT204: aggregates over rows that joins have multiplied.

use crate::harness::{check, rewritten, rewritten_whole};

#[test]
fn two_relations_multiply_each_other() {
    check(
        "def f():
    orders = Order.objects.annotate(
        lines_count=Count('lines'),  # RT204
        notes_count=Count('notes'),
    )
    return list(orders)
",
    );
    check("def f():\n    return Order.objects.aggregate(lines=Count('lines'), total=Sum('amount'))  # RT204\n");
    // Step by step, through F, a condition, an expression of several columns, and another annotation.
    check("def f():\n    return list(Order.objects.annotate(a=Count('tags')).annotate(b=Count('lines')))  # RT204\n");
    check(
        "def f():\n    return list(Order.objects.annotate(a=Sum(F('lines__price') * F('lines__quantity')), b=Count('notes')))  # RT204\n",
    );
    check(
        "def f():\n    return list(Order.objects.annotate(a=Count('lines', filter=Q(notes__text__contains=''))))  # RT204\n",
    );
    // A mean stays where all rows repeat alike, and not where each of them repeats as often as it has rows of its own.
    check(
        "def f():\n    return list(Customer.objects.annotate(a=Avg('orders__amount'), b=Count('orders__lines')))  # RT204\n",
    );
    check(
        "def f():\n    return Customer.objects.aggregate(a=Avg('orders__amount'), b=Count('memberships', distinct=True))  # RT204\n",
    );
    // A sum of distinct values is another wrong number.
    check(
        "def f():\n    return list(Order.objects.annotate(a=Sum('lines__price', distinct=True), b=Count('notes', distinct=True)))  # RT204\n",
    );
}

#[test]
fn a_filter_multiplies_as_well() {
    check("def f(x):\n    return list(Order.objects.filter(tags__in=x).annotate(n=Count('lines')))  # RT204\n");
    check(
        "def f(x):\n    return list(Customer.objects.filter(orders__state='open').annotate(n=Count('memberships')))  # RT204\n",
    );
    // Behind the annotation it is a join of its own.
    check(
        "def f(x):\n    return list(Customer.objects.annotate(n=Count('orders')).filter(orders__amount__gt=x))  # RT204\n",
    );
    check("def f(x):\n    return Order.objects.filter(lines__price__gt=x).aggregate(n=Sum('amount'))  # RT204\n");
}

#[test]
fn what_multiplies_nothing_is_silent() {
    for chain in [
        "Order.objects.annotate(a=Count('lines'))",
        "Order.objects.annotate(a=Count('lines', distinct=True), b=Count('notes', distinct=True))",
        "Order.objects.annotate(a=Min('lines__price'), b=Max('notes__id'))",
        "Order.objects.annotate(a=Avg('lines__price'), b=Max('notes__id'))",
        "Order.objects.annotate(a=Count('lines'), b=Sum('lines__price'))",
        // The join table is one, by either name.
        "Customer.objects.annotate(a=Count('memberships'), b=Count('groups'))",
        // To one row only.
        "Line.objects.annotate(a=Count('order__notes')).select_related('order')",
        // The condition is on the number.
        "Order.objects.annotate(Count('lines')).filter(lines__count__gt=1)",
        // A statement of its own, and one that is negated.
        "Order.objects.annotate(a=Subquery(Line.objects.filter(order=OuterRef('pk')).values('order').annotate(n=Count('pk')).values('n')), b=Count('notes'))",
        "Order.objects.annotate(a=Exists(Line.objects.filter(order=OuterRef('pk'))), b=Count('notes'))",
        "Order.objects.exclude(lines__price__gt=x).annotate(b=Count('notes'))",
        // One row of the relation at most, or the same join.
        "Order.objects.filter(tags=x).annotate(b=Count('notes'))",
        "Order.objects.filter(tags__slug=x).annotate(b=Count('notes'))",
        "Order.objects.filter(tags__name=x).annotate(b=Count('notes'))",
        "Order.objects.filter(lines__price__gt=x).annotate(b=Count('lines'))",
        // A group for each of the joined values.
        "Order.objects.values('tags__name').annotate(n=Count('lines'))",
        "Order.objects.annotate(n=Count('pk', filter=Q(tags__slug=x)))",
        // Where there must be no row, none is repeated; a condition's rows are counted on purpose.
        "Order.objects.annotate(n=Count('pk', filter=Q(notes__isnull=True)))",
        "Order.objects.annotate(n=Count(Value(1), filter=Q(lines__price__gt=x)))",
        "Customer.objects.filter(limit__gt=x).annotate(n=Count('orders', filter=Q(orders__state='open')))",
    ] {
        check(&format!("def f(x):\n    return list({chain})\n"));
    }
    // What is not known is not claimed.
    check(
        "def f(x, way):\n    return list(Order.objects.filter(lines__price__gt=x).annotate(n=Sum(f'{way}__price')))\n",
    );
    check("def f(x, extra):\n    return list(Order.objects.annotate(a=Count('lines'), **extra))\n");
    check(
        "def f():\n    return Order.objects.annotate(n=Count('lines')).aggregate(most=Max('n'), total=Sum('amount'))\n",
    );
}

#[test]
fn counts_become_distinct_and_sums_get_a_subquery() {
    let counts = "def f():\n    return list(Order.objects.annotate(a=Count('lines'), b=Count('notes', filter=Q(notes__text=''),)))\n";
    let after = counts.replace("'lines')", "'lines', distinct=True)").replace("''),)", "''), distinct=True)");
    assert_eq!(rewritten(counts, "RT204"), Some(after));
    let mixed = "def f():\n    return list(Order.objects.annotate(total=Sum('lines__price'), n=Count('notes')))\n";
    let after = rewritten_whole(mixed, "RT204", "5.2").unwrap();
    assert!(
        after.contains(
            "total=Subquery(Line.objects.filter(order=OuterRef('pk')).order_by().values('order').annotate(total=Sum('price')).values('total')), n=Count('notes'))"
        ),
        "{after}"
    );
    // To count authors is not to count rows, and a sum with a condition is not understood.
    let others = "def f():\n    return list(Order.objects.annotate(a=Count('lines__quantity'), b=Count('notes')))\n";
    assert_eq!(rewritten(others, "RT204"), None);
}
