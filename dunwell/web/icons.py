"""Icons as inline SVG, drawn once each."""

from functools import lru_cache

import heroicons
from django.utils.safestring import SafeString, mark_safe


@lru_cache(maxsize=512)
def draw(name: str, size: int = 18, label: str = "") -> SafeString:
    """Draw an outline icon, up to 16 px a filled one; without a label it is only decoration."""
    style = "outline" if size > 16 else "micro"
    attributes: dict[str, object] = (
        {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    )
    return mark_safe(heroicons._render_icon(style, name, size, attributes))  # noqa: S308, SLF001 (as its own tag does)
