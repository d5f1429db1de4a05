//! RT606

use crate::harness::{check, silent};

#[test]
fn results_are_taken_for_what_they_are() {
    check(
        "
def pair(request, name):
    return Tag.objects.update_or_create(name=name).pk  # RT606

def number(request, items):
    for item in Item.objects.bulk_update(items, ['sold']):  # RT606
        print(item)

def flat(request):
    return Item.objects.values_list('pk', 'title', flat=True)  # RT606
",
    );
    silent(
        "
def pair(request, name):
    tag, created = Tag.objects.get_or_create(name=name)
    first = Tag.objects.get_or_create(name=name)[0]
    return tag.name, first.name

def number(request, items):
    changed = Item.objects.bulk_update(items, ['sold'])
    return changed

def flat(request):
    return Item.objects.values_list('pk', flat=True), Item.objects.values_list('pk', 'title')
",
    );
}
