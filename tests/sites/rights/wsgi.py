"""Serves pages only, as a worker beside the processes that serve sockets."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
