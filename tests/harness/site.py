"""A Django of our users, in this process: `with django_site(ANYMAIL={...}): ...`. Django is set up once for all."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.test.utils import override_settings


@contextmanager
def django_site(**given: Any) -> Iterator[None]:
    if not settings.configured:
        settings.configure(USE_TZ=True, ALLOWED_HOSTS=["*"])
        django.setup()
    with override_settings(**given):
        yield
