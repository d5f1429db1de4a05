//! RT506, RT507, RT508

use crate::harness::{check, rewritten, silent, unsure};

#[test]
fn locks_need_a_transaction_and_a_row() {
    check(
        "
from django.db import transaction

def bare(request, pk):
    return Item.objects.select_for_update().get(pk=pk)  # RT506

def _locked(pk):
    return Item.objects.select_for_update().get(pk=pk)  # RT506

@transaction.atomic
def right(request, pk):
    return _locked(pk)

def wrong(request, pk):
    return _locked(pk)

@transaction.atomic
def absent(request, pk, text):
    note = Note.objects.select_for_update().filter(item_id=pk, text=text).first()
    if not note:
        note = Note.objects.create(item_id=pk, text=text)  # RT507
    return note

@transaction.atomic
def joined(request, pk):
    return Item.objects.select_for_update().select_related('shop').get(pk=pk)  # RT508
",
    );
}

#[test]
fn locks_that_hold_stay_silent() {
    silent(
        "
from django.db import transaction

def _locked(pk):
    return Item.objects.select_for_update().get(pk=pk)

@transaction.atomic
def right(request, pk):
    return _locked(pk)

def unsent(request):
    return Item.objects.select_for_update().filter(state='open')

def own(request, name):
    return Tag.objects.update_or_create(name=name)

@transaction.atomic
def parent(request, pk, text):
    item = Item.objects.select_for_update().get(pk=pk)
    if not Note.objects.select_for_update().filter(item=item, text=text).exists():
        Note.objects.create(item=item, text=text)

@transaction.atomic
def named(request, pk):
    return Item.objects.select_for_update(of=('self',)).select_related('shop').get(pk=pk)
",
    );
}

#[test]
fn a_method_may_be_called_in_the_transaction_of_its_base() {
    unsure(
        "
class Target:
    def get_target(self, pk):
        return Item.objects.select_for_update().get(pk=pk)
",
    );
}

#[test]
fn the_rows_of_the_model_are_locked_alone() {
    let code = "
from django.db import transaction

@transaction.atomic
def joined(request, pk):
    return Item.objects.select_related('shop').select_for_update(nowait=True).get(pk=pk)
";
    let after = rewritten(code, "RT508").unwrap();
    assert!(after.contains(".select_for_update(nowait=True, of=('self',)).get(pk=pk)"), "{after}");
}

#[test]
fn a_transaction_of_the_projects_own_is_one() {
    check(
        "
from shop.tracing import traced_atomic_transaction

def inside(request, pk):
    with traced_atomic_transaction():
        return Item.objects.select_for_update().get(pk=pk).title

@traced_atomic_transaction()
def decorated(request, pk):
    return Item.objects.select_for_update().get(pk=pk).title

def outside(request, pk):
    item = Item.objects.select_for_update().get(pk=pk)  # RT506
    with traced_atomic_transaction():
        return item.title
",
    );
}
