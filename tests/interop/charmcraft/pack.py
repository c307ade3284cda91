"""charmcraft, on a host that is not the charm's base.

It takes from charmcraft what has to do with the host alone: that the host has the
charm's base, apt's Python module by which build packages are installed, and the snap by
which Go is. The tests have Go and git on PATH.
"""

import sys

from charmcraft.application.main import main
from craft_application.services import lifecycle
from craft_parts import packages
from craft_parts.packages.base import DummyRepository

packages.Repository = DummyRepository
packages.snaps.install_snaps = lambda names: []
lifecycle.LifecycleService._validate_build_plan = lambda self: None

sys.exit(main())
