//! RT509, RT510, RT511

use roundtrip::model::Evidence;

use crate::harness::{advice_only, becomes, check, check_files, files, named, review, rewritten, silent, unsure};

const TASKS: &str = "
from celery import shared_task
from django.db import IntegrityError, transaction

@shared_task
def index(pk):
    print(pk)

@shared_task
def sweep():
    print(1)
";

fn with_tasks(code: &str) -> String {
    format!("{TASKS}{code}")
}

#[test]
fn tasks_sent_before_the_commit_are_flagged() {
    check(&with_tasks(
        "
@transaction.atomic
def decorated(request):
    item = Item.objects.create(title='x', shop_id=1)
    index.apply_async(args=[item.pk])  # RT509

def _made(item):
    index.delay(item.id)  # RT509

def through_a_helper(request):
    with transaction.atomic():
        item = Item(title='x')
        item.save()
        _made(item)
",
    ));
    let mut files = named(
        "shop/views.py",
        &with_tasks(
            "
def view(request):
    item = Item.objects.create(title='x', shop_id=1)
    index.delay(item.pk)  # RT509
",
        ),
    );
    files.insert(
        "shop/settings.py".to_owned(),
        "INSTALLED_APPS = ['shop']\nDATABASES = {'default': {'ATOMIC_REQUESTS': True}}\n".to_owned(),
    );
    check_files(&files);
}

#[test]
fn tasks_that_find_their_rows_stay_silent() {
    silent(&with_tasks(
        "
from functools import partial

def autocommit(request):
    item = Item.objects.create(title='x', shop_id=1)
    index.delay(item.pk)

def behind(request):
    with transaction.atomic():
        item = Item.objects.create(title='x', shop_id=1)
    index.delay(item.pk)

@transaction.atomic
def on_commit(request):
    item = Item.objects.create(title='x', shop_id=1)
    transaction.on_commit(partial(index.delay, item.pk))
    transaction.on_commit(lambda: index.delay(item.pk))
    index.delay_on_commit(item.pk)

@transaction.atomic
def nothing_written(request):
    print(Item.objects.count())
    sweep.delay()
",
    ));
}

#[test]
fn a_receiver_may_run_in_a_transaction() {
    unsure(&with_tasks(
        "
from django.db.models.signals import post_save
from django.dispatch import receiver

@receiver(post_save, sender=Item)
def saved(sender, instance, **kwargs):
    index.delay(instance.pk)
",
    ));
    // One that is seen to.
    check(&with_tasks(
        "
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

@receiver(post_save, sender=Item)
def saved(sender, instance, **kwargs):
    index.delay(instance.pk)  # RT509
    index.delay(instance.shop_id)

@receiver(post_delete, sender=Item)
def deleted(sender, instance, **kwargs):
    index.delay(instance.pk)

@transaction.atomic
def view(request):
    Item.objects.create(title='x', shop_id=1)
",
    ));
}

#[test]
fn the_transaction_that_saves_is_told_where_it_begins() {
    let code = "
from django.db.models.signals import post_save
from django.dispatch import receiver

@receiver(post_save, sender=Item)
def saved(sender, instance, **kwargs):
    index.delay(instance.pk)

def _store(item):
    item.save()

def view(request, pk):
    item = Item.objects.get(pk=pk)
    with transaction.atomic():
        _store(item)
";
    let files = files(&with_tasks(code));
    let told = review(&files).into_iter().find(|finding| finding.rule == "RT509").expect("flagged");
    let place = told.evidence.iter().find_map(|evidence| match evidence {
        Evidence::Code { line, message, .. } if message.starts_with("a transaction around") => Some(*line),
        _ => None,
    });
    let line = files["shop/views.py"]
        .split('\n')
        .position(|line| line.contains("with transaction.atomic"))
        .map(|at| at as u32 + 1);
    assert_eq!(place, line, "{told:?}");
}

