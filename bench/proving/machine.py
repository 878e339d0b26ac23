"""Hypothesis does everything to invoices in any order; after each step the rules must hold."""

import time
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from bench.sizes import Machine
from tests.chasing.machine import Chasing, quiet


def run(*, size: Machine) -> dict[str, Any]:
    """Run the machine; raises with the shortest story that breaks a rule."""
    begun = time.perf_counter()
    chosen = settings(
        max_examples=size.runs,
        stateful_step_count=size.steps,
        derandomize=size.fixed,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=not size.fixed,
        phases=(Phase.generate, Phase.shrink),
    )
    with quiet():
        run_state_machine_as_test(Chasing, settings=chosen)
    return {
        "runs": size.runs,
        "steps_at_most": size.steps,
        "seconds": round(time.perf_counter() - begun, 1),
        "violations": {"stories that break a rule": 0},
    }
