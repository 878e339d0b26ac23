"""`python -m dunwell` is the command `dunwell`."""

import sys

from dunwell.config.main import main

sys.exit(main())
