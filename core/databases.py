"""The settings that every connection to MySQL, MariaDB or Aurora makes before its first statement.

Servers have different defaults: Aurora's ``sql_mode`` is empty, so a name that is too long is cut without an
error. So every setting that changes what a statement means is made here, and never left to the server.
"""

_SESSION = {
    # What does not fit is an error; the same set as MySQL's own default.
    "sql_mode": "'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
    "time_zone": "'+00:00'",  # NOW() in a column's default means UTC
    "group_concat_max_len": "1048576",  # MySQL would cut a histogram's text after 1,024 characters
    "default_storage_engine": "InnoDB",  # a table of any other has no transactions
    "foreign_key_checks": "1",
    "unique_checks": "1",
    "div_precision_increment": "4",  # decimals of a division
    "sql_safe_updates": "0",  # else an UPDATE by a column without an index is refused
}

OURS_ALONE = ("init_command", "sql_mode", "isolation_level", "charset")
"""Options that ``DATABASE_URL`` may not have, because they would replace these settings."""


def mysql_options() -> dict[str, str]:
    """Options of Django's MySQL backend."""
    return {
        "charset": "utf8mb4",
        "isolation_level": "read committed",
        "init_command": "SET " + ", ".join(f"{name} = {value}" for name, value in _SESSION.items()),
    }


_NO_SUCH_TABLE = 1146  # of MySQL and MariaDB


def lacks_tables(error: Exception) -> bool:
    """Whether this error of a database says that a table does not exist."""
    code = error.args[0] if error.args else ""
    return code == _NO_SUCH_TABLE or "no such table" in str(code)
