"""Locks an account for a while after too many failed logins."""

import time

from django.core.cache import cache
from django.db import models

WINDOW = 15 * 60
MOST_FAILURES = 5


class LoginAttempt(models.Model):
    username = models.CharField(max_length=150)
    address = models.GenericIPAddressField()
    succeeded = models.BooleanField(default=False)
    at = models.DateTimeField(auto_now_add=True)


def track_failure(username, address):
    """Notes a failed login, and says whether the account is locked now."""
    key = f"lockout_attempts:{username}"
    attempts = cache.get(key, [])
    attempts.append({"address": address, "at": time.time()})
    cache.set(key, attempts, WINDOW)
    LoginAttempt.objects.create(username=username, address=address)
    return len(attempts) >= MOST_FAILURES


def is_locked(username):
    attempts = cache.get(f"lockout_attempts:{username}", [])
    return len(attempts) >= MOST_FAILURES


def login_history(request):
    """The latest logins of the account that is asked for."""
    username = request.GET["username"]
    return list(LoginAttempt.objects.filter(username=username).order_by("-at")[:20])


def failures_since(username, start):
    return LoginAttempt.objects.filter(username=username, succeeded=False, at__gte=start).count()
