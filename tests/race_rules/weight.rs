//! What is certain or likely, and what is said of it: paths that no caller takes, rows of one user, rows that are new.

use roundtrip::model::{Confidence, Finding};

use crate::cases::Files;
use crate::harness::{check_files, files, named, review};

/// A whole project: its settings are in the input.
fn whole(code: &str) -> Files {
    let mut files = files(code);
    let settings = "INSTALLED_APPS = ['django.contrib.auth', 'shop']\nROOT_URLCONF = 'site.urls'\n";
    files.insert("site/settings.py".to_owned(), settings.to_owned());
    files
}

fn only(files: &Files, rule: &str) -> Finding {
    let mut found: Vec<Finding> = review(files).into_iter().filter(|finding| finding.rule == rule).collect();
    assert_eq!(found.len(), 1, "{rule}: {found:?}");
    found.remove(0)
}

fn is_sure(code: &str, rule: &str) -> bool {
    only(&whole(code), rule).confidence > Confidence::Possible
}

#[test]
fn what_no_call_turns_on_never_runs() {
    let code = "
from django.db import transaction

def find(pk, *, with_shop=True, for_update=False):
    rows = Item.objects
    if with_shop:
        rows = rows.select_related('shop')
    if for_update:
        rows = rows.select_for_update()
    return rows.get(pk=pk)

@transaction.atomic
def show(request, pk):
    return find(pk).title
";
    let locks = |files: &Files| review(files).iter().any(|finding| matches!(finding.rule.as_str(), "RT506" | "RT508"));
    assert!(!locks(&whole(code)));
    // Of a part of a project nobody knows who else calls, and some call may turn it on.
    assert!(locks(&files(code)));
    let calls = |call: &str| whole(&code.replace("find(pk).title", &format!("{call}.title")));
    for call in ["find(pk, for_update=True)", "find(pk, for_update=request.user.is_staff)", "find(pk, **request.POST)"]
    {
        assert!(locks(&calls(call)), "{call}");
    }
    assert!(!locks(&calls("find(pk, for_update=False)")));
    // What an override or another function hands on comes of the calls of these.
    let handed = format!(
        "{code}\nclass Other:\n    def find(self, pk, **kwargs):\n        return super().find(pk, **kwargs)\n\n\
         def find_for(pk, lock=False):\n    return find(pk, for_update=lock)\n\ndef other(request, pk):\n    return find_for(pk)\n"
    );
    assert!(!locks(&whole(&handed)));
    assert!(locks(&whole(&handed.replace("find_for(pk)\n", "find_for(pk, True)\n"))));
    // A test's call is none of the program's.
    let mut tested = whole(code);
    let test = "from shop.views import find\n\ndef test():\n    find(1, for_update=True)\n";
    tested.insert("shop/tests/test_find.py".to_owned(), test.to_owned());
    assert!(!locks(&tested));
}

#[test]
fn a_save_that_handles_the_conflict_does_so_for_create() {
    let code = "
def seat(request, pk):
    if not Seat.objects.filter(item_id=pk).exists():
        Seat.objects.create(item_id=pk)  # RT504
";
    let model = "

class Seat(models.Model):
    item = models.OneToOneField(Item, on_delete=models.CASCADE)

    def save(self, *args, **kwargs):
        try:
            super().save(*args, **kwargs)
        except IntegrityError:
            pass
";
    let project = |model: &str, code: &str| {
        let mut files = named("shop/views.py", &format!("from shop.models import Seat\n{code}"));
        let models = files.get_mut("shop/models.py").unwrap();
        models.insert_str(0, "from django.db import IntegrityError\n");
        models.push_str(model);
        files
    };
    check_files(&project(model, &code.replace("  # RT504", "")));
    check_files(&project(&model.replace("pass", "raise"), code));
    check_files(&project(&model.replace("IntegrityError:", "ValueError:"), code));
}

