"""Django settings, read once from the environment (see .env.example). Importing this module starts nothing."""

from pathlib import Path
from typing import Annotated, Literal

from django.core.exceptions import ImproperlyConfigured
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from smmatic.kernel.database_url import parse_database_url

PACKAGE = Path(__file__).resolve().parent


class Environment(BaseSettings):
    """What an installation may set. Names are upper case with the prefix SMMATIC_ unless an alias is given."""

    model_config = SettingsConfigDict(env_prefix="SMMATIC_", env_file=".env", extra="ignore", populate_by_name=True)

    secret_key: str = Field(
        default="", description="Signs sessions; 50+ random characters. Made by `smmatic` if unset."
    )
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    database_owner_url: str = Field(default="", validation_alias="DATABASE_OWNER_URL")
    database_role: Literal["app", "owner"] = "app"
    debug: bool = False
    hosts: Annotated[str, NoDecode] = "localhost,127.0.0.1,[::1]"
    public_url: str = "http://127.0.0.1:8000"
    support_address: str = "support@smmatic.com"
    site_name: str = "SMMATIC"
    time_zone: str = "Asia/Ho_Chi_Minh"
    dev_mail: bool = Field(default=True, description="Keep mails on a page on loopback instead of sending them.")
    email_host: str = ""
    email_port: int = 587
    email_user: str = ""
    email_password: str = ""
    email_tls: bool = True
    credit_price_vnd: int = Field(default=25_000, ge=1, description="What one Credit costs, in dong.")
    bank_details: str = "Vietcombank · 0071 0000 00000 · CONG TY SMMATIC"
    provider_private_hosts: str = Field(default="", description="host:port exceptions of the guarded client, commas.")
    worker_idle_seconds: float = Field(default=0.5, gt=0)
    trust_proxy: bool = Field(default=False, description="Believe X-Forwarded-Proto and -For of one reverse proxy.")
    api_calls_per_minute: int = Field(default=3000, ge=1, description="Requests that one API key may make in a minute.")
    later_policy_if_better: bool = Field(
        default=False, description="A later policy governs earlier orders where it is better for the customer."
    )
    log_level: str = "INFO"


try:
    ENV = Environment()
except ValidationError as error:
    raise ImproperlyConfigured(f"The environment is not valid; see .env.example.\n{error}") from error

_LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "testserver"}
ALLOWED_HOSTS = [host.strip() for host in ENV.hosts.split(",") if host.strip()]
PUBLIC = not set(ALLOWED_HOSTS) <= _LOOPBACK
DEBUG = ENV.debug
if DEBUG and PUBLIC:
    raise ImproperlyConfigured("SMMATIC_DEBUG is on and SMMATIC_HOSTS names a public host. Turn debug off.")
if PUBLIC and len(ENV.secret_key) < 50:
    raise ImproperlyConfigured("A public host needs SMMATIC_SECRET_KEY with at least 50 random characters.")
if PUBLIC and not ENV.public_url.startswith("https://"):
    raise ImproperlyConfigured("A public host needs SMMATIC_PUBLIC_URL with https://.")
SECRET_KEY = ENV.secret_key or "loopback-only-key-that-signs-nothing-of-worth-and-is-refused-in-public"

SMMATIC_SUPPORT_ADDRESS = ENV.support_address
SMMATIC_SITE_NAME = ENV.site_name
SMMATIC_PUBLIC_URL = ENV.public_url.rstrip("/")
SMMATIC_DEV_MAIL = ENV.dev_mail and not PUBLIC
SMMATIC_CREDIT_PRICE_VND = ENV.credit_price_vnd
SMMATIC_BANK_DETAILS = ENV.bank_details
SMMATIC_PROVIDER_PRIVATE_HOSTS = tuple(h.strip() for h in ENV.provider_private_hosts.split(",") if h.strip())
SMMATIC_WORKER_IDLE_SECONDS = ENV.worker_idle_seconds
SMMATIC_API_CALLS_PER_MINUTE = ENV.api_calls_per_minute
SMMATIC_LATER_POLICY_IF_BETTER = ENV.later_policy_if_better
SMMATIC_MAX_FILE_BYTES = 10 * 1024 * 1024
SMMATIC_MAX_FILES = 10

INSTALLED_APPS = [
    "smmatic.apps.SmmaticConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "csp",
    "ninja",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "smmatic.web.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "smmatic.web.middleware.RefusalMiddleware",
]

ROOT_URLCONF = "smmatic.urls"
WSGI_APPLICATION = "smmatic.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "smmatic.User"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "smmatic.web.context.page",
                "smmatic.desk.navigation.rooms",
            ],
            "libraries": {"smm": "smmatic.web.templatetags.smm"},
        },
    }
]

DATABASES = {
    "default": parse_database_url(ENV.database_owner_url if ENV.database_role == "owner" else ENV.database_url)
}

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_SIGNUP_FORM_CLASS = "smmatic.accounts.forms.SignupForm"
ACCOUNT_ADAPTER = "smmatic.accounts.adapter.AccountAdapter"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PUBLIC else "http"
# 'key' is account and network address together (see AccountAdapter), so that nobody can lock an owner out. Each web
# process counts its own.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/300s/key", "signup": "60/m/ip" if not PUBLIC else "20/m/ip"}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if ENV.trust_proxy else 0
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("vi", "Tiếng Việt")]
LOCALE_PATHS = [PACKAGE / "locale"]
FORMAT_MODULE_PATH = ["smmatic.web.formats"]
LANGUAGE_COOKIE_NAME = "smmatic_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
TIME_ZONE = ENV.time_zone

STATIC_URL = "static/"
STATIC_ROOT = None  # served from the package itself, by WhiteNoise over the finders
STATICFILES_DIRS = [PACKAGE / "web" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

EMAIL_BACKEND = "smmatic.notices.backend.StoreBackend"
DEFAULT_FROM_EMAIL = f"{ENV.site_name} <{ENV.support_address}>"
EMAIL_HOST = ENV.email_host
EMAIL_PORT = ENV.email_port
EMAIL_HOST_USER = ENV.email_user
EMAIL_HOST_PASSWORD = ENV.email_password
EMAIL_USE_TLS = ENV.email_tls
EMAIL_TIMEOUT = 20

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "smmatic.web.errors.csrf_failure"
SECURE_SSL_REDIRECT = PUBLIC
SECURE_REDIRECT_EXEMPT = ["^livez$", "^readyz$"]  # asked by load balancers beside us, without TLS
SECURE_HSTS_SECONDS = 31_536_000 if PUBLIC else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PUBLIC
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.trust_proxy else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": ENV.log_level},
    "loggers": {"django.request": {"level": "ERROR"}, "httpx2": {"level": "WARNING"}},
}
# The address is unique whatever its case, by a constraint over lower(email) that this check does not see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
NINJA_PAGINATION_MAX_LIMIT = 200