#[test]
fn no_result_of_a_task_is_lost() {
    advice_only(
        &with_tasks(
            "
@transaction.atomic
def view(request):
    item = Item.objects.create(title='x', shop_id=1)
    return index.delay(item.pk).id
",
        ),
        "RT509",
    );
}

#[test]
fn the_loop_variable_is_bound_at_once() {
    let code = with_tasks(
        "
@transaction.atomic
def publish(request, pks):
    for pk in pks:
        Item.objects.filter(pk=pk).update(state='open')
        transaction.on_commit(lambda: index.delay(pk))  # RT510
",
    );
    check(&code);
    let after = rewritten(&code, "RT510").unwrap();
    assert!(after.contains("        transaction.on_commit(partial(index.delay, pk))  # RT510\n"), "{after}");
    // A task sent by on_commit in a loop gets no lambda.
    let sent = rewritten(
        &with_tasks(
            "
@transaction.atomic
def publish(request, pks):
    for pk in pks:
        Item.objects.filter(pk=pk).update(state='open')
        index.delay(pk)
",
        ),
        "RT509",
    );
    assert!(sent.as_ref().is_some_and(|text| text.contains("on_commit(partial(index.delay, pk))")), "{sent:?}");
}

#[test]
fn callbacks_that_are_bound_stay_silent() {
    silent(&with_tasks(
        "
from functools import partial

def publish(request, pks):
    with transaction.atomic():
        for pk in pks:
            transaction.on_commit(partial(index.delay, pk))
            transaction.on_commit(lambda pk=pk: index.delay(pk))
            transaction.on_commit(lambda: sweep.delay())
    for pk in pks:
        with transaction.atomic():
            transaction.on_commit(lambda: index.delay(pk))
",
    ));
}

#[test]
fn a_broken_transaction_goes_no_further() {
    check(&with_tasks(
        "
def view(request, name):
    with transaction.atomic():
        try:
            Tag.objects.create(name=name)  # RT511
        except IntegrityError:
            return Tag.objects.get(name=name)
",
    ));
    silent(&with_tasks(
        "
def savepoint(request, name):
    with transaction.atomic():
        try:
            with transaction.atomic():
                Tag.objects.create(name=name)
        except IntegrityError:
            pass
        return Tag.objects.get(name=name)

def outside(request, name):
    try:
        with transaction.atomic():
            Tag.objects.create(name=name)
    except IntegrityError:
        pass
    return Tag.objects.get(name=name)

@transaction.atomic
def raised(request, name):
    try:
        Tag.objects.create(name=name)
    except IntegrityError:
        raise ValueError
    return Tag.objects.get(name=name)

@transaction.atomic
def ended(request, name):
    try:
        Tag.objects.create(name=name)
    except IntegrityError:
        return None
    return Tag.objects.get(name=name)

def autocommit(request, name):
    try:
        Tag.objects.create(name=name)
    except IntegrityError:
        pass
    return Tag.objects.get(name=name)
",
    ));
    becomes(
        &with_tasks(
            "
@transaction.atomic
def view(request, name):
    try:
        tag = Tag(name=name)
        tag.save()
    except IntegrityError:
        print(name)
    return Tag.objects.count()
",
        ),
        "RT511",
        &with_tasks(
            "
@transaction.atomic
def view(request, name):
    try:
        with transaction.atomic():
            tag = Tag(name=name)
            tag.save()
    except IntegrityError:
        print(name)
    return Tag.objects.count()
",
        ),
    );
}

#[test]
fn a_task_that_asks_for_other_rows_only_is_doubted() {
    unsure(&with_tasks(
        "
@shared_task
def sweep_notes(pk):
    Note.objects.filter(text='old').delete()

@transaction.atomic
def view(request):
    item = Item.objects.create(title='x', shop_id=1)
    sweep_notes.delay(item.pk)
",
    ));
    check(&with_tasks(
        "
@shared_task
def announce(pk):
    print(Item.objects.get(pk=pk).title)

@transaction.atomic
def view(request):
    item = Item.objects.create(title='x', shop_id=1)
    announce.delay(item.pk)  # RT509
",
    ));
}