#[test]
fn a_row_that_may_be_new_and_what_callers_set_are_said() {
    let fetch = "
import requests

def fetch(request, name):
    tag = Item.objects.get(title=name)
    tag.state = requests.get('https://example.org').text
    tag.save()
";
    let finding = only(&whole(fetch), "RT503");
    assert_eq!(finding.advice, "Save what was changed here only: save(update_fields=[\"state\"]).");
    assert!(finding.rewrite.is_some());
    let new = fetch.replace(
        "    tag = Item.objects.get(title=name)\n",
        "    tag = Item()\n    try:\n        tag = Item.objects.get(title=name)\n    except Item.DoesNotExist:\n        pass\n",
    );
    let finding = only(&whole(&new), "RT503");
    assert!(finding.advice.contains("not in the database yet") && finding.rewrite.is_none(), "{finding:?}");
    // Of two runs, one writes more: all of it is to be saved.
    let several = "
import requests

def store(item, again):
    item.state = requests.get('https://example.org').text
    if again:
        item.stock = 3
    item.save()

def one(request, pk):
    item = Item.objects.get(pk=pk)
    store(item, False)

def other(request, pk):
    item = Item.objects.get(pk=pk)
    item.title = request.POST['title']
    store(item, True)
";
    let finding = only(&whole(several), "RT503");
    assert!(finding.advice.contains("[\"state\", \"stock\"]), with what callers set"), "{}", finding.advice);
    assert!(finding.confidence > Confidence::Possible && finding.rewrite.is_none());
    // A helper that writes nothing itself is none's fault.
    let bare = several.replace(
        "    item.state = requests.get('https://example.org').text\n    if again:\n        item.stock = 3\n",
        "    requests.get('https://example.org')\n",
    );
    assert!(!is_sure(&bare, "RT503"));
}

#[test]
fn rows_of_one_user_are_no_meeting_place_but_for_limits() {
    let add = "
def vote(request, pk):
    vote = Vote.objects.get(item_id=pk, user=request.user)
    vote.value += 1
    vote.save()
";
    assert!(!is_sure(add, "RT502"));
    assert!(is_sure(&add.replace("item_id=pk, user=request.user", "pk=pk"), "RT502"));
    // Many rows have one owner: what is found by more than that is somebody's, not one's own.
    assert!(is_sure(
        "
def sell(request, pk):
    item = Item.objects.get(pk=pk)
    item.sold += 1
    item.save()
",
        "RT502"
    ));
    let limit =
        add.replace("    vote.value += 1\n", "    if vote.value > 9:\n        return 'enough'\n    vote.value += 1\n");
    assert!(is_sure(&limit, "RT502"), "a limit holds against the user's own requests");
}

#[test]
fn what_a_command_makes_anew_is_not_lost() {
    let code = "
def label(request, pk):
    item = Item.objects.get(pk=pk)
    item.labels.append(request.POST['label'])
    item.save(update_fields=['labels'])
";
    assert!(is_sure(code, "RT505"));
    let mut files = whole(code);
    files.insert(
        "shop/management/commands/relabel.py".to_owned(),
        "
from django.core.management.base import BaseCommand
from shop.models import Item

class Command(BaseCommand):
    def handle(self, *args, **options):
        for item in Item.objects.iterator():
            item.labels = [tag.name for tag in item.tags.all()]
            item.save(update_fields=['labels'])
"
        .to_owned(),
    );
    let found = review(&files);
    let finding = found.iter().find(|finding| finding.rule == "RT505").unwrap();
    assert_eq!(finding.confidence, Confidence::Possible);
}

#[test]
fn finding_a_value_out_twice_harms_nobody() {
    let code = "
import requests

def title(request, pk):
    item = Item.objects.get(pk=pk)
    if item.seen_at is None:
        found = requests.get('https://example.org').json()
        item.seen_at = found['seen']
        item.save(update_fields=['seen_at'])
    return item.seen_at
";
    assert!(!is_sure(code, "RT505"));
    // What goes out behind the change goes out twice.
    let sent = code.replace("        found = requests.get('https://example.org').json()\n        item.seen_at = found['seen']\n        item.save(update_fields=['seen_at'])\n", "        item.seen_at = now()\n        item.save(update_fields=['seen_at'])\n        requests.post('https://example.org')\n");
    assert!(is_sure(
        &sent.replace("import requests", "import requests\nfrom django.utils.timezone import now"),
        "RT505"
    ));
}

#[test]
fn a_constraint_on_another_packages_table_is_raw_sql() {
    let code = "
from django.contrib.auth.models import User

def join(request, mail):
    try:
        user = User.objects.get(email=mail)
    except User.DoesNotExist:
        user = User.objects.create(email=mail)
    return user
";
    let finding = only(&whole(code), "RT504");
    assert!(finding.advice.contains("RunSQL") && finding.advice.contains("auth_user(email)"), "{}", finding.advice);
}

