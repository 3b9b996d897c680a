from django.apps import AppConfig


class PresenceSiteConfig(AppConfig):
    """The boards, their notes and their pages."""

    name = "presence_site"
    verbose_name = "Boards"
    default_auto_field = "django.db.models.BigAutoField"
