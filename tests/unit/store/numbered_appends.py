"""Appends numbered batches until it is killed, naming each one that was acknowledged."""

import sys
from pathlib import Path

import numpy as np

from aiops.domain.series import Samples
from aiops.domain.step import SECOND
from aiops.store.open import open_store
from aiops.store.settings import StoreSettings
from aiops.testing.panels import MONDAY


def main():
    store = open_store(StoreSettings(settings={"wal_checkpoint": "200KB"}), Path(sys.argv[1]))
    ids = np.arange(200)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for number in range(int(sys.argv[2]), 1_000_000):
        times = np.full(200, MONDAY + number * SECOND)
        store.append(Samples(ids, times, np.full(200, float(number))))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
