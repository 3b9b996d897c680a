"""Which models, boards and titles a user may view, as the site's admin decides."""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.sites import all_sites
from django.contrib.admin.utils import quote
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, Q
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from presence.boards import board_models, board_of, find_boards, is_room, keys_in, model_of, of_key
from presence.models import Overview
from presence.sessions import request_user


def admin_of(site: AdminSite, model: type[Model]) -> "ModelAdmin[Any] | None":
    """Return the `ModelAdmin` of a model in an admin site, None where it has none."""
    return site.get_model_admin(model) if site.is_registered(model) else None


def may_view(site: AdminSite, request: HttpRequest, model: type[Model]) -> bool:
    """Return whether the user may view a model in an admin site."""
    model_admin = admin_of(site, model)
    return bool(
        model_admin and site.has_permission(request) and model_admin.has_view_permission(request)
    )


def kind_of(model: type[Model]) -> type[Model] | None:
    """Return the model of `PRESENCE["BOARDS"]` by which objects of a model are boards. None for
    others, and while `PRESENCE` is wrong: the site's own pages work without it."""
    try:
        return model_of(model)
    except ImproperlyConfigured:
        return None


def may_view_board(model_admin: "ModelAdmin[Any]", request: HttpRequest, board: UUID) -> bool:
    """Return whether the user may view the page of a board: like that page, by the permission for
    this board alone."""
    kind = kind_of(model_admin.model)
    keys = keys_in(kind, [board]) if kind else {}
    found = model_admin.get_object(request, str(keys[board])) if keys else None
    return found is not None and model_admin.has_view_permission(request, found)


def viewable_boards(
    model_admin: "ModelAdmin[Any]", request: HttpRequest, boards: Collection[UUID]
) -> frozenset[UUID]:
    """Return those of the boards that the user may view, with one query plus whatever a
    `has_view_permission` of the site's own asks per board."""
    if not model_admin.has_view_permission(request):
        return frozenset()
    kind = kind_of(model_admin.model)
    if kind and type(model_admin).has_view_permission is ModelAdmin.has_view_permission:
        # Django's own permission does not depend on the object, so the keys are enough.
        rows = model_admin.get_queryset(request).filter(among(model_admin.model, boards))
        keys = rows.order_by().values_list(kind._meta.pk.name, flat=True)
        return frozenset(of_key(kind, key) for key in keys)
    return frozenset(_viewable(model_admin, request, boards))


class Title(NamedTuple):
    """The title of a board, and the URL of its page in the admin, None for a named room."""

    text: str
    url: str | None


def viewable_titles(
    site: AdminSite, request: HttpRequest, boards: Collection[UUID]
) -> dict[UUID, Title]:
    """Return the titles of those of the boards that the user may view in an admin site. Named rooms
    have no permissions of their own: who may view the overview may view them."""
    titles: dict[UUID, Title] = {}
    for model in board_models():
        model_admin = admin_of(site, model)
        kin = keys_in(model, boards)
        if model_admin is None or not kin or not model_admin.has_view_permission(request):
            continue
        change = f"{site.name}:{model._meta.app_label}_{model._meta.model_name}_change"
        for board, found in _viewable(model_admin, request, kin).items():
            titles[board] = Title(str(found), url_or_none(change, object_id=quote(found.pk)))
    rooms = [board for board in boards if is_room(board)]
    if rooms and may_view(site, request, Overview):
        titles |= {room: Title(str(room), None) for room in rooms}
    return titles


def _viewable(
    model_admin: "ModelAdmin[Any]", request: HttpRequest, boards: Collection[UUID]
) -> dict[UUID, Any]:
    """Return the objects of those of the boards that the user may view."""
    found = model_admin.get_queryset(request).filter(among(model_admin.model, boards))
    return {
        board_of(each): each for each in found if model_admin.has_view_permission(request, each)
    }


def among(model: type[Model], boards: Collection[UUID]) -> Q:
    """Return the condition by which objects of a model are some of the boards."""
    kind = kind_of(model)
    if kind is None:
        return Q(pk__in=[])
    return Q((f"{kind._meta.pk.name}__in", [*keys_in(kind, boards).values()]))


def may_view_anywhere(request: HttpRequest, model: type[Model]) -> bool:
    """Return whether the user may view a model in any admin site; where none has it, staff need
    Django's permission to view or change it."""
    sites = _sites_with(model)
    if sites:
        return any(may_view(site, request, model) for site in sites)
    user = request_user(request)
    app, name = model._meta.app_label, model._meta.model_name
    codes = (f"{app}.{verb}_{name}" for verb in ("view", "change"))
    # A user model need not have either.
    has_perm = getattr(user, "has_perm", None)
    if has_perm is None or not getattr(user, "is_staff", False):
        return False
    return any(map(has_perm, codes))


def kinds_of(board: UUID) -> list[type[Model]]:
    """Return the models that may have the object of a board: none for a named room."""
    return [model for model in board_models() if keys_in(model, [board])]


def may_view_board_anywhere(
    request: HttpRequest, board: UUID, kinds: Collection[type[Model]]
) -> bool:
    """Return whether a board exists and a user who may view boards of these kinds may view this
    one."""
    for model in kinds:
        sites = _sites_with(model)
        if not sites and isinstance(find_boards([board]).get(board), model):
            return True
        allowed = (site for site in sites if site.has_permission(request))
        if any(viewable_titles(site, request, [board]) for site in allowed):
            return True
    return False


def _sites_with(model: type[Model]) -> list[AdminSite]:
    """Return the admin sites with a model and a URL: `admin.site` exists in every project."""
    return [s for s in all_sites if s.is_registered(model) and url_or_none(f"{s.name}:index")]


def url_or_none(name: str, **kwargs: object) -> str | None:
    """Return the URL of a view, None if the project has no view of that name."""
    try:
        return reverse(name, kwargs=kwargs)
    except NoReverseMatch:
        return None
