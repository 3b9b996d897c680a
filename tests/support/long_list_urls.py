"""The example site's pages, with 500 boards on a page of the admin."""

from presence_site.admin import BoardAdmin
from presence_site.urls import urlpatterns

__all__ = ["urlpatterns"]

BoardAdmin.list_per_page = 500
