"""The example site, with a URL that tells what is inside its process."""

from presence_site.asgi import application as site
from tests.support.watched import watched

application = watched(site)
