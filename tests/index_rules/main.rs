//! RT401 and RT402 from source text: models, code that asks, what is flagged, and what the rewrite makes of it.

use roundtrip::config::{Config, Preset};
use roundtrip::model::Severity;
use roundtrip::project::{Hints, Project};
use roundtrip::rules::index::composite_index::CompositeIndex;
use roundtrip::rules::index::unindexed_filter::UnindexedFilter;
use roundtrip::rules::index::unindexed_ordering::UnindexedOrdering;
use roundtrip::rules::{Context, Draft, Rule};
use roundtrip::sql::Dialect;
use roundtrip::text::Source;
use roundtrip::{predict, python, rewrite};

mod weight;

struct Reviewed {
    project: Project,
    drafts: Vec<Draft>,
}

fn review(files: &[(&str, &str)], preset: Preset, dialect: Option<Dialect>) -> Reviewed {
    let parsed = files.iter().map(|(path, text)| (Source::new(*path, *text), python::parse(text).module)).collect();
    let project = Project::build(parsed, Hints { dialect, ..Hints::default() });
    let traces = predict::run(&project, &|_, _| true);
    let config = Config { preset, ..Config::default() };
    let mut cx = Context { project: &project, config: &config, drafts: Vec::new() };
    let rules: [&dyn Rule; 3] = [&UnindexedFilter, &CompositeIndex, &UnindexedOrdering];
    for rule in rules {
        rule.whole(&traces, &mut cx);
    }
    let drafts = cx.drafts;
    Reviewed { project, drafts }
}

/// Code, columns, severity (`hint` for one that is shown on request only) and how many sites.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let told = |draft: Draft| {
        let severity = if draft.hint == Some(true) { "hint" } else { draft.severity.as_str() };
        let (_, columns) = draft.key.split_once(':').unwrap();
        format!("{} {columns} {severity}", draft.rule.code)
    };
    review(files, Preset::Default, None).drafts.into_iter().map(told).collect()
}

const MODELS: &str = "
from django.db import models

class Team(models.Model):
    name = models.CharField(max_length=50, unique=True)

