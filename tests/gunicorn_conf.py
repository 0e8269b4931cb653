"""How boards of tests are served: as `deploy/gunicorn.conf.py` says, but by a process that is
forked from one which has the board's code already, and which no test reloads. `tests/deploy` serves
boards by that file itself."""

from pathlib import Path

_DEPLOYED = Path(__file__).parent.parent / "deploy" / "gunicorn.conf.py"
_text = _DEPLOYED.read_text("utf-8").replace("\nload_shared()\n", "\n")
exec(compile(_text, _DEPLOYED, "exec"))
