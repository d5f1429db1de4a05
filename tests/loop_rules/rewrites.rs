//! What the rewrites make, and what they must not.

use crate::harness::rewritten;

fn becomes(before: &str, rule: &str, after: &str) {
    assert_eq!(rewritten(before, rule).as_deref(), Some(after), "{rule}\n{before}");
}

#[test]
fn relations_are_loaded_where_the_rows_are_fetched() {
    becomes(
        "\ndef open_topics():\n    return (\n        Topic.objects\n        .filter(state='open')\n        .select_related('forum')\n    )\n\ndef view(request):\n    return [t.pin.place for t in open_topics()]\n",
        "RT103",
        "\ndef open_topics():\n    return (\n        Topic.objects\n        .filter(state='open')\n        .select_related('forum', 'pin')\n    )\n\ndef view(request):\n    return [t.pin.place for t in open_topics()]\n",
    );
    becomes(
        "\ndef view(request):\n    return [str(n.subject) for n in Note.objects.filter(text=\"x\")]\n",
        "RT103",
        "\ndef view(request):\n    return [str(n.subject) for n in Note.objects.filter(text=\"x\").prefetch_related(\"subject\")]\n",
    );
}

#[test]
fn keys_are_read_from_the_row() {
    becomes(
        "\ndef view(request):\n    return [t.forum.id for t in Topic.objects.all()]\n",
        "RT104",
        "\ndef view(request):\n    return [t.forum_id for t in Topic.objects.all()]\n",
    );
}

#[test]
fn counts_are_annotated_once_for_all_their_places() {
    becomes(
        "\ndef view(request):\n    for t in Topic.objects.filter(state=\"open\").order_by(\"pk\"):\n        print(t.posts.count(), t.title)\n        if t.posts.all().count() > 3:\n            print(t.state)\n",
        "RT109",
        "from django.db.models import Count\n\ndef view(request):\n    for t in Topic.objects.filter(state=\"open\").annotate(posts_count=Count(\"posts\", distinct=True)).order_by(\"pk\"):\n        print(t.posts_count, t.title)\n        if t.posts_count > 3:\n            print(t.state)\n",
    );
}

#[test]
fn no_count_is_annotated_where_joins_would_multiply() {
    for code in [
        // Beside another aggregate.
        "\nfrom django.db.models import Sum\n\ndef view(request):\n    for t in Topic.objects.annotate(n=Sum(\"tags__pk\")):\n        print(t.posts.count(), t.n)\n",
        // Counted among the rows of a filter over the same relation.
        "\ndef view(request):\n    for t in Topic.objects.filter(posts__is_public=True):\n        print(t.posts.count())\n",
        // Two relations.
        "\ndef view(request):\n    for t in Topic.objects.all():\n        print(t.posts.count(), t.tags.count())\n",
        // Grouped rows cannot be locked.
        "\ndef view(request):\n    for t in Topic.objects.select_for_update():\n        print(t.posts.count())\n",
        // Some of the rows.
        "\ndef view(request):\n    for t in Topic.objects.all():\n        print(t.posts.filter(is_public=True).count())\n",
    ] {
        assert_eq!(rewritten(code, "RT109"), None, "{code}");
    }
}

#[test]
fn columns_are_added_to_only_and_never_an_only_to_a_join() {
    becomes(
        "\ndef view(request):\n    rows = Topic.objects.only(\"title\", \"views\")\n    return [(t.title, t.state, t.summary) for t in rows]\n",
        "RT110",
        "\ndef view(request):\n    rows = Topic.objects.only(\"title\", \"views\", \"state\", \"summary\")\n    return [(t.title, t.state, t.summary) for t in rows]\n",
    );
    becomes(
        "\ndef view(request):\n    return Topic.objects.only('title').select_related('forum').first()\n",
        "RT305",
        "\ndef view(request):\n    return Topic.objects.only('title', 'forum').select_related('forum').first()\n",
    );
    let joined = "\ndef view(request):\n    return [t.title for t in Topic.objects.select_related(\"forum\")]\n";
    assert_eq!(rewritten(joined, "RT303"), None);
}

#[test]
fn a_test_keeps_its_sense() {
    for (before, after) in [
        ("if not Topic.objects.count():", "if not Topic.objects.exists():"),
        ("if Topic.objects.filter(state=\"x\").count() < 1:", "if not Topic.objects.filter(state=\"x\").exists():"),
        ("if request and Topic.objects.count() == 0:", "if request and not Topic.objects.exists():"),
        ("if not len(Topic.objects.all()) == 0:", "if not not Topic.objects.all().exists():"),
    ] {
        let code = |test: &str| format!("\ndef view(request):\n    {test}\n        return 1\n");
        becomes(&code(before), "RT301", &code(after));
    }
}

#[test]
fn no_count_comes_before_a_query_that_runs_anyway() {
    becomes(
        "\ndef view(request):\n    topics = Topic.objects.filter(state=\"open\")\n    if topics.count() == 0:\n        return None\n    return [(t.title, t.state, t.views) for t in topics]\n",
        "RT302",
        "\ndef view(request):\n    topics = Topic.objects.filter(state=\"open\")\n    if not topics:\n        return None\n    return [(t.title, t.state, t.views) for t in topics]\n",
    );
    becomes(
        "\ndef view(request):\n    topics = Topic.objects.filter(state=\"open\")\n    total = topics.count()\n    return total, [(t.title, t.state, t.views) for t in topics]\n",
        "RT302",
        "\ndef view(request):\n    topics = Topic.objects.filter(state=\"open\")\n    total = len(topics)\n    return total, [(t.title, t.state, t.views) for t in topics]\n",
    );
}
