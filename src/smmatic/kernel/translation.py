"""Marks texts for translation in modules that know nothing of Django."""


def gettext_noop(text: str) -> str:
    """The text itself: who shows it, translates it."""
    return text
