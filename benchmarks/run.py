"""Run every benchmark of this folder and print their tables. Run: `make bench`."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Run the scripts one after the other; stop at the first that fails."""
    for script in ("import_incidents.py", "overview.py", "kpi_board.py"):
        print(f"== {script}", flush=True)
        subprocess.run([sys.executable, str(HERE / script)], check=True)


if __name__ == "__main__":
    main()
