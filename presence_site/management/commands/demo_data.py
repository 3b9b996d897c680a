from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from presence_site import demo

DEMO_PASSWORD = "admin"  # noqa: S105 (everyone knows it, which is why DEBUG must be on)


class Command(BaseCommand):
    """Staff `admin` with the password `admin`, and two boards; what is there already is kept."""

    help = "Makes a staff account (admin/admin) and two boards with notes. Only with DEBUG on."

    @transaction.atomic
    def handle(self, *args: object, **options: object) -> None:
        if not settings.DEBUG:
            raise CommandError("demo_data makes a password anyone can guess: it needs DEBUG on.")
        owner = _admin()
        made = [board.title for board in demo.BOARDS if demo.make_board(board, owner.pk)]
        self.stdout.write(f"Made: {', '.join(made)}" if made else "Everything was there already.")


def _admin() -> User:
    accounts = get_user_model().objects
    return accounts.filter(username="admin").first() or accounts.create_superuser(
        "admin", password=DEMO_PASSWORD, first_name="Ada", last_name="Admin"
    )
