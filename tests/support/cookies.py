"""Cookies by which a real server knows who asks."""

from tests.support.server import Server


def guest_cookie(server: Server) -> str:
    code = "from presence.guests import *; print(sign_guest(new_guest()))"
    return f"presence_guest={server.manage('shell', '--no-imports', '-c', code).strip()}"


def staff_cookie(server: Server) -> str:
    code = (
        "from django.test import Client; from django.contrib.auth.models import User; c = Client();"
        "c.force_login(User.objects.get(username='admin')); print(c.cookies['sessionid'].value)"
    )
    return f"sessionid={server.manage('shell', '--no-imports', '-c', code).strip()}"
