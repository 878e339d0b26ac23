"""The company of the pages' tests, for what the pages read."""

from tests.web.conftest import desk, house

__all__ = ["desk", "house"]
