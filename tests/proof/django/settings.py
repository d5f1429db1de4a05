"""Settings of the proof's project; which database it uses is said by the environment."""

import os

SECRET_KEY = "proof"
DEBUG = False
USE_TZ = True
ROOT_URLCONF = "urls"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "rest_framework",
    "library",
]
MIDDLEWARE = []
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
# Tables come from the models as they are.
MIGRATION_MODULES = {app.rpartition(".")[2]: None for app in INSTALLED_APPS}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": os.environ.get("PROOF_ENGINE", "django.db.backends.sqlite3"),
        "NAME": os.environ.get("PROOF_NAME", ":memory:"),
        "HOST": os.environ.get("PROOF_HOST", ""),
        "USER": os.environ.get("PROOF_USER", ""),
    }
}
