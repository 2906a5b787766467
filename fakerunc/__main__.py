"""`python -m fakerunc`: the same as the installed command. It must never do more than call it."""

import sys

from fakerunc.main import main

sys.exit(main())
