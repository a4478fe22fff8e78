#!/bin/sh
# Makes .venv with the locked dependencies and this project in it.
set -eu
python="${PYTHON:-python3}"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  { echo "aiops needs Python 3.11 or newer; set PYTHON=python3.x" >&2; exit 1; }
if [ ! -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  rm -rf .venv
  "$python" -m venv .venv 2>/dev/null || {
    rm -rf .venv
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
      "$python" -m venv .venv
    else
      echo "python3-venv is missing: install it (apt install python3-venv) and run again" >&2
      exit 1
    fi
  }
fi
echo "installing the locked dependencies into .venv: about 1 GB, a few minutes, once"
.venv/bin/python -m pip install --quiet --require-hashes --requirement requirements.lock
.venv/bin/python -m pip install --quiet --no-deps --editable .
touch .venv/.ready
