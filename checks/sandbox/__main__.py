"""`python -m silversmith.checks.sandbox`: what the sandbox can hold back on this machine."""

from __future__ import annotations

import sys

from ...errors import SilversmithError
from .proof import walls

try:
    found = walls()
except SilversmithError as error:
    sys.exit(str(error))
for wall in found:
    print(f"{'yes' if wall.holds else 'NO ' if wall.needed else 'no '}  {wall.name}")
    if not wall.holds:
        print(f"     {wall.detail}")
sys.exit(any(wall.needed and not wall.holds for wall in found))
