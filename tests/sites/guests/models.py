"""Boards with no rule, and with rules that let nobody in."""

from typing import Any

from django.db import models

from presence.auth import Decision


class Article(models.Model):
    """Has no rule."""

    title = models.CharField(max_length=50)


class Rule(models.Model):
    """Has a rule that does what its name says."""

    name = models.CharField(primary_key=True, max_length=50)

    def presence_decision(self, user: Any) -> Decision | bool:
        """Return the decision of this name, or do something else."""
        if self.name == "fails":
            if Article.objects.filter(title="The rule is mended").exists():
                return Decision.ALLOW
            raise ValueError("the rule is broken")
        return True if self.name == "true" else Decision[self.name.upper()]


class Draft(models.Model):
    """Is no board: `PRESENCE["BOARDS"]` does not name it."""
