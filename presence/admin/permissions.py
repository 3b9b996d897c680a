"""Which models, boards and titles a user may view, as the site's admin decides."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.sites import all_sites
from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from presence.auth import board_model


def admin_of(site: AdminSite, model: type[Model]) -> "ModelAdmin[Any] | None":
    """Return the `ModelAdmin` of a model in an admin site, None where it has none."""
    return site.get_model_admin(model) if site.is_registered(model) else None


def may_view(site: AdminSite, request: HttpRequest, model: type[Model]) -> bool:
    """Return whether the user may view a model in an admin site."""
    model_admin = admin_of(site, model)
    return bool(
        model_admin and site.has_permission(request) and model_admin.has_view_permission(request)
    )


def may_view_board(model_admin: "ModelAdmin[Any]", request: HttpRequest, board: UUID) -> bool:
    """Return whether the user may view the page of a board: like that page, by the permission for
    this board alone."""
    found = model_admin.get_object(request, str(board))
    return found is not None and model_admin.has_view_permission(request, found)


def viewable_boards(
    model_admin: "ModelAdmin[Any]", request: HttpRequest, boards: Collection[UUID]
) -> frozenset[UUID]:
    """Return those of the boards that the user may view, with one query plus whatever a
    `has_view_permission` of the site's own asks per board."""
    if not model_admin.has_view_permission(request):
        return frozenset()
    if type(model_admin).has_view_permission is ModelAdmin.has_view_permission:
        # Django's own permission does not depend on the object, so the keys are enough.
        found = model_admin.get_queryset(request).filter(pk__in=boards)
        return frozenset(found.order_by().values_list("pk", flat=True))
    return frozenset(board.pk for board in _viewable(model_admin, request, boards))


def viewable_titles(
    site: AdminSite, request: HttpRequest, boards: Collection[UUID]
) -> dict[UUID, str]:
    """Return the titles of those of the boards that the user may view in an admin site."""
    model_admin = admin_of(site, board_model())
    if model_admin is None or not boards or not model_admin.has_view_permission(request):
        return {}
    return {board.pk: str(board) for board in _viewable(model_admin, request, boards)}


def _viewable(
    model_admin: "ModelAdmin[Any]", request: HttpRequest, boards: Collection[UUID]
) -> list[Any]:
    found = model_admin.get_queryset(request).filter(pk__in=boards)
    return [board for board in found if model_admin.has_view_permission(request, board)]


def may_view_anywhere(request: HttpRequest, model: type[Model]) -> bool:
    """Return whether the user may view a model in any admin site; where none has it, staff need
    Django's permission to view or change it."""
    sites = _sites_with(model)
    if sites:
        return any(may_view(site, request, model) for site in sites)
    user: Any = request.user
    app, name = model._meta.app_label, model._meta.model_name
    codes = (f"{app}.{verb}_{name}" for verb in ("view", "change"))
    return bool(user.is_staff) and any(map(user.has_perm, codes))


def may_view_board_anywhere(request: HttpRequest, board: UUID) -> bool:
    """Return whether a board exists and a user who may view boards may view this one."""
    sites = _sites_with(board_model())
    if not sites:
        return board_model()._default_manager.filter(pk=board).exists()
    allowed = (site for site in sites if site.has_permission(request))
    return any(viewable_titles(site, request, [board]) for site in allowed)


def _sites_with(model: type[Model]) -> list[AdminSite]:
    """Return the admin sites with a model and a URL: `admin.site` exists in every project."""
    return [s for s in all_sites if s.is_registered(model) and url_or_none(f"{s.name}:index")]


def url_or_none(name: str, **kwargs: object) -> str | None:
    """Return the URL of a view, None if the project has no view of that name."""
    try:
        return reverse(name, kwargs=kwargs)
    except NoReverseMatch:
        return None
