"""Which boards somebody may view, and what those are called: as the admin has it, where a
`ModelAdmin` of the site's boards says so."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.sites import all_sites
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from presence.auth import board_model
from presence.models import Overview

OVERVIEW = f"{Overview._meta.app_label}.view_{Overview._meta.model_name}"
"""The permission to see all boards together."""


def board_admin(site: AdminSite) -> "ModelAdmin[Any] | None":
    """Return what an admin site has for the site's boards, None where they are none of its."""
    return admin_of(site, board_model())


def admin_of(site: AdminSite, model: type[Model]) -> "ModelAdmin[Any] | None":
    """Return what an admin site has for a model, None where it has nothing."""
    return site.get_model_admin(model) if site.is_registered(model) else None


def titles_for(site: AdminSite, request: HttpRequest, boards: Collection[UUID]) -> dict[UUID, str]:
    """Return the titles of those of the boards that somebody may view in an admin site: by its
    `ModelAdmin`'s queryset, and its permission for each. One query, and what these ask for."""
    admin = board_admin(site)
    if admin is None or not boards or not admin.has_view_permission(request):
        return {}
    return {board.pk: str(board) for board in _viewable(admin, request, boards)}


def may_view_page(model_admin: "ModelAdmin[Any]", request: HttpRequest, board: UUID) -> bool:
    """Tell whether somebody may view the page of one board, as the admin decides on that page: by
    the permission for this very board, whether or not there is one for boards at all."""
    found = model_admin.get_object(request, str(board))
    return found is not None and model_admin.has_view_permission(request, found)


def may_view_board(site: AdminSite, request: HttpRequest, board: UUID) -> bool:
    """Tell the same of an admin site's own page of the board."""
    admin = board_admin(site)
    return admin is not None and may_view_page(admin, request, board)


def may_view_accounts(site: AdminSite, request: HttpRequest) -> bool:
    """Tell whether somebody may view accounts in an admin site."""
    accounts = admin_of(site, get_user_model())
    return accounts is not None and accounts.has_view_permission(request)


def viewable(
    model_admin: "ModelAdmin[Any]", request: HttpRequest, boards: Collection[UUID]
) -> frozenset[UUID]:
    """Return those of the boards that the `ModelAdmin` lets somebody view. One query, and what its
    `has_view_permission` asks of each."""
    if not model_admin.has_view_permission(request):
        return frozenset()
    if _is_same_for_all(model_admin):
        found = model_admin.get_queryset(request).filter(pk__in=boards)
        return frozenset(found.order_by().values_list("pk", flat=True))
    return frozenset(board.pk for board in _viewable(model_admin, request, boards))


def _viewable(
    model_admin: "ModelAdmin[Any]", request: HttpRequest, boards: Collection[UUID]
) -> list[Any]:
    found = model_admin.get_queryset(request).filter(pk__in=boards)
    return [board for board in found if model_admin.has_view_permission(request, board)]


def _is_same_for_all(model_admin: "ModelAdmin[Any]") -> bool:
    """Tell whether its permission is Django's own, which does not look at the object."""
    return type(model_admin).has_view_permission is ModelAdmin.has_view_permission


def may_view_some(request: HttpRequest) -> bool:
    """Tell whether somebody of the staff may view boards at all: in any of the site's admins, or,
    where none has the boards, by the permission to view or to change them."""
    user: Any = request.user
    meta = board_model()._meta
    if not _admins():
        may = (f"{meta.app_label}.{what}_{meta.model_name}" for what in ("view", "change"))
        return bool(user.is_staff) and any(map(user.has_perm, may))
    return any(_has_boards(site, request) for site in _admins() if site.has_permission(request))


def may_view(request: HttpRequest, board: UUID) -> bool:
    """Tell whether somebody who may view boards may view this one, and there is such a board."""
    if not _admins():
        return board_model()._default_manager.filter(pk=board).exists()
    allowed = (site for site in _admins() if site.has_permission(request))
    return any(titles_for(site, request, [board]) for site in allowed)


def may_view_overview(site: AdminSite, request: HttpRequest) -> bool:
    """Tell whether somebody may see all boards together in an admin site, whichever they may
    view."""
    page = admin_of(site, Overview)
    return page is not None and site.has_permission(request) and page.has_view_permission(request)


def may_view_all(request: HttpRequest) -> bool:
    """Tell whether somebody may see all boards together in any of the site's admins, or, where none
    has the overview, is of the staff with the permission to."""
    sites = [site for site in all_sites if site.is_registered(Overview) and _is_served(site)]
    user: Any = request.user
    if not sites:
        return bool(user.is_staff) and user.has_perm(OVERVIEW)
    return any(may_view_overview(site, request) for site in sites)


def _admins() -> list[AdminSite]:
    return [site for site in all_sites if site.is_registered(board_model()) and _is_served(site)]


def _is_served(site: AdminSite) -> bool:
    """Tell whether an admin site has an address: `admin.site` is there anyway."""
    try:
        reverse(f"{site.name}:index")
    except NoReverseMatch:
        return False
    return True


def _has_boards(site: AdminSite, request: HttpRequest) -> bool:
    admin = board_admin(site)
    return admin is not None and admin.has_view_permission(request)
