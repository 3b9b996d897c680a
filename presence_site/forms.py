from typing import Any, ClassVar

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import UserCreationForm

from presence_site.models import Board, Note


class BoardForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to the checker only
    """The title of a board and whether guests may come."""

    class Meta:
        model = Board
        fields = ("title", "open_to_guests")
        labels: ClassVar = {"open_to_guests": "Open to guests"}


class NoteText(forms.CharField):
    """Text of a note. Browsers send line breaks as CRLF; the limit counts each as one."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class NoteForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to the checker only
    """The words and the colour of a note."""

    text = NoteText(max_length=500, widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}))

    class Meta:
        model = Note
        fields: tuple[str, ...] = ("text", "color")
        labels: ClassVar = {"color": "Paper"}


class PlacedNoteForm(NoteForm):
    """A whole note: its words, its colour and where it is."""

    class Meta(NoteForm.Meta):
        fields = ("text", "color", "x", "y")


class SignUpForm(UserCreationForm):  # type: ignore[type-arg]  # generic to the checker only
    """A new account; the name is what others see beside the pointer."""

    class Meta(UserCreationForm.Meta):
        model = get_user_model()
        fields = ("username", "first_name")
        labels: ClassVar = {"first_name": "Your name"}
        help_texts: ClassVar = {"first_name": "Optional. Others see it beside your pointer."}
