from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from presence_site import accounts, boards, notes, notes_api

urlpatterns = [
    path("", boards.board_list, name="boards"),
    path("boards/new/", boards.board_new, name="board_new"),
    path("boards/<uuid:board_id>/", boards.board_detail, name="board"),
    path("boards/<uuid:board_id>/rename/", boards.board_rename, name="board_rename"),
    path("boards/<uuid:board_id>/delete/", boards.board_delete, name="board_delete"),
    path("boards/<uuid:board_id>/notes/", notes_api.note_list, name="notes"),
    path("boards/<uuid:board_id>/notes/<int:note_id>/", notes_api.note_detail, name="note"),
    path("boards/<uuid:board_id>/notes/add/", notes.note_add, name="note_add"),
    path("boards/<uuid:board_id>/notes/<int:note_id>/edit/", notes.note_edit, name="note_edit"),
    path(
        "boards/<uuid:board_id>/notes/<int:note_id>/delete/",
        notes.note_delete,
        name="note_delete",
    ),
    path("accounts/login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/signup/", accounts.SignUp.as_view(), name="signup"),
    path("admin/", admin.site.urls),
    path("", include("presence.urls")),
]
