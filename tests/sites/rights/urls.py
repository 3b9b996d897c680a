"""The pages of presence, a view that signs in, and one for each way to lose a right."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils import timezone

from presence import api
from tests.sites.rights.models import Ban, Plan

BACKEND = "django.contrib.auth.backends.ModelBackend"


def _deactivate(request: HttpRequest, user: User, plan: Plan) -> None:
    user.is_active = False
    user.save()


def _new_password(request: HttpRequest, user: User, plan: Plan) -> None:
    user.set_password("another")
    user.save()


def _own_new_password(request: HttpRequest, user: User, plan: Plan) -> None:
    assert request.user == user  # as a view with a form has asked
    _new_password(request, user, plan)
    update_session_auth_hash(request, user)


def _change(**fields: Any) -> Callable[[HttpRequest, User, Plan], None]:
    def change(request: HttpRequest, user: User, plan: Plan) -> None:
        for name, value in fields.items():
            setattr(plan, name, value)
        plan.save()

    return change


def _ban(request: HttpRequest, user: User, plan: Plan) -> None:
    Ban.objects.create(user=user)
    api.recheck(user=user)


def _quietly(what: str) -> Callable[[HttpRequest, User, Plan], None]:
    """Return how to do something that sends no signal."""

    def do(request: HttpRequest, user: User, plan: Plan) -> None:
        if what == "account":
            User.objects.filter(pk=user.pk).update(is_active=False)
        elif what == "plan":
            Plan.objects.filter(pk=plan.pk).update(closed=True)
        elif what == "rule":
            Ban.objects.create(user=user)
        elif what == "expiry":
            Session.objects.filter(pk=request.session.session_key).update(
                expire_date=timezone.now()
            )
        elif what == "sql":
            with connection.cursor() as cursor:
                table = Session._meta.db_table
                key = request.session.session_key
                cursor.execute(f"DELETE FROM {table} WHERE session_key = %s", [key])
        else:
            request.session.delete()

    return do


WAYS: dict[str, Callable[[HttpRequest, User, Plan], Any]] = {
    "nothing": lambda request, user, plan: None,
    "logout": lambda request, user, plan: logout(request),
    "everywhere": lambda request, user, plan: Session.objects.filter(
        pk=request.session.session_key
    ).delete(),
    "password": _new_password,
    "own password": _own_new_password,
    "inactive": _deactivate,
    "account deleted": lambda request, user, plan: user.delete(),
    "permission": lambda request, user, plan: user.user_permissions.clear(),
    "group": lambda request, user, plan: user.groups.clear(),
    "permission of a group": lambda request, user, plan: user.groups.get().permissions.clear(),
    "group deleted": lambda request, user, plan: user.groups.get().delete(),
    "rule": _ban,
    "closed": _change(closed=True),
    "members only": _change(for_members=True),
    "not a member": lambda request, user, plan: plan.members.remove(user),
    "no guests": _change(open=False),
    "plan deleted": lambda request, user, plan: plan.delete(),
    "quietly account": _quietly("account"),
    "quietly plan": _quietly("plan"),
    "quietly rule": _quietly("rule"),
    "quietly expiry": _quietly("expiry"),
    "quietly sql": _quietly("sql"),
    "quietly session": _quietly("session"),
}


def sign_in(request: HttpRequest, name: str) -> HttpResponse:
    """Sign in as somebody, who is made, with the permission to see plans: through a group if their
    name says so, up to a dot."""
    user, made = User.objects.get_or_create(username=name)
    if made:
        sees = Permission.objects.get(codename="view_plan")
        if "group" in name:
            group, _ = Group.objects.get_or_create(name=name.partition(".")[0])
            group.permissions.add(sees)
            user.groups.add(group)
        else:
            user.user_permissions.add(sees)
    login(request, user, BACKEND)
    return HttpResponse("ok")


def make(request: HttpRequest) -> HttpResponse:
    """Make a plan, and return its key. The query says what it asks for, and who is a member."""
    fields = {name: True for name in request.GET if name not in ("open", "member")}
    plan = Plan.objects.create(title="Plan", open="open" in request.GET, **fields)
    plan.members.set(User.objects.filter(username__in=request.GET.getlist("member")))
    return HttpResponse(str(plan.pk))


def lose(request: HttpRequest, way: str, name: str, key: int) -> HttpResponse:
    """Do what costs somebody a right."""
    user, plan = User.objects.filter(username=name).first(), Plan.objects.get(pk=key)
    WAYS[way](request, user or User(), plan)
    return HttpResponse("ok")


urlpatterns = [
    path("sign-in/<str:name>/", sign_in),
    path("make/", make),
    path("lose/<str:way>/<str:name>/<int:key>/", lose),
    path("", include("presence.urls")),
]
