"""The example site with a content security policy that allows scripts and styles by nonce only:
Django's own from 6.0 on, else django-csp's."""

import django

from presence_site.settings import *  # noqa: F403
from presence_site.settings import MIDDLEWARE

NONCE: object
if django.VERSION >= (6,):
    from django.utils.csp import CSP

    NONCE, POLICIES = CSP.NONCE, "django.middleware.csp.ContentSecurityPolicyMiddleware"
else:
    from csp.constants import NONCE

    POLICIES = "csp.middleware.CSPMiddleware"

DIRECTIVES = {
    "default-src": ["'none'"],
    "script-src": [NONCE, "'strict-dynamic'"],
    "style-src": [NONCE],
    "connect-src": ["'self'"],
    "img-src": ["'self'"],
}
SECURE_CSP = DIRECTIVES
CONTENT_SECURITY_POLICY = {"DIRECTIVES": DIRECTIVES}
MIDDLEWARE = [name for name in MIDDLEWARE if "content_security_policy" not in name]
MIDDLEWARE = [POLICIES, *MIDDLEWARE]
ROOT_URLCONF = "tests.sites.nonces.urls"
