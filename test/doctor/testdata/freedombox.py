"""Serves the autoconfig document of FreedomBox by its own view, where its Apache passes
the request on to. The arguments are the folder of its Python packages, and the port."""

import sys
from wsgiref.simple_server import make_server

sys.path.insert(0, sys.argv[1])

import django  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import path  # noqa: E402

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [sys.argv[1] + "/plinth/modules/email/templates"],
    }],
)
django.setup()

from plinth.modules.email.views import XmlView  # noqa: E402

urlpatterns = [path("plinth/apps/email/config.xml", XmlView.as_view())]
make_server("127.0.0.1", int(sys.argv[2]), get_wsgi_application()).serve_forever()