#[test]
fn a_row_made_of_constants_is_there_ever_after() {
    let code = "
def tag(name):
    try:
        return Tag.objects.get(name=name)
    except Tag.DoesNotExist:
        return Tag.objects.create(name=name)

def best(request):
    return tag('best')
";
    assert!(!is_sure(code, "RT504"));
    assert!(is_sure(&code.replace("tag('best')", "tag(request.POST['name'])"), "RT504"));
    let named = "
from django.utils.translation import gettext as _

def general(request, pk):
    item = Item.objects.get(pk=pk)
    try:
        return Note.objects.get(item=item, text=_('general'))
    except Note.DoesNotExist:
        return Note.objects.create(item=item, text=_('general'))
";
    assert!(!is_sure(named, "RT504"));
    assert!(is_sure(&named.replace("_('general')", "_(request.POST['name'])"), "RT504"));
    // One for each user is made again and again.
    let each = "
def vote(item, value):
    if not Vote.objects.filter(item=item, user=item.shop.owner, value=value).exists():
        Vote.objects.create(item=item, user=item.shop.owner, value=value)

def like(request, pk):
    vote(Item.objects.get(pk=pk), 1)
";
    assert!(is_sure(each, "RT504"));
}

#[test]
fn one_sum_that_several_places_store_is_told_once() {
    let mut files = whole(
        "
def close(request, pk):
    draft = Draft.objects.get(pk=pk)
    draft.state = 'closed'
    draft.save()

def open(request, pk):
    draft = Draft.objects.get(pk=pk)
    draft.state = 'open'
    draft.save()
",
    );
    files.get_mut("shop/models.py").unwrap().push_str(
        "

class Draft(models.Model):
    state = models.CharField(max_length=9)
    revision = models.IntegerField(default=0)

    def save(self, *args, **kwargs):
        if self.pk:
            self.revision += 1
        super().save(*args, **kwargs)
",
    );
    let views = files.get_mut("shop/views.py").unwrap();
    views.insert_str(0, "from shop.models import Draft\n");
    let finding = only(&files, "RT502");
    assert_eq!(finding.confidence, Confidence::Possible, "how often it was saved");
}

#[test]
fn an_upsert_without_defaults_updates_nothing() {
    let code = "
def fill(request):
    for item in Item.objects.all():
        Vote.objects.get_or_create(item=item, user=request.user)
";
    let finding = only(&whole(code), "RT604");
    assert!(finding.advice.contains("ignore_conflicts=True"), "{}", finding.advice);
    assert!(!finding.advice.contains("update"), "{}", finding.advice);
    let notes = code.replace(
        "Vote.objects.get_or_create(item=item, user=request.user)",
        "Note.objects.get_or_create(item=item, text='x')",
    );
    assert!(!only(&whole(&notes), "RT604").advice.contains("bulk_update"));
}

#[test]
fn a_delete_that_is_refused_for_one_row_is_that_rows_matter() {
    let code = "
from django.db.models import ProtectedError

def clean(request):
    for note in Note.objects.filter(text=''):
        try:
            note.delete()
        except ProtectedError:
            print(note.pk)
";
    check_files(&whole(code));
}

#[test]
fn a_row_that_the_process_keeps_is_read_once() {
    let code = "
first = None

def get_first():
    global first
    if first is None:
        first = Item.objects.get(pk=1)
    return first

async def show(request):
    return get_first().title
";
    assert!(!is_sure(code, "RT514"));
    assert!(is_sure(
        &code.replace("    global first\n    if first is None:\n        first = ", "    if True:\n        first = "),
        "RT514"
    ));
}

#[test]
fn a_write_to_the_cache_is_told_once_whoever_calls_it() {
    let code = "
from redis import Redis

redis = Redis()

def lock(pk, name):
    key = f'lock:{pk}'
    redis.set(key, name)
    redis.expire(key, 60)

def one(request, pk):
    lock(pk, 'a')

def other(request, key):
    lock(key, 'b')

def third(request):
    lock(3, 'c')
";
    only(&whole(code), "RT501");
}

#[test]
fn what_is_over_in_a_moment_is_no_wait() {
    let code = "
async def fetch(request, pk, files):
    item = await Item.objects.aget(pk=pk)
    item.title = 'x'
    await files.unlink(pk)
    await item.asave()
";
    check_files(&whole(code));
    assert!(is_sure(&code.replace("unlink", "download"), "RT503"));
}

#[test]
fn rows_that_a_loop_turns_over_were_read_a_moment_ago() {
    let code = "
def clean(request, name):
    for item in Item.objects.filter(title=name):
        item.labels.remove(name)
        item.save(update_fields=['labels'])
";
    assert!(!is_sure(code, "RT505"));
    let streamed = code.replace("(title=name)", "(title=name).iterator()");
    assert!(is_sure(&streamed, "RT505"), "a long query shows rows as they were when it began");
}
