//! RT506, RT507, RT508

use crate::harness::{check, files, review, rewritten, silent, unsure};

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
fn a_context_manager_that_yields_in_a_transaction_opens_one() {
    check(
        "
from contextlib import contextmanager
from django.db import transaction

@contextmanager
def committed():
    with transaction.atomic():
        try:
            yield
        except ValueError:
            pass

@contextmanager
def noted():
    with transaction.atomic():
        Note.objects.create(item_id=1, text='begun')
    yield

def inside(request, pk):
    with committed():
        return Item.objects.select_for_update().get(pk=pk).title

@committed()
def decorated(request, pk):
    return Item.objects.select_for_update().get(pk=pk).title

def outside(request, pk):
    with noted():
        return Item.objects.select_for_update().get(pk=pk).title  # RT506
",
    );
}

#[test]
fn a_row_that_a_caller_holds_is_held_in_the_transactions_within() {
    check(
        "
from django.db import transaction

def _locked(pk):
    return Item.objects.select_for_update().filter(pk=pk).first()

def _sell(item):
    with transaction.atomic():
        item.sold += 1
        item.save(update_fields=['sold'])  # RT502

def held(pk):
    _sell(_locked(pk))

def loose(pk):
    _sell(Item.objects.get(pk=pk))

@transaction.atomic
def opened(request, pk):
    held(pk)
",
    );
}

#[test]
fn a_constraint_is_told_where_there_is_one() {
    let told = |code: &str| review(&files(&format!("from django.db import transaction\n{code}"))).remove(0);
    let bound = told(
        "
@transaction.atomic
def vote(request, item):
    vote = Vote.objects.select_for_update().filter(item=item, user=request.user).first()
    if not vote:
        vote = Vote.objects.create(item=item, user=request.user)
    return vote
",
    );
    assert!(bound.message.ends_with("fail with IntegrityError.") && !bound.advice.contains("Add a"), "{bound:?}");
    let free = told(
        "
@transaction.atomic
def note(request, pk, text):
    note = Note.objects.select_for_update().filter(item_id=pk, text=text).first()
    if not note:
        note = Note.objects.create(item_id=pk, text=text)
    return note
",
    );
    assert!(free.message.ends_with("two rows then.") && free.advice.starts_with("Add a unique"), "{free:?}");
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
