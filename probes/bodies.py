"""Judges the body of an answer, or as much of it as came."""

from dataclasses import dataclass

from probes.assertions import SMALL_JSON_BYTES, CannotJudge, is_quick, judge_json
from probes.check import Judgement
from probes.errors import ErrorCode
from probes.http_config import HttpConfig
from probes.json_body import NOT_JSON
from probes.keywords import contains_keyword, contains_plainly
from probes.result import Status

TOO_LARGE = Judgement(
    Status.DOWN,
    ErrorCode.BODY_TOO_LARGE,
    "The body is larger than 1 MiB, and what is asked for was not found in the part that is read.",
)
UNREADABLE = Judgement(
    Status.DOWN, ErrorCode.BODY_UNDECODABLE, "The body's compression is broken, so it could not be read."
)
_STILL_OPEN = Judgement(Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Body:
    """The body of an answer. ``missing`` says why the rest is not known; None: this is all of it."""

    data: bytes
    content_type: str
    missing: Judgement | None


def asks_for_body(config: HttpConfig) -> bool:
    return bool(config.keyword or config.json_path)


def judge_body(body: Body, config: HttpConfig) -> Judgement | None:
    """What is wrong with ``body``; None: nothing. The part that did not come counts only where it could
    change the judgement."""
    return _judge_keyword(body, config) or _judge_json(body, config)


def is_quick_to_judge(body: Body, config: HttpConfig) -> bool:
    """Whether the thread that all checks share may judge this."""
    if config.json_path and not is_quick(config.json_path, body.data):
        return False
    if not config.keyword or len(body.data) <= SMALL_JSON_BYTES:
        return True
    return contains_plainly(body.data, config.keyword, body.content_type)


def is_settled(data: bytes, content_type: str, config: HttpConfig) -> bool:
    """Whether what is still to come cannot change the judgement any more. False as well when it takes long to
    tell."""
    body = Body(data, content_type, _STILL_OPEN)
    return is_quick_to_judge(body, config) and judge_body(body, config) is not _STILL_OPEN


def _judge_keyword(body: Body, config: HttpConfig) -> Judgement | None:
    if not config.keyword:
        return None
    found = contains_keyword(body.data, config.keyword, body.content_type)
    if found:
        sentence = f"Expected a body without {config.keyword!r}, but it is there."
        return Judgement(Status.DOWN, ErrorCode.BODY_MISMATCH, sentence) if config.keyword_absent else None
    if body.missing is not None:
        return body.missing
    sentence = f"Expected {config.keyword!r} in the body, but it is not there."
    return None if config.keyword_absent else Judgement(Status.DOWN, ErrorCode.BODY_MISMATCH, sentence)


def _judge_json(body: Body, config: HttpConfig) -> Judgement | None:
    if not config.json_path:
        return None
    try:
        wrong = judge_json(body.data, config.json_path, config.json_equals, body.content_type)
    except CannotJudge as why:
        return Judgement(Status.UNKNOWN, ErrorCode.CONFIG_INVALID, str(why))
    if wrong in NOT_JSON and body.missing is not None:
        return body.missing
    return Judgement(Status.DOWN, ErrorCode.JSON_MISMATCH, wrong) if wrong else None
