"""The one spelling in which accounts' e-mail addresses are stored and looked for."""

from django.core.exceptions import ValidationError

from delivery.addresses import spell_mail


def fold_email(email: object) -> str:
    """``address`` in small letters, with an international domain in ASCII. "" for a value that is no text.
    Never raises."""
    if not isinstance(email, str):
        return ""
    try:
        return spell_mail(email.strip()).lower()
    except ValueError:
        return email.strip().lower()


def read_email(email: str) -> str:
    """An address that is to be stored. Raises ``ValidationError`` if its domain cannot be one."""
    folded = fold_email(email)
    if not folded.rpartition("@")[2].isascii() or len(folded) > 254:
        raise ValidationError("This address names no valid domain.")
    return folded
