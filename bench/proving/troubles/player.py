"""A process that lives the life until it is over or somebody kills it."""

import os
import sys
from pathlib import Path


def main() -> None:
    home, book, journal, slug, seed = sys.argv[1:]
    from dunwell.providers.postgres_embedded import attach

    with attach(Path(home)) as server:
        os.environ["DUNWELL_DATABASE"] = server.url
        import django

        django.setup()
        from bench.proving.troubles.life import Life
        from bench.proving.troubles.providers import Journal, trouble_everywhere
        from dunwell.commands.replaying.book import read
        from dunwell.tenancy.models import Organization
        from dunwell.tenancy.scope import system_scope

        with system_scope("proof: find the sandbox"):
            organization = Organization.objects.get(slug=slug)
        # Other dice for every process, or one that dies over a message would die over it again.
        with trouble_everywhere(journal=Journal(Path(journal)), seed=int(seed) + os.getpid()):
            Life(organization=organization, entries=read(Path(book)), seed=int(seed)).live()


if __name__ == "__main__":
    main()
