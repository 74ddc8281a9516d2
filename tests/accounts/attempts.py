"""Attempts to sign in, and how many the tests allow."""

NOW = 1_767_268_800.0  # 2026-01-01T12:00:00Z
RATES = {
    "login_address": "3/minute",
    "login_account_address": "2/minute",
    "login_account": "2/minute",
    "register_address": "3/hour",
    "register_account": "2/hour",
    "reset_address": "3/hour",
    "reset_account": "2/hour",
    "invite_user": "2/hour",
}


def log_in(api, email, password, address):
    body = {"email": email, "password": password}
    return api.post("/api/v1/auth/token", body, HTTP_X_FORWARDED_FOR=address).status_code
