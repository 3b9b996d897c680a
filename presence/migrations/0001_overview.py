from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Overview",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                )
            ],
            options={
                "verbose_name": "overview",
                "verbose_name_plural": "overview",
                "permissions": (
                    ("remove_person", "Can remove people from boards"),
                    ("close_board", "Can close boards to newcomers"),
                    ("reconnect_board", "Can have everybody on a board reconnect"),
                ),
                "managed": False,
                "default_permissions": ("view",),
                "base_manager_name": "objects",
            },
        )
    ]
