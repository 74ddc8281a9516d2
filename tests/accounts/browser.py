"""A browser that signs in by the app: django-allauth's headless API."""

from django.test import Client

from tests.factories import PASSWORD


class Browser(Client):
    """One that checks CSRF, and shows the token as the app does."""

    def __init__(self, **fields):
        super().__init__(enforce_csrf_checks=True, **fields)
        self.get("/_allauth/browser/v1/config")

    def ask(self, method, path, body=None, **headers):
        path = path if path.startswith("/") else f"/_allauth/browser/v1/{path}"
        headers.setdefault("HTTP_X_CSRFTOKEN", self.cookies["csrftoken"].value)
        body = "" if body is None else body
        return getattr(self, method)(path, body, content_type="application/json", **headers)

    def sign_in(self, email="ada@example.com", password=PASSWORD, **headers):
        return self.ask("post", "auth/login", {"email": email, "password": password}, **headers)


def errors_of(answer):
    return [(one.get("param"), one["message"]) for one in answer.json()["errors"]]
