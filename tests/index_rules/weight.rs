//! What an index is worth: sorts and lookups, values that nobody gives, rows of an owner that are kept few.

use roundtrip::config::Preset;

use crate::{found, of_site, review};

const PINGS: &str = "
from django.conf import settings
from django.db import models

class Check(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    code = models.CharField(max_length=40, unique=True)

class Ping(models.Model):
    check = models.ForeignKey(Check, on_delete=models.CASCADE)
    n = models.IntegerField()
    made = models.DateTimeField()

class Login(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    session = models.CharField(max_length=40)
    made = models.DateTimeField()
";
const SETTINGS: &str = "INSTALLED_APPS = ['pings']\n";

fn of_pings(code: &str) -> Vec<String> {
    let code = format!("from pings.models import Check, Login, Ping\n\n{code}");
    found(&[("site/settings.py", SETTINGS), ("pings/models.py", PINGS), ("pings/views.py", &code)])
}

#[test]
fn an_order_is_a_sort_and_no_lookup() {
    let told = |body: &str| {
        let code = format!("from pings.models import Ping\n\ndef f(request, x):\n    return {body}\n");
        let reviewed = review(&[("pings/models.py", PINGS), ("pings/views.py", &code)], Preset::Default, None);
        reviewed.drafts.iter().map(|draft| draft.message.clone()).collect::<Vec<_>>()
    };
    let sorted = "The first rows of pings.Ping by made are taken, which has no index: the whole table is read and sorted for them";
    assert_eq!(told("list(Ping.objects.order_by('-made')[:9])"), [sorted]);
    let looked_up = "pings.Ping is looked up by made, which has no index: every such statement reads the whole table";
    assert_eq!(told("list(Ping.objects.filter(made__gt=x))"), [looked_up]);
    // One index serves both, and the range is the more.
    let both = told("list(Ping.objects.filter(made__gt=x)), list(Ping.objects.order_by('-made')[:9])");
    assert_eq!(both, [format!("{looked_up} (2 places, all on requests or in loops)")]);
}

#[test]
fn what_no_code_puts_into_the_session_is_looked_up_by_nobody() {
    let code = "def out(request):\n    key = request.session.get('key')\n    Login.objects.filter(session=key).delete()\n    \
                return Login.objects.get(session=key)\n";
    assert_eq!(of_pings(code), Vec::<String>::new());
    let put = format!("{code}\ndef into(request, key):\n    request.session['key'] = key\n");
    assert_eq!(of_pings(&put), ["RT401 session info"]);
    // Of a part of a project nobody knows what the rest does.
    let part = format!("from pings.models import Login\n\n{code}");
    assert_eq!(found(&[("pings/models.py", PINGS), ("pings/views.py", &part)]), ["RT401 session info"]);
}

#[test]
fn rows_that_are_deleted_beyond_a_number_are_few() {
    let four: String = (0..4)
        .map(|at| format!("def f{at}(request, x, y):\n    return list(Ping.objects.filter(check=x, n__gt=y))\n\n"))
        .collect();
    assert_eq!(of_pings(&four), ["RT402 check,n info"]);
    let pruned = format!(
        "{four}def prune(check, n):\n    check.ping_set.filter(n__lt=n).delete()\n\ndef g(request, x):\n    prune(Check.objects.get(code=x), 9)\n"
    );
    assert!(of_pings(&pruned).contains(&"RT402 check,n hint".to_owned()), "{:?}", of_pings(&pruned));
}

#[test]
fn a_column_that_is_worth_an_index_is_no_part_of_one_of_many() {
    let wide = "def f(request, x, y):\n    return list(Job.objects.filter(checksum=x, kind=x, state=x, sent=y, made__gt=y))\n\n";
    let alone = "def g(request, x):\n    return Job.objects.get(checksum=x)\n\ndef h(request, x):\n    return Job.objects.get(checksum=x)\n";
    let told = of_site("jobs/views.py", &format!("{wide}{alone}"));
    assert!(told.contains(&"RT401 checksum info".to_owned()), "{told:?}");
    assert!(!told.iter().any(|one| one.starts_with("RT402") && one.ends_with("info")), "{told:?}");
}

#[test]
fn the_order_of_keys_is_no_part_of_an_index() {
    let code = "def f(request, x):\n    return Login.objects.filter(session=x).latest('pk')\n\ndef g(request, x):\n    return Login.objects.filter(session=x).first()\n";
    assert_eq!(of_pings(code), ["RT401 session info"]);
}
