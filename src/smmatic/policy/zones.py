"""What people call a time zone. Pure: the language is an argument, as for every word of a policy."""

from __future__ import annotations

from collections.abc import Mapping

_COUNTRIES: Mapping[str, Mapping[str, str]] = {
    "Asia/Ho_Chi_Minh": {"en": "Vietnam time", "vi": "giờ Việt Nam"},
    "Asia/Saigon": {"en": "Vietnam time", "vi": "giờ Việt Nam"},
}
"""Zones that are called after their country, not after their city."""


def zone_words(zone: str, language: str) -> str:
    """'Asia/Bangkok' -> 'Bangkok time', in Vietnamese 'giờ Bangkok'; 'UTC' and other names without a city as they are.

    A country that has one time, and is known here, gives its name: 'Vietnam time'.
    """
    country = _COUNTRIES.get(zone)
    if country:
        return country.get(language) or country["en"]
    region, _slash, city = zone.rpartition("/")
    if not region or region == "Etc":
        return city
    city = city.replace("_", " ")
    return f"giờ {city}" if language == "vi" else f"{city} time"
