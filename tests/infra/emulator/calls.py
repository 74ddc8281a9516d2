"""Which call of which service a request is, what it asks with, and how AWS says no to it."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

SERVICES = {
    "apigateway": ("apigateway", "apigatewayv2"),
    "cloudformation": ("cloudformation",),
    "cloudfront": ("cloudfront",),
    "ec2": ("ec2",),
    "events": ("events",),
    "iam": ("iam",),
    "lambda": ("lambda",),
    "logs": ("logs",),
    "monitoring": ("cloudwatch",),
    "rds": ("rds",),
    "s3": ("s3",),
    "servicequotas": ("service-quotas",),
    "ses": ("sesv2",),
    "sns": ("sns",),
    "sqs": ("sqs",),
    "ssm": ("ssm",),
    "sts": ("sts",),
}
"""botocore's models by the name that a request is signed for."""


@dataclass(frozen=True, slots=True)
class Call:
    """``service`` as botocore calls it. ``asked`` are the parameters; ``model`` is None where it is not known
    what was asked."""

    service: str
    operation: str
    region: str
    asked: dict[str, Any]
    model: Any = None
    protocol: str = "rest-json"

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"


class Refused(Exception):
    """AWS says no: its code, a sentence, the status."""

    def __init__(self, code: str, sentence: str, status: int = 400) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code, self.sentence, self.status = code, sentence, status


def read_call(environ: dict[str, Any]) -> Call | None:
    """The call that a request is; None for what is signed for no service, or for one that is not in
    ``SERVICES``. The body stays to be read."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].partition(",")[0].split("/")
    if len(scope) < 5:
        return None
    region, signed_for = scope[2], scope[3]
    request = Request(environ)
    body = request.get_data(cache=True, parse_form_data=False)
    named = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2] or _read_action(request, body)
    for service in SERVICES.get(signed_for, ()):
        model, uri = _find_operation(service, named, request)
        if model is not None:
            protocol = determine_request_protocol(get_service_model(service), request.content_type)
            asked = PROTOCOL_PARSERS[protocol](model).parse(
                {
                    "method": request.method,
                    "values": request.values,
                    "headers": request.headers,
                    "body": body,
                    "url_path": request.path,
                    "url_params": uri,
                }
            )
            return Call(service, model.name, region, asked, model, protocol)
    raise LookupError(f"No call of {signed_for} is {request.method} {request.path} {named}".rstrip())


def _read_action(request: Request, body: bytes) -> str:
    if not (request.content_type or "").startswith("application/x-www-form-urlencoded"):
        return ""
    return parse_qs(body.decode()).get("Action", [""])[0]


def _find_operation(service: str, named: str, request: Request) -> tuple[Any, dict[str, Any]]:
    if named:
        return get_service_model(service).operation_model(named), {}
    try:
        model, uri = _router(service).match(request)
    except (HTTPException, NotImplementedError):
        return None, {}
    return model, uri


@lru_cache(maxsize=50)
def _router(service: str) -> Any:
    return get_service_router(service)


def spell_refusal(refused: Refused, protocol: str) -> tuple[bytes, list[tuple[str, str]]]:
    """Body and headers of an error, as clients of the protocol read it."""
    if protocol in {"query", "rest-xml", "ec2"}:
        error = f"<Code>{refused.code}</Code><Message>{escape(refused.sentence)}</Message>"
        if protocol == "ec2":
            text = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>x</RequestID></Response>"
        else:
            text = f"<ErrorResponse><Error>{error}</Error><RequestId>x</RequestId></ErrorResponse>"
        return text.encode(), [("Content-Type", "text/xml")]
    body = {"__type": refused.code, "message": refused.sentence, "Message": refused.sentence}
    return json.dumps(body).encode(), [
        ("Content-Type", "application/json"),
        ("x-amzn-ErrorType", refused.code),
    ]


def matches(pattern: str, text: str) -> bool:
    """``*`` and ``?`` as IAM reads them."""
    wild = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(wild, text, re.DOTALL) is not None
