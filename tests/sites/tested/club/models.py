from django.contrib.auth.models import User
from django.db import models
from django.dispatch import receiver

from presence import api
from presence.auth import Decision
from presence.signals import board_emptied, person_joined, person_left


class Room(models.Model):
    title = models.CharField(max_length=50)
    members = models.ManyToManyField(User)

    class Meta:
        app_label = "club"

    def presence_decision(self, user):
        """Let members in only."""
        if not user.is_authenticated:
            return Decision.SIGN_IN
        return Decision.ALLOW if self.members.filter(pk=user.pk).exists() else Decision.FORBID


class Visit(models.Model):
    room = models.ForeignKey(Room, models.CASCADE)
    what = models.CharField(max_length=20)
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "club"


KINDS = {person_joined: "joined", person_left: "left", board_emptied: "emptied"}


@receiver([*KINDS])
def note_visit(signal, board, name, **kwargs):
    """Write into the database who comes and goes."""
    room = api.find(board)
    if isinstance(room, Room):
        Visit.objects.create(room=room, what=KINDS[signal], name=name)
