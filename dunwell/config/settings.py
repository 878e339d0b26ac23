"""Django settings. What an operator may set comes from the environment (reference/settings.md)."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from dunwell.tenancy.database.base import pool_reset

DATA = Path(os.environ.get("DUNWELL_DATA", "var")).absolute()


def _database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "dunwell.tenancy.database",
        "NAME": unquote(parts.path.lstrip("/")) or "dunwell",
        "USER": unquote(parts.username or "dunwell"),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or query.pop("port", "")),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **query,
            "pool": {"min_size": 1, "max_size": 16, "timeout": 20, "reset": pool_reset},
        },
    }


def _secret_key() -> str:
    """Return the installation's key; made once and kept in the data folder."""
    if key := os.environ.get("DUNWELL_SECRET_KEY"):
        return key
    path = DATA / "secret.key"
    if path.exists():
        return path.read_text().strip()
    return "not-a-secret-only-for-commands-without-a-data-folder"


def _mailer(url: str) -> dict[str, Any]:
    """Read smtp://user:password@host:port?security=starttls; without one, mails become files."""
    backends = "django.core.mail.backends"
    if not url:
        folder = {"file_path": str(DATA / "mail")}
        return {"BACKEND": f"{backends}.filebased.EmailBackend", "OPTIONS": folder}
    parts = urlsplit(url)
    security = parse_qs(parts.query).get("security", ["starttls"])[-1]
    return {
        "BACKEND": f"{backends}.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname or "localhost",
            "port": parts.port or {"tls": 465, "starttls": 587}.get(security, 25),
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_tls": security == "starttls",
            "use_ssl": security == "tls",
            "timeout": 15,
        },
    }


DATABASES = {"default": _database(os.environ.get("DUNWELL_DATABASE", "postgresql:///dunwell"))}
SECRET_KEY = _secret_key()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("DUNWELL_HOSTS", "*").split(",")
URL = os.environ.get("DUNWELL_URL", "").rstrip("/")
SECURE = URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [URL] if URL else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "dunwell.web",  # before allauth: our templates come first
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "procrastinate.contrib.django",
    "dunwell.config",
    "dunwell.tenancy",
    "dunwell.ledger",
    "dunwell.inbox",
    "dunwell.chasing",
    "dunwell.overview",
]

MIDDLEWARE = [
    "dunwell.web.middleware.request_log",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dunwell.web.middleware.membership",
    "dunwell.web.errors.ErrorPages",
]
CSRF_FAILURE_VIEW = "dunwell.web.errors.csrf_failed"
SECURE_CSP = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "style-src": ["'self'"],
    "script-src": ["'self'"],
    "frame-ancestors": ["'none'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "object-src": ["'none'"],
}

ROOT_URLCONF = "dunwell.config.urls"
ASGI_APPLICATION = "dunwell.config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dunwell.web.context.frame",
                "dunwell.web.accounts.context.mail",
            ],
        },
    }
]

AUTH_USER_MODEL = "tenancy.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_ADAPTER = "dunwell.web.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "dunwell.web.accounts.forms.SignupForm"}
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Dunwell"
MFA_ADAPTER = "dunwell.web.accounts.adapter.MfaAdapter"

# Mails about accounts (invitations, passwords). Each organization's own mail goes another way.
# Answers go to reply+token@ this domain, whose mail reaches `dunwell receive`.
REPLY_DOMAIN = os.environ.get("DUNWELL_REPLY_DOMAIN", "").strip().lower()
SMTP_URL = os.environ.get("DUNWELL_SMTP_URL", "")
MAIL_FOLDER = "" if SMTP_URL else str(DATA / "mail")
MAILERS = {"default": _mailer(SMTP_URL)}
DEFAULT_FROM_EMAIL = os.environ.get("DUNWELL_MAIL_FROM", "Dunwell <dunwell@localhost>")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]  # those whose catalogue is complete: no page in two languages
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
IMPORT_MAX_BYTES = int(os.environ.get("DUNWELL_IMPORT_MAX_MB", "100")) * 1024 * 1024

LOGGING_CONFIG = None  # dunwell.config.logs sets up structured logs
