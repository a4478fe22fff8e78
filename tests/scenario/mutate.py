"""Tries the mutation of every story: ``python -m tests.scenario.mutate [STORY …]``.

Each is played in a process of its own that reads the changed text in place of the file; nothing
on disk changes. A story that stays green under its mutation is named, and the exit code is 1.
"""

import os
import sys
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

from tests.scenario.player import ROOT, load_story, mutations_of
from tests.scenario.test_stories import STORIES, test_the_story_ends_as_it_says


def is_red(path: Path) -> bool:
    """Whether the story no longer ends as it says once its mutation is in place."""
    for file, text in mutations_of(load_story(path)):
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        _replace(import_module(name), text)
    try:
        test_the_story_ends_as_it_says(path)
    except Exception as error:  # noqa: BLE001  # red is red, whatever it says
        print(f"{path.stem}: red ({type(error).__name__})", flush=True)
        return True
    print(f"{path.stem}: STAYS GREEN", flush=True)
    return False


def _replace(module: ModuleType, text: str) -> None:
    """Runs the changed text in the module; whoever has imported the old things gets the new."""
    old = {id(value): name for name, value in vars(module).items() if _is_own(value, module)}
    kept = dict(vars(module))
    exec(compile(text, str(module.__file__), "exec"), vars(module))  # our own code
    for other in list(sys.modules.values()):
        for name, value in list(vars(other).items()) if isinstance(other, ModuleType) else ():
            if other is not module and id(value) in old and value is kept[old[id(value)]]:
                setattr(other, name, vars(module)[old[id(value)]])


def _is_own(value: object, module: ModuleType) -> bool:
    return getattr(value, "__module__", None) == module.__name__


def main() -> None:
    """Tries those that are named, or all."""
    chosen = [p for p in STORIES if p.stem in sys.argv[1:] or not sys.argv[1:]]
    chosen = [p for p in chosen if not load_story(p).get("today")]
    context = get_context("fork")  # what one story has compiled is there for the next
    test_the_story_ends_as_it_says(next(p for p in STORIES if p.stem == "steady_fill"))
    green = []
    for path in chosen:
        child = context.Process(target=lambda p=path: os._exit(0 if is_red(p) else 1))
        child.start()
        child.join()
        green += [path.stem] if child.exitcode else []
    raise SystemExit(f"green under their mutation: {', '.join(green)}" if green else 0)


if __name__ == "__main__":
    main()
