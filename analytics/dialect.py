"""The three spellings in which the databases differ; everything else of the figures' SQL is one text for
all."""

from django.db import connection

from analytics.histogram import CODES_A_PHASE, GROWTH

CODE = (
    f"CASE WHEN ms < 1 THEN 0 ELSE 1 + CAST(FLOOR(LN(ms) / LN({GROWTH})) AS SIGNED INTEGER) END"
    f" + phase * {CODES_A_PHASE}"
)
"""``histogram.code_of``, of columns ``phase`` and ``ms``. Every edge below 2^31 ms comes out the same in the
databases' floating point as in exact fractions; a test walks them."""

_SPELLINGS = {
    "sqlite": {
        "pairs": "GROUP_CONCAT(code || ':' || n)",
        # {"231":3,"235":12}: an object, for json_each hands out keys and values as they are.
        "unpacked": """JSON_EACH('{"' || REPLACE(REPLACE(l.histogram, ':', '":'), ',', ',"') || '}') j""",
        "code": "CAST(j.key AS INTEGER)",
        "n": "j.value",
    },
    "mysql": {
        "pairs": "GROUP_CONCAT(code, ':', n)",
        # [[231,3],[235,12]]: JSON_TABLE walks arrays only.
        "unpacked": (
            "JSON_TABLE(CONCAT('[[', REPLACE(REPLACE(l.histogram, ',', '],['), ':', ','), ']]'),"
            " '$[*]' COLUMNS (code INT PATH '$[0]', n INT PATH '$[1]')) j"
        ),
        "code": "j.code",
        "n": "j.n",
    },
}


def spell_sql(name: str) -> str:
    """``pairs``: rows of ``code`` and ``n`` into a histogram's text. ``unpacked``: ``l.histogram`` into rows
    again, whose columns are spelled ``code`` and ``n``."""
    return _SPELLINGS[connection.vendor][name]
