from tests.chasing.conftest import desk, house

__all__ = ["desk", "house"]
