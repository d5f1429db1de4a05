//! RT502

use crate::harness::{advice_only, becomes, check, check_files, named, silent, unsure};

#[test]
fn sums_made_in_python_are_flagged_where_they_are_stored() {
    check(
        "
def sell(request, pk):
    item = Item.objects.get(pk=pk)
    item.sold = item.sold + 1
    item.stock -= int(request.POST['n'])
    item.title = 'x'
    item.save()  # RT502
",
    );
    check(
        "
def grow(item, by):
    item.sold += by
    item.save(update_fields=['sold'])  # RT502

def sell(request, pk):
    grow(Item.objects.get(pk=pk), 1)
",
    );
    check(
        "
def sell(request, pk):
    item = Item.objects.filter(pk=pk).first()
    Item.objects.filter(pk=pk).update(sold=item.sold + 1)  # RT502
",
    );
    // Stored by the model's own save().
    check(
        "
def bump(request, pk):
    loud = Loud.objects.get(pk=pk)
    loud.count += 1
    loud.save()  # RT502
",
    );
}

#[test]
fn counts_that_lose_nothing_stay_silent() {
    silent(
        "
from django.db import transaction
from django.db.models import F

def add(request, pk):
    item = Item.objects.get(pk=pk)
    item.sold = F('sold') + 1
    item.save(update_fields=['sold'])

def locked(request, pk):
    with transaction.atomic():
        item = Item.objects.select_for_update().get(pk=pk)
        item.sold += 1
        item.save()

def parent_locked(request, pk):
    with transaction.atomic():
        shop = Shop.objects.select_for_update().get(pk=pk)
        item = shop.items.get(title='x')
        item.sold += 1
        item.save()

def new(request):
    item = Item(title='x')
    item.sold += 1
    item.save()

def made(request, shop_id):
    item, created = Item.objects.get_or_create(shop_id=shop_id, title='x')
    if created:
        item.sold += 1
        item.save()

def swapped(request, pk):
    item = Item.objects.get(pk=pk)
    return Item.objects.filter(pk=pk, sold=item.sold).update(sold=item.sold + 1)

def unsaved(request, pk):
    item = Item.objects.get(pk=pk)
    item.sold += 1
    return item.sold

def another_column(request, pk):
    item = Item.objects.get(pk=pk)
    item.sold += 1
    item.title = 'x'
    item.save(update_fields=['title'])

def under_a_lock(request, pk, stock_lock):
    with stock_lock:
        item = Item.objects.get(pk=pk)
        item.sold += 1
        item.save()
",
    );
}

#[test]
fn a_caller_that_locks_speaks_for_its_helper() {
    silent(
        "
from django.db import transaction

def _grow(item):
    item.sold += 1
    item.save()

@transaction.atomic
def sell(request, pk):
    _grow(Item.objects.select_for_update().get(pk=pk))
",
    );
    // One caller that does not is enough.
    check(
        "
from django.db import transaction

def _grow(item):
    item.sold += 1
    item.save()  # RT502

@transaction.atomic
def sell(request, pk):
    _grow(Item.objects.select_for_update().get(pk=pk))

def give(request, pk):
    _grow(Item.objects.get(pk=pk))
",
    );
    // The transaction of the request holds the lock.
    let mut files = named(
        "shop/views.py",
        "
def sell(request, pk):
    item = Item.objects.select_for_update().get(pk=pk)
    item.sold += 1
    item.save()
",
    );
    files.insert(
        "shop/settings.py".to_owned(),
        "INSTALLED_APPS = ['shop']\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'ATOMIC_REQUESTS': True}}\n"
            .to_owned(),
    );
    check_files(&files);
}

#[test]
fn tests_and_migrations_are_no_concern_and_commands_a_doubt() {
    let code = "
def sell(pk):
    item = Item.objects.get(pk=pk)
    item.sold += 1
    item.save()
";
    for path in ["shop/tests/test_sell.py", "shop/migrations/0002_sell.py"] {
        check_files(&named(path, code));
    }
    unsure(
        "
from django.core.management.base import BaseCommand

class Command(BaseCommand):
    def handle(self, *args, **options):
        item = Item.objects.get(pk=1)
        item.sold += 1
        item.save()
",
    );
}

#[test]
fn the_database_adds() {
    becomes(
        "
def sell(request, pk, n):
    item = Item.objects.get(pk=pk)
    item.stock -= n + 1
    item.save()
    return item.stock
",
        "RT502",
        "from django.db.models import F

def sell(request, pk, n):
    item = Item.objects.get(pk=pk)
    Item.objects.filter(pk=item.pk).update(stock=F(\"stock\") - (n + 1))
    item.refresh_from_db(fields=[\"stock\"])
    return item.stock
",
    );
}

#[test]
fn no_sum_is_rewritten_that_is_more_than_a_sum() {
    for code in [
        // The model's save() would not run.
        "\ndef f(request, pk):\n    loud = Loud.objects.get(pk=pk)\n    loud.count += 1\n    loud.save()\n",
        // Another column is stored as well.
        "\ndef f(request, pk):\n    item = Item.objects.get(pk=pk)\n    item.title = 'x'\n    item.sold += 1\n    item.save()\n",
        // The save is conditional.
        "\ndef f(request, pk):\n    item = Item.objects.get(pk=pk)\n    item.sold += 1\n    if pk:\n        item.save()\n",
        // A receiver listens.
        "\nfrom django.db.models.signals import post_save\nfrom django.dispatch import receiver\n\n@receiver(post_save, sender=Item)\ndef told(sender, instance, **kwargs):\n    print(instance)\n\ndef f(request, pk):\n    item = Item.objects.get(pk=pk)\n    item.sold += 1\n    item.save()\n",
    ] {
        advice_only(code, "RT502");
    }
}

#[test]
fn a_sum_that_begins_anew_is_not_made_of_what_was_read() {
    check(
        "
def recount(request, pk, first, more):
    item = Item.objects.get(pk=pk)
    item.stock = first
    item.stock += sum(more)
    item.save(update_fields=['stock'])

def _to_zero(item):
    item.sold = 0

def all_of(request, pk, sales):
    item = Item.objects.get(pk=pk)
    _to_zero(item)
    for sale in sales:
        item.sold += sale
    item.save(update_fields=['sold'])

def perhaps(request, pk, anew):
    item = Item.objects.get(pk=pk)
    if anew:
        item.sold = 0
    item.sold += 1
    item.save(update_fields=['sold'])  # RT502

def as_it_was(request, pk):
    item = Item.objects.get(pk=pk)
    item.sold = item.sold or 0
    item.sold += 1
    item.save(update_fields=['sold'])  # RT502

def labelled(request, pk):
    item = Item.objects.get(pk=pk)
    item.labels = []
    item.labels.append(request.POST['label'])
    item.save(update_fields=['labels'])
",
    );
}