class Member(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    github_username = models.CharField(max_length=40)
    is_active = models.BooleanField(default=True)
    joined = models.DateTimeField()

class PullRequest(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    author = models.ForeignKey(Member, on_delete=models.CASCADE)
    state = models.CharField(max_length=10, choices=[('open', 'Open'), ('merged', 'Merged')])
    title = models.CharField(max_length=200)
    merged_at = models.DateTimeField(null=True)
    created = models.DateTimeField(db_index=True)
    number = models.IntegerField()

    class Meta:
        unique_together = [('team', 'number')]
        indexes = [models.Index(fields=['title'], name='open_title', condition=models.Q(state='open'))]
";

fn asked(file: &str, body: &str) -> Vec<String> {
    let code = format!("from metrics.models import Member, PullRequest, Team\n\n{body}");
    found(&[("metrics/models.py", MODELS), (file, &code)])
}

#[test]
fn what_an_index_serves_is_silent() {
    for body in [
        "def f(request, x):\n    return Team.objects.get(pk=x), Team.objects.get(name=x)\n",
        "def f(request, x):\n    return list(Member.objects.filter(team=x)), list(Member.objects.filter(team_id=x))\n",
        "def f(request, x):\n    return list(Member.objects.filter(team__id=x, is_active=True))\n",
        "def f(request, x):\n    return list(Member.objects.filter(team=x).order_by('github_username')[:10])\n",
        "def f(request, x):\n    return PullRequest.objects.get(team=x, number=x, title=x)\n",
        "def f(request, x):\n    return list(PullRequest.objects.order_by('-created')[:10])\n",
        "def f(request, x):\n    return list(PullRequest.objects.filter(title=x, state='open'))\n",
        "def f(request, x):\n    return list(PullRequest.objects.filter(team=x, author=x))\n",
        "def f(request, team, x):\n    return list(team.member_set.filter(is_active=True)), team.pullrequest_set.get(number=x)\n",
        "def f(request, x):\n    return list(PullRequest.objects.filter(team=x, number=x, merged_at__gt=x))\n",
        // No B-tree serves these, and few values narrow nothing.
        "def f(request, x):\n    return list(Member.objects.filter(github_username__icontains=x))\n",
        "def f(request, x):\n    return list(Member.objects.filter(is_active=True)), list(PullRequest.objects.filter(state=x))\n",
        "def f(request, x):\n    return list(Member.objects.exclude(github_username=x))\n",
        "def f(request, x):\n    return list(Member.objects.order_by('joined'))\n",
    ] {
        assert_eq!(asked("metrics/views.py", body), Vec::<String>::new(), "{body}");
    }
}

#[test]
fn a_column_without_an_index_is_flagged() {
    let by = |file: &str, filter: &str| asked(file, &format!("def f(request, x):\n    return list({filter})\n"));
    let member = "Member.objects.filter(github_username=x)";
    assert_eq!(by("metrics/views.py", member), ["RT401 github_username info"]);
    assert_eq!(by("metrics/views.py", "Member.objects.filter(joined__gte=x)"), ["RT401 joined info"]);
    assert_eq!(
        by("metrics/views.py", "Member.objects.filter(github_username__in=x, is_active=True)"),
        ["RT401 github_username info"]
    );
    assert_eq!(by("metrics/views.py", "Member.objects.order_by('-joined')[:5]"), ["RT401 -joined info"]);
    assert_eq!(by("metrics/views.py", "PullRequest.objects.filter(title=x, state='merged')"), ["RT401 title info"]);
    assert_eq!(
        asked("metrics/sync.py", &format!("def f(x):\n    return list({member})\n")),
        ["RT401 github_username hint"]
    );
    let twice = format!("def f(x):\n    return list({member})\n\ndef g(x):\n    return list({member})\n");
    assert_eq!(asked("metrics/sync.py", &twice), ["RT401 github_username info"]);
    assert_eq!(asked("metrics/tests/test_a.py", &twice), Vec::<String>::new());
}

#[test]
fn columns_that_are_asked_together_are_flagged() {
    let by = |filter: &str| asked("metrics/views.py", &format!("def f(request, x, y):\n    return list({filter})\n"));
    let pulls = "PullRequest.objects.filter";
    assert_eq!(by(&format!("{pulls}(merged_at__gte=x, state='merged', team=y)")), ["RT402 team,state,merged_at hint"]);
    assert_eq!(by("Member.objects.filter(team=x).order_by('-joined')[:10]"), ["RT402 team,-joined hint"]);
    assert_eq!(
        by(&format!("{pulls}(team=x, author=y, merged_at__range=(x, y))")),
        ["RT402 team,author,merged_at hint"]
    );
    // What an owner's index narrows already is told on request, or where it is asked all over.
    assert_eq!(by("Member.objects.filter(team=x, github_username=y)"), ["RT402 team,github_username hint"]);
    assert_eq!(by("PullRequest.objects.filter(state=x).order_by('-merged_at')[:9]"), ["RT402 state,-merged_at info"]);
    let in_loop =
        "def f(team, rows):\n    for row in rows:\n        Member.objects.get(team=team, github_username=row)\n";
    assert_eq!(asked("metrics/jobs.py", in_loop), ["RT402 team,github_username hint"]);
    let related = "def f(request, pk, name):\n    team = Team.objects.get(pk=pk)\n    return team.member_set.filter(github_username=name).first()\n";
    assert_eq!(asked("metrics/views.py", related), ["RT402 team,github_username hint"]);
    // Asked once where nobody waits, the foreign key's index does.
    let once = "def f(team, row):\n    return Member.objects.get(team=team, github_username=row)\n";
    assert_eq!(asked("metrics/jobs.py", once), Vec::<String>::new());
    let all_over: String = (0..4)
        .map(|n| {
            format!(
                "def f{n}(request, x, y):\n    return list(PullRequest.objects.filter(team=x, merged_at__gte=y))\n\n"
            )
        })
        .collect();
    assert_eq!(asked("metrics/views.py", &all_over), ["RT402 team,merged_at info"]);
}

const JOBS: &str = "
from django.db import models

class Job(models.Model):
    owner = models.ForeignKey('auth.User', on_delete=models.CASCADE)
    kind = models.CharField(max_length=10, choices=[('mail', 'Mail'), ('index', 'Index')])
    state = models.CharField(max_length=10, choices=[('new', 'New'), ('running', 'Running'), ('over', 'Over')])
    is_active = models.BooleanField(default=True)
    sent = models.BooleanField(default=False)
    made = models.DateTimeField()
    checksum = models.CharField(max_length=32)
    archive_checksum = models.CharField(max_length=32)
    note = models.TextField()
";

fn of_jobs(meta: &str, body: &str) -> Vec<String> {
    let code = format!("from django.db.models import Q\nfrom jobs.models import Job\n\n{body}");
    found(&[("jobs/models.py", &format!("{JOBS}{meta}")), ("jobs/views.py", &code)])
}

#[test]
fn rows_of_a_rare_value_get_an_index_of_their_own() {
    let by = |meta: &str, rows: &str| of_jobs(meta, &format!("def f(request, x):\n    return list({rows})\n"));
    assert_eq!(by("", "Job.objects.filter(sent=False)"), ["RT401 id|sent=False hint"]);
    let twice = "def f(request):\n    return list(Job.objects.filter(sent=False))\n\ndef g(request):\n    return Job.objects.filter(sent=False).first()\n";
    assert_eq!(of_jobs("", twice), ["RT401 id|sent=False info"]);
    assert_eq!(by("", "Job.objects.filter(kind=x, state='running')"), ["RT401 id|state=\"running\" hint"]);
    assert_eq!(by("", "Job.objects.filter(sent=False).order_by('made')[:9]"), ["RT401 made|sent=False hint"]);
    // One that is longer serves the rows as well.
    let both = "def f(request, x):\n    return list(Job.objects.filter(sent=False)), list(Job.objects.filter(sent=False, made__lt=x))\n";
    assert_eq!(of_jobs("", both), ["RT401 made|sent=False hint"]);
    // Taken, and given another value.
    let taken = "def f(request):\n    for job in Job.objects.filter(state='new'):\n        job.state = 'over'\n        job.save()\n";
    assert_eq!(of_jobs("", taken), ["RT401 id|state=\"new\" hint"]);
    assert_eq!(
        of_jobs("", "def f(request):\n    Job.objects.filter(state='new').update(state='over')\n"),
        ["RT401 id|state=\"new\" hint"]
    );
    // Most rows have these, or nothing says that few do, or an owner's index finds them, or there is an index.
    for rows in [
        "Job.objects.filter(is_active=True)",
        "Job.objects.filter(sent=True)",
        "Job.objects.filter(state='new')",
        "Job.objects.filter(sent=x)",
        "Job.objects.filter(owner=x, sent=False)",
    ] {
        assert_eq!(by("", rows), Vec::<String>::new(), "{rows}");
    }
    let partial = "    class Meta:\n        indexes = [models.Index(fields=['id'], name='unsent', condition=models.Q(sent=False))]\n";
    assert_eq!(by(partial, "Job.objects.filter(sent=False)"), Vec::<String>::new());
    let whole = "    class Meta:\n        indexes = [models.Index(fields=['sent'], name='sent')]\n";
    assert_eq!(by(whole, "Job.objects.filter(sent=False)"), Vec::<String>::new());
    let not_over = "    class Meta:\n        indexes = [models.Index(fields=['made'], name='n', condition=~models.Q(state='over'))]\n";
    assert_eq!(by(not_over, "Job.objects.exclude(state='over').filter(made__lt=x)"), Vec::<String>::new());
    assert_eq!(by(not_over, "Job.objects.filter(made__lt=x)"), ["RT401 made info"]);
}

#[test]
fn either_of_two_columns_needs_an_index_on_each() {
    let by = |meta: &str, rows: &str| of_jobs(meta, &format!("def f(request, x):\n    return list({rows})\n"));
    let either = "Job.objects.filter(Q(checksum=x) | Q(archive_checksum=x))";
    assert_eq!(by("", either), ["RT401 archive_checksum info", "RT401 checksum info"]);
    let one = "    class Meta:\n        indexes = [models.Index(fields=['checksum'], name='n')]\n";
    assert_eq!(by(one, either), ["RT401 archive_checksum info"]);
    // The owner's rows are few, and a flag's are read whole anyway.
    assert_eq!(by("", &format!("{either}.filter(owner=x)")), Vec::<String>::new());
    assert_eq!(by("", "Job.objects.filter(Q(checksum=x) | Q(is_active=True))"), Vec::<String>::new());
}

#[test]
fn one_index_serves_several_lookups() {
    let two = |one: &str, other: &str| {
        of_jobs("", &format!("def f(request, x, y):\n    return list(Job.objects.{one}), list(Job.objects.{other})\n"))
    };
    // The column that is asked for by itself leads.
    assert_eq!(
        two("filter(checksum=x, archive_checksum=y)", "filter(archive_checksum=x)"),
        ["RT402 archive_checksum,checksum info"]
    );
    // An index is read from either end.
    assert_eq!(two("order_by('made')[:5]", "order_by('-made')[:5]").len(), 1);
    // What a join leads to is found by its key; whether a long text fits into one is for a person to see.
    assert_eq!(two("filter(owner__email=x, checksum=y)", "filter(pk=x)"), ["RT402 owner,checksum hint"]);
    assert_eq!(two("filter(checksum=x, note=y)", "filter(pk=x)"), ["RT402 checksum,note hint"]);
}

/// A whole project: its settings are in the input.
fn of_site(file: &str, code: &str) -> Vec<String> {
    let code = format!("from django.core.cache import cache\nfrom jobs.models import Job\n\n{code}");
    found(&[("site/settings.py", "INSTALLED_APPS = ['jobs']\n"), ("jobs/models.py", JOBS), (file, &code)])
}

#[test]
fn what_runs_seldom_is_a_hint() {
    let info = ["RT401 checksum info"];
    let hint = ["RT401 checksum hint"];
    let rows = "list(Job.objects.filter(checksum=x))";
    let view = format!("def f(request, x):\n    return {rows}\n");
    assert_eq!(of_site("jobs/views.py", &view), info);
    for file in ["jobs/admin/views.py", "jobs/admin.py", "jobs/dashboard/views.py", "jobs/importers.py"] {
        assert_eq!(of_site(file, &view), hint, "{file}");
    }
    let looped = format!("def f(xs):\n    for x in xs:\n        {rows}\n");
    assert_eq!(of_site("jobs/tasks.py", &looped), info);
    assert_eq!(of_site("jobs/management/commands/fill.py", &looped), hint);
    // A command that asks for work again and again.
    let polls = format!("def f(x):\n    while True:\n        {rows}\n");
    assert_eq!(of_site("jobs/management/commands/serve.py", &polls), info);
    // A helper of views is as hot as they are.
    let helper = format!("def rows(x):\n    return {rows}\n\n");
    assert_eq!(of_site("jobs/views.py", &helper), hint);
    assert_eq!(of_site("jobs/views.py", &format!("{helper}def f(request, x):\n    return rows(x)\n")), info);
    // What a cache keeps is asked for when it is gone.
    let kept = [
        format!("{helper}def f(request):\n    return cache.get_or_set('rows', rows, 3600)\n"),
        format!("from functools import lru_cache\n\n@lru_cache\n{helper}def f(request, x):\n    return rows(x)\n"),
        format!(
            "def f(request, x):\n    found = cache.get('rows')\n    if found is None:\n        found = {rows}\n        cache.set('rows', found, 3600)\n    return found\n"
        ),
    ];
    for code in &kept {
        assert_eq!(of_site("jobs/views.py", code), hint, "{code}");
    }
    let form = format!(
        "from django import forms\n\nclass Find(forms.Form):\n    def clean(self, x):\n        return {rows}\n"
    );
    assert_eq!(of_site("jobs/forms.py", &form), hint);
    assert_eq!(of_site("jobs/forms.py", &format!("{form}\ndef f(request):\n    return Find(request.POST)\n")), info);
}

#[test]
fn a_column_leads_where_its_value_picks_few_rows() {
    let by = |rows: &str| of_jobs("", &format!("OFF = 'a'\n\ndef f(request, x, y):\n    return list({rows})\n"));
    // What the code says itself, many rows have.
    assert_eq!(by("Job.objects.filter(checksum='none')"), Vec::<String>::new());
    assert_eq!(by("Job.objects.filter(checksum=OFF)"), Vec::<String>::new());
    assert_eq!(by("Job.objects.filter(checksum__isnull=False)"), Vec::<String>::new());
    // Rows of several values are in no order, and those of one code need none.
    assert_eq!(by("Job.objects.filter(kind__in=x).order_by('-made')[:9]"), ["RT401 -made info"]);
    assert_eq!(by("Job.objects.filter(kind=x).order_by('-made')[:9]"), ["RT402 kind,-made info"]);
    assert_eq!(by("Job.objects.filter(checksum=x).order_by('-made')[:9]"), ["RT401 checksum info"]);
    // An index of many columns serves one statement.
    assert_eq!(by("Job.objects.filter(kind=x, state=x, sent=y, made__gt=y)"), ["RT402 kind,state,sent,made hint"]);
}

#[test]
fn what_another_table_narrows_is_silent() {
    let models = "from django.db import models\n\nclass Tag(models.Model):\n    name = models.CharField(max_length=9, unique=True)\n\n\
                  class Book(models.Model):\n    title = models.CharField(max_length=9)\n\n\
                  class Status(models.Model):\n    author = models.ForeignKey('auth.User', on_delete=models.CASCADE)\n    \
                  privacy = models.CharField(max_length=9, choices=[('a', 'A')])\n    published = models.DateTimeField()\n    \
                  tags = models.ManyToManyField(Tag)\n\n\
                  class Review(Status):\n    book = models.ForeignKey(Book, on_delete=models.CASCADE)\n";
    let by = |rows: &str| {
        let code = format!(
            "from books.models import Review, Status\n\ndef f(request, x):\n    return list({rows}.order_by('-published')[:9])\n"
        );
        found(&[("books/models.py", models), ("books/views.py", &code)])
    };
    assert_eq!(by("Status.objects.filter(privacy=x)"), ["RT402 privacy,-published info"]);
    for rows in [
        "Review.objects.filter(privacy=x, book=x)",
        "Review.objects.filter(book=x, privacy=x)",
        "Status.objects.filter(tags=x)",
        "Status.objects.filter(tags__name=x, privacy=x)",
    ] {
        assert_eq!(by(rows), Vec::<String>::new(), "{rows}");
    }
}

#[test]
fn one_order_is_told_once_and_a_list_by_name_is_a_hint() {
    let told = |ordering: &str, code: &str| {
        let models = format!(
            "from django.db import models\n\nclass Entry(models.Model):\n    owner = models.ForeignKey('auth.User', on_delete=models.CASCADE)\n    \
             title = models.CharField(max_length=9)\n    made = models.DateTimeField()\n\n    class Meta:\n        ordering = ['{ordering}']\n"
        );
        let code = format!("from news.models import Entry\n\ndef f(request):\n    return {code}\n");
        let drafts = review(&[("news/models.py", &models), ("news/views.py", &code)], Preset::Default, None).drafts;
        drafts.iter().map(|draft| (draft.rule.code, draft.hint == Some(true))).collect::<Vec<_>>()
    };
    assert_eq!(told("-made", "list(Entry.objects.all()[:9])"), [("RT404", false)]);
    assert_eq!(told("title", "list(Entry.objects.all()[:9])"), [("RT404", true)]);
    assert_eq!(
        told("-made", "list(Entry.objects.all()[:9]), list(Entry.objects.order_by('made')[:9])"),
        [("RT401", false)]
    );
}

#[test]
fn the_message_says_how_often_and_how_hot() {
    let code = "from jobs.models import Job\n\ndef f(request, x):\n    return list(Job.objects.filter(checksum=x)), list(Job.objects.filter(checksum=x, kind=x))\n\n\
                def g(request, x):\n    return list(Job.objects.filter(archive_checksum=x))\n\n\
                def h(request, x):\n    return list(Job.objects.filter(made__lt=x))\n";
    let reviewed = review(&[("jobs/models.py", JOBS), ("jobs/views.py", code)], Preset::Default, None);
    let told: Vec<(&str, &str)> =
        reviewed.drafts.iter().map(|draft| (draft.message.as_str(), draft.advice.as_str())).collect();
    assert!(told[0].0.ends_with("(2 places, all on requests or in loops)"), "{told:?}");
    assert!(told[0].1.ends_with("it is number 1 of 3 indexes that are missing."), "{told:?}");
    assert!(told[1].1.ends_with("it is number 2 of 3 indexes that are missing."), "{told:?}");
}

const USER: &str = "from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    email = models.EmailField(max_length=254)

    def __str__(self):
        return self.email
";
const LOOKUP: &str =
    "from accounts.models import User\n\n\ndef find(email):\n    return User.objects.filter(email=email).first()\n";

#[test]
fn a_lookup_of_the_user_is_a_warning_and_a_blocker_of_the_seeds() {
    let files = [("accounts/models.py", USER), ("accounts/lookup.py", LOOKUP)];
    let severity =
        |preset| review(&files, preset, None).drafts.iter().map(|d| (d.severity, d.hint)).collect::<Vec<_>>();
    assert_eq!(severity(Preset::Default), [(Severity::Warning, Some(false))]);
    assert_eq!(severity(Preset::Seeds), [(Severity::Blocker, Some(false))]);
}

#[test]
fn djangos_own_user_gets_advice_only() {
    let code =
        "from django.contrib.auth.models import User\n\ndef find(email):\n    return User.objects.get(email=email)\n";
    let reviewed = review(&[("lookup.py", code)], Preset::Default, None);
    let [draft] = reviewed.drafts.as_slice() else { panic!("{:?}", reviewed.drafts) };
    assert!(draft.rewrite.is_none() && draft.advice.contains("Django's own"), "{}", draft.advice);
}

#[test]
fn whose_user_it_is_the_host_of_a_reusable_app_says() {
    let code = |import: &str| format!("{import}\ndef find(email):\n    return User.objects.get(email=email)\n");
    let of_host = |import: &str| {
        let (code, test) = (code(import), code("from django.contrib.auth.models import User\n"));
        let files = [("lookup.py", code.as_str()), ("tests/test_lookup.py", test.as_str())];
        let reviewed = review(&files, Preset::Default, None);
        let user = reviewed.project.schema.models.iter().find(|model| model.name == "User").unwrap();
        reviewed.project.is_of_host(user)
    };
    assert!(of_host("from django.contrib.auth import get_user_model\n\nUser = get_user_model()\n"));
    assert!(!of_host("from django.contrib.auth.models import User\n"));
}

#[test]
fn columns_whose_name_says_that_few_values_are_in_them() {
    let models = "from django.db import models\n\nclass Mail(models.Model):\n    body = models.TextField()\n    \
                  locale = models.CharField(max_length=10)\n    subject = models.CharField(max_length=80)\n    \
                  sent = models.ForeignKey('auth.User', on_delete=models.CASCADE)\n";
    let by = |field: &str| {
        let code = format!(
            "from mails.models import Mail\n\ndef view(request, x):\n    return list(Mail.objects.filter({field}=x))\n"
        );
        found(&[("mails/models.py", models), ("mails/views.py", &code)]).len()
    };
    assert_eq!((by("locale"), by("subject")), (0, 1));
}

#[test]
fn the_rewrite_adds_the_index_and_a_migration_and_cures() {
    let migration = "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    dependencies = []\n    operations = []\n";
    let files =
        [("accounts/models.py", USER), ("accounts/lookup.py", LOOKUP), ("accounts/migrations/0006_last.py", migration)];
    let reviewed = review(&files, Preset::Default, Some(Dialect::Postgres));
    let edits = reviewed.drafts[0].rewrite.as_ref().unwrap().edits.clone();
    let done = rewrite::apply(&edits, |id| reviewed.project.modules.get(id.0 as usize).map(|m| &m.source)).unwrap();
    let models = done.changed.values().next().unwrap();
    let meta = "    email = models.EmailField(max_length=254)\n\n    class Meta:\n        \
                indexes = [models.Index(fields=[\"email\"], name=\"user_email_idx\")]\n\n    def __str__";
    assert!(models.contains(meta), "{models}");
    let (path, text) = &done.created[0];
    assert_eq!(path, "accounts/migrations/0007_user_email_idx.py");
    assert!(text.contains("AddIndexConcurrently(") && text.contains("(\"accounts\", \"0006_last\")"), "{text}");
    let after = [("accounts/models.py", models.as_str()), files[1], files[2], (path, text)];
    assert!(review(&after, Preset::Default, None).drafts.is_empty());
    let alone = review(&files[..2], Preset::Default, None);
    assert!(alone.drafts[0].rewrite.as_ref().unwrap().note.contains("makemigrations"));
}

#[test]
fn a_meta_that_is_inherited_is_not_edited() {
    let models = "from django.db import models\nclass Base(models.Model):\n    class Meta:\n        abstract = True\n        ordering = ['x']\n\
                  class Note(Base):\n    title = models.CharField(max_length=9)\n";
    let code = "from notes.models import Note\n\ndef f(request, x):\n    return list(Note.objects.filter(title=x))\n";
    let reviewed = review(&[("notes/models.py", models), ("notes/views.py", code)], Preset::Default, None);
    let [draft] = reviewed.drafts.as_slice() else { panic!("{:?}", reviewed.drafts) };
    assert!(draft.rewrite.is_none() && draft.advice.contains("Meta.indexes"));
}

#[test]
fn the_examples_of_the_docs_hold() {
    use roundtrip::rules::docs::{Shows, examples};
    for rule in [&UnindexedFilter as &dyn Rule, &CompositeIndex] {
        for example in examples(rule.meta()) {
            let files = example.files();
            let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
            let reviewed = review(&files, Preset::Default, None);
            let lines: Vec<&str> = reviewed
                .drafts
                .iter()
                .map(|draft| {
                    let site = draft.site.unwrap();
                    let source = &reviewed.project.module(site.file).source;
                    source.line_text(source.line(site.span.start))
                })
                .collect();
            match example.shows {
                Shows::Flag => assert!(lines.len() == 1 && lines[0].ends_with(rule.meta().code), "{lines:?}"),
                Shows::Ok | Shows::Fix => assert_eq!(lines, Vec::<&str>::new(), "{}", example.text),
            }
        }
    }
}
