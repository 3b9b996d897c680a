from django.contrib.auth.models import User
from django.http import HttpResponse, JsonResponse
from django.template import Context, Template
from django.urls import include, path

from club.models import Room
from presence import api

PAGE = Template(
    "{% load presence %}{% presence_count room %} {% presence_last_seen user %}"
    "{% presence_overlay room %}"
)


def page(request, room):
    context = {"request": request, "room": Room.objects.get(pk=room), "user": request.user}
    return HttpResponse(PAGE.render(Context(context)))


def lock_out(request, user):
    """End an account, and close its tabs."""
    User.objects.filter(pk=user).update(is_active=False)
    return JsonResponse({"closed": api.disconnect(user)})


async def who(request, room):
    return JsonResponse({"names": [person.name for person in await api.apeople(room)]})


urlpatterns = [
    path("room/<int:room>/", page),
    path("who/<path:room>/", who),
    path("lock-out/<int:user>/", lock_out),
    path("", include("presence.urls")),
]
