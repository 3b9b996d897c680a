"""The URLs of the example site, with those that django-grappelli needs."""

from django.urls import include, path

urlpatterns = [
    path("grappelli/", include("grappelli.urls")),
    path("", include("presence_site.urls")),
]
