"""The chasing floor as a Django app."""

from django.apps import AppConfig


class ChasingConfig(AppConfig):
    """See docs/why/house.md for what lives here."""

    name = "dunwell.chasing"
    label = "chasing"

    def ready(self) -> None:
        """Register what the passing of time sets off here."""
        from dunwell.chasing.timers import register_all  # noqa: PLC0415 - models are not loaded earlier

        register_all()
