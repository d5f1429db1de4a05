//! RT201: counts that one aggregate could give.

use crate::harness::{review, rewritten};

#[test]
fn ranges_of_their_own_stay_a_filter_of_all() {
    let counts = "def f(request, day, week):\n    return {\n        'day': Order.objects.filter(state='paid', created__gte=day).count(),\n        \
                  'week': Order.objects.filter(state='paid', created__gte=week).count(),\n    }\n";
    let after = rewritten(counts, "RT201").unwrap();
    let merged = "    counts = Order.objects.filter(state='paid').filter(\n        Q(created__gte=day)\n        | Q(created__gte=week)\n    ).aggregate(\n        \
                  day=Count('pk', filter=Q(created__gte=day)),\n        week=Count('pk', filter=Q(created__gte=week)),\n    )\n";
    assert!(after.contains(merged), "{after}");
    // One of all rows must not be narrowed by the others.
    let whole = counts.replacen(", created__gte=day", "", 1);
    let after = rewritten(&whole, "RT201").unwrap();
    assert!(after.contains("filter(state='paid').aggregate("), "{after}");
}

#[test]
fn two_merges_of_one_function_have_names_of_their_own() {
    let code = "def f(request, x):\n    a = Order.objects.filter(state='paid').count()\n    b = Order.objects.filter(state='open').count()\n    \
                c = x.orders.filter(state='paid').count()\n    d = x.orders.filter(state='open').count()\n    return a, b, c, d\n";
    let code = code.replace("(request, x)", "(request, x: Customer)");
    let names: Vec<String> = review(&code)
        .iter()
        .filter(|finding| finding.rule == "RT201")
        .filter_map(|finding| finding.rewrite.as_ref())
        .flat_map(|rewrite| &rewrite.edits)
        .filter_map(|edit| edit.text.split_once(" = ").map(|(name, _)| name.trim().to_owned()))
        .filter(|name| name.ends_with("counts") || name.starts_with("counts"))
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_ne!(names[0], names[1]);
}

#[test]
fn what_spares_little_is_a_hint() {
    let is_hint = |rule: &str, body: &str| {
        let found = review(body);
        let finding = found.iter().find(|finding| finding.rule == rule).unwrap_or_else(|| panic!("{found:?}"));
        finding.hint
    };
    let two = |model: &str| {
        format!("def f(request, x):\n    return {model}.objects.count(), {model}.objects.filter(pk__gt=x).count()\n")
    };
    assert!(!is_hint("RT201", &two("Order")));
    assert!(is_hint("RT201", &two("Customer")), "a list of names stays small");
    let three = two("Customer").replace(".count()\n", ".count(), Customer.objects.filter(pk__lt=x).count()\n");
    assert!(!is_hint("RT201", &three), "round trips are as many as for a large one");
    assert!(is_hint("RT201", &two("Order").replace("request, ", "")), "nobody waits for it");
    let page: String = (0..7).map(|at| format!("    print(Line.objects.get(pk={at}))\n")).collect();
    let part = two("Order").replace("):\n", &format!("):\n{page}"));
    assert!(is_hint("RT201", &part), "one round trip of nine");
    // An index may serve each of two, and none serves both at once.
    let each = "def f(request, x):\n    return Order.objects.filter(amount__gt=x).count(), Order.objects.filter(position=x).count()\n";
    assert!(is_hint("RT201", each));
    // All rows, those of somebody, those of one thing.
    assert!(!is_hint("RT202", "def f(x):\n    return len(Order.objects.filter(state=x))\n"));
    assert!(!is_hint("RT202", "def f(x):\n    return sum(o.amount for o in Order.objects.filter(customer=x))\n"));
    assert!(is_hint("RT202", "def f(x):\n    return sum(l.quantity for l in Line.objects.filter(order=x))\n"));
    let per_row = "def f(request):\n    for c in Customer.objects.all():\n        print(Order.objects.filter(customer=c).count())\n";
    assert!(!is_hint("RT205", per_row));
    let per_name =
        "def f(request, names):\n    for name in names:\n        print(Order.objects.filter(state=name).count())\n";
    assert!(is_hint("RT205", per_name));
    // A row was read: there is one at least.
    let greatest = "greatest = Order.objects.aggregate(n=Max('position'))['n']\n    return min(greatest, 3)\n";
    assert!(!is_hint("RT203", &format!("def f(x):\n    {greatest}")));
    assert!(is_hint(
        "RT203",
        &format!("def f(x):\n    order = Order.objects.get(pk=x)\n    print(order)\n    {greatest}")
    ));
}

#[test]
fn counts_that_a_paginator_or_a_loop_asks_for_are_no_aggregate() {
    let rules = |body: &str| -> Vec<String> { review(body).into_iter().map(|finding| finding.rule).collect() };
    let pages = "from django.core.paginator import Paginator\n\ndef f(request):\n    \
                 one = Paginator(Order.objects.filter(state='paid'), 9).page(1)\n    \
                 two = Paginator(Order.objects.filter(state='open'), 9).page(1)\n    return one, two\n";
    assert!(!rules(pages).contains(&"RT201".to_owned()), "{:?}", rules(pages));
    let per_row = "def f(request):\n    for customer in Customer.objects.all():\n        \
                   print(customer.orders.filter(state='paid').count(), customer.orders.filter(state='open').count())\n";
    assert!(!rules(per_row).contains(&"RT201".to_owned()), "an annotation gives them: {:?}", rules(per_row));
    let of_one = "def f(request, x: Customer):\n    \
                  return x.orders.filter(state='paid').count(), x.orders.filter(state='open').count()\n";
    assert!(rules(of_one).contains(&"RT201".to_owned()));
}
