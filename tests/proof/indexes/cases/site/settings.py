"""What the command is told of the project; the run itself is configured by measure.py."""

INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.postgres", "depot"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
