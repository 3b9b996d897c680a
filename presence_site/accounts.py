"""Signing up. Signing in and out are Django's own views."""

from django.contrib.auth import login
from django.contrib.auth.views import RedirectURLMixin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.views.generic import FormView

from presence_site.forms import SignUpForm


class SignUp(RedirectURLMixin, FormView):  # type: ignore[type-arg]  # generic to the checker only
    """Make an account, sign in with it, and go on to `next` where that is on this site."""

    form_class = SignUpForm
    template_name = "registration/signup.html"
    redirect_field_name = "next"

    def get_default_redirect_url(self) -> str:
        return resolve_url("boards")

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.user.is_authenticated:
            return HttpResponse(status=302, headers={"Location": self.get_success_url()})
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        login(self.request, form.save())
        return super().form_valid(form)

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        return super().get_context_data(next=self.get_redirect_url(), **kwargs)
