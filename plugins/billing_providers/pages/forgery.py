"""Guards forms against requests that another site makes in the user's name.

A form carries a token that is signed with Airflow's own key for this user; a browser that tells where a request comes
from must tell this site.
"""

from __future__ import annotations

from typing import Annotated, Any

from airflow.configuration import conf
from fastapi import Depends, Form, HTTPException, Request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from billing_providers.pages.access import SignedIn

VALID_S = 8 * 60 * 60
_SALT = "billing-pages"
_SAME_SITE = {"", "same-origin", "none"}


def form_token(user: Any) -> str:
    """Return the token that the forms of a user carry; it holds for a working day."""
    return _signer().dumps(str(user.get_id()))


def _checked(request: Request, user: SignedIn, token: Annotated[str, Form()] = "") -> None:
    if request.headers.get("sec-fetch-site", "") not in _SAME_SITE:
        raise HTTPException(403, "This request was made by another site.")
    try:
        signed_for = _signer().loads(token, max_age=VALID_S)
    except BadSignature:
        raise HTTPException(403, "The form is too old or was not made for you; load the page again.") from None
    if signed_for != str(user.get_id()):
        raise HTTPException(403, "The form was made for another user; load the page again.")


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(conf.get_mandatory_value("api", "secret_key"), salt=_SALT)


#: For every route that changes something.
not_forged = Depends(_checked)
