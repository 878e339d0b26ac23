"""The ledger floor as a Django app."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """See docs/why/house.md for what lives here."""

    name = "dunwell.ledger"
    label = "ledger"

    def ready(self) -> None:
        """Register what the passing of time sets off here."""
        from dunwell.ledger import operations  # noqa: PLC0415 - models are not loaded earlier
        from dunwell.tenancy.timers import Timer, register  # noqa: PLC0415 - as above

        register(
            Timer(
                name="crossings",
                next_due=operations.next_crossing,
                do_due=operations.cross_midnights,
            )
        )
        register(
            Timer(
                name="promises",
                next_due=operations.next_promise_end,
                do_due=operations.settle_promises,
            )
        )
