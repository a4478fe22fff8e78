"""What holds for every test."""

import atexit
import os
import sys
import tempfile

from hypothesis import settings

# The same examples in every run of the checks; a person's own runs look for new ones.
settings.register_profile("checks", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("checks")

if sys.dont_write_bytecode and "PYTHONPYCACHEPREFIX" not in os.environ:
    # The command is started some hundred times: what the first start compiles, the others read.
    _compiled = tempfile.TemporaryDirectory(prefix="aiops-compiled-")
    atexit.register(_compiled.cleanup)
    os.environ |= {"PYTHONPYCACHEPREFIX": _compiled.name, "PYTHONDONTWRITEBYTECODE": ""}
