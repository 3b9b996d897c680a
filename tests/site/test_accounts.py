import pytest
from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db

NEW = {
    "username": "nina",
    "first_name": "Nina N",
    "password1": "calm-waters-9",
    "password2": "calm-waters-9",
}


def who(client):
    return client.get("/").context["user"].get_username()


def test_sign_in_and_out(client, owner):
    assert "Sign out" not in client.get("/").text
    answer = client.post("/accounts/login/", {"username": "olga", "password": "pw-olga-1"})
    assert answer.headers["Location"] == "/"
    assert "Olga Ow" in client.get("/").text
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/").headers["Location"] == "/"
    assert who(client) == ""


def test_a_wrong_password_is_told_in_words(client, owner):
    answer = client.post("/accounts/login/", {"username": "olga", "password": "wrong"})
    assert "enter a correct username and password" in answer.text
    assert who(client) == ""


def test_signing_up_signs_in(client):
    assert client.post("/accounts/signup/", NEW).headers["Location"] == "/"
    assert who(client) == "nina"
    user = User.objects.get()
    assert (user.get_full_name(), user.is_staff) == ("Nina N", False)


@pytest.mark.parametrize(
    ("asked", "given"),
    [("/boards/new/", "/boards/new/"), ("https://elsewhere.example/", "/"), ("//e.example", "/")],
)
@pytest.mark.parametrize("page", ["login", "signup"])
def test_one_goes_on_to_pages_of_this_site_only(client, owner, page, asked, given):
    form = {**NEW, "password": "pw-olga-1", "next": asked}
    if page == "login":
        form["username"] = "olga"
    assert client.post(f"/accounts/{page}/", form).headers["Location"] == given


def test_the_way_on_is_kept_between_sign_in_and_sign_up(client):
    for page, other in (("login", "signup"), ("signup", "login")):
        text = client.get(f"/accounts/{page}/?next=/boards/new/").text
        assert f"/accounts/{other}/?next=/boards/new/" in text
        assert '<input type="hidden" name="next" value="/boards/new/">' in text


@pytest.mark.parametrize(
    "bad",
    [
        {"password2": "other-waters-9"},
        {"password1": "12345678", "password2": "12345678"},
        {"username": "no spaces"},
        {"username": "olga"},
    ],
)
def test_a_sign_up_that_cannot_be_is_told_in_words(client, owner, bad):
    answer = client.post("/accounts/signup/", {**NEW, **bad})
    assert (answer.status_code, 'class="errorlist"' in answer.text) == (200, True)
    assert User.objects.count() == 1


def test_who_is_signed_in_already_is_sent_on(client, owner):
    client.force_login(owner)
    for page in ("login", "signup"):
        assert client.get(f"/accounts/{page}/").headers["Location"] == "/"
