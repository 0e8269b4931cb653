"""How boards of tests are served: as `deploy/gunicorn.conf.py` says, but by a process that is
forked from one which has the board's code already, and which no test reloads. `tests/deploy` serves
boards by that file itself."""

from pathlib import Path

_DEPLOYED = Path(__file__).parent.parent / "deploy" / "gunicorn.conf.py"
_LOADS = "\nload_shared()\n"
_text = _DEPLOYED.read_text("utf-8")
assert _text.count(_LOADS) == 1
exec(compile(_text.replace(_LOADS, "\n"), _DEPLOYED, "exec"))
