"""Postal addresses as they stand on an envelope, and what they lack.

Order of lines: UPU S42 / the destination country's custom; the country's name stands last, and only
on letters that leave the sender's country.
"""

from dataclasses import dataclass
from typing import Final

# Places where mail needs no postal code, or has none.
_NO_CODE: Final = frozenset(
    (
        *("AE", "AG", "AO", "BF", "BI", "BJ", "BO", "BS", "BW", "BZ", "CD", "CF", "CG", "CI"),
        *("CM", "DJ", "DM", "ER", "FJ", "GA", "GD", "GH", "GM", "GQ", "GY", "HK", "IE", "JM"),
        *("KI", "KM", "KN", "LC", "LY", "ML", "MO", "MR", "MW", "NR", "PA", "QA", "RW", "SB"),
        *("SC", "SL", "SR", "ST", "SY", "TD", "TG", "TL", "TO", "TT", "TV", "UG", "VU", "YE"),
        "ZW",
    )
)
# Postal code behind the town: on its line, or on one of its own.
_CODE_BEHIND: Final = frozenset({"US", "CA", "AU", "NZ", "IN", "BR"})
_CODE_BELOW: Final = frozenset({"GB", "IE", "MT", "ZA", "SG", "KE", "UA"})
_REGION_NEEDED: Final = frozenset({"US", "CA", "AU", "BR", "MX", "IN"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    """An address in the parts in which people type it; `country` is two letters or empty."""

    line1: str = ""
    line2: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""

    @property
    def usable(self) -> bool:
        """Tell whether a letter could arrive: there are a street and a town."""
        return bool(self.line1 and self.city)


def missing_parts(address: PostalAddress, *, home: str) -> tuple[str, ...]:
    """Name the parts without which the address is not complete, as they are called in the model.

    `home` is the country of an address that names none.
    """
    country = address.country or home
    needed = ["line1", "city"]
    if country not in _NO_CODE:
        needed.append("postal_code")
    if country in _REGION_NEEDED:
        needed.append("region")
    return tuple(name for name in needed if not getattr(address, name).strip())


def envelope_lines(
    address: PostalAddress, *, names: tuple[str, ...], home: str, country_name: str
) -> tuple[str, ...]:
    """Set names and address in lines; `country_name` shows only on letters that go abroad."""
    country = address.country or home
    code, city, region = address.postal_code, address.city, address.region
    if country in _CODE_BEHIND:
        town = [" ".join(part for part in (f"{city}, {region}".strip(", "), code) if part)]
    elif country in _CODE_BELOW:
        town = [city, region, code]
    else:
        town = [f"{code} {city}".strip()]
        if region and country == "ES":
            town = [*town, region]
    abroad = country_name.upper() if country != home else ""
    lines = [*names, address.line1, address.line2, *town, abroad]
    return tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
