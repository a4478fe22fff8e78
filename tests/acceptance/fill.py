"""Fills a small volume in one of several ways, until it is full or told to stop.

    python fill.py MOUNT STORY SECONDS [SEED]

Stories: ``steady``, ``saw`` (a log that is rotated away now and then), ``pause`` (a third of
the time nothing grows), ``accelerating``; controls: ``stops`` (at 60 %), ``plateau`` (noise
around 85 %). Prints the wall-clock time at which the volume was full for the first time.
"""

import os
import random
import sys
import time
from pathlib import Path

CHUNK = 4096


def target(story: str, x: float, noise: random.Random) -> float:
    """Returns the share of the volume that is to be used at ``x`` of the time."""
    if story == "steady":
        return x
    if story == "saw":
        return min(1.0, x + 0.12 * ((x * 12) % 1.0))
    if story == "pause":
        return x * 1.5 if x < 1 / 3 else 0.5 if x < 2 / 3 else 0.5 + (x - 2 / 3) * 1.5
    if story == "accelerating":
        return x**2
    if story == "stops":
        return min(x, 0.6)
    if story == "plateau":
        return 0.85 + noise.uniform(-0.04, 0.04)
    raise SystemExit(f"no such story: {story}")


class Filler:
    """Keeps one file at a wanted size."""

    def __init__(self, mount: Path) -> None:
        stat = os.statvfs(mount)
        self.room = stat.f_bavail * stat.f_frsize
        self.file = (mount / "filling.dat").open("wb")
        self.size = 0
        self.mount = mount

    def set_share(self, share: float) -> bool:
        """Grows or cuts the file; True when the volume is full."""
        wanted = int(self.room * share) // CHUNK * CHUNK
        if wanted < self.size:
            self.file.truncate(wanted)
            self.size = wanted
        try:
            while self.size < wanted:
                self.file.seek(self.size)
                self.file.write(b"x" * min(CHUNK * 16, wanted - self.size))
                self.file.flush()
                self.size = self.file.tell()
        except OSError:
            pass
        return os.statvfs(self.mount).f_bavail == 0


def main() -> None:
    mount, story, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    noise = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 0)
    filler = Filler(mount)
    begin = time.time()
    while (x := (time.time() - begin) / seconds) < 1.5:
        if filler.set_share(min(target(story, x, noise), 1.0)):
            print(f"full {time.time():.3f}", flush=True)
            break
        time.sleep(0.5)
    else:
        print("never", flush=True)
    sys.stdin.read()  # the space stays taken until the other side lets go


if __name__ == "__main__":
    main()
