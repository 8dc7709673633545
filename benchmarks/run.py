"""Run every benchmark of this folder and print their tables.

Run: `make bench`; `python benchmarks/run.py --quick` takes smaller sizes where a script knows them.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
KNOW_QUICK = ("join.py", "statistics_peers.py", "reach.py")


def main() -> None:
    """Run the scripts one after the other; stop at the first that fails."""
    for script in (
        "import_incidents.py",
        "overview.py",
        "hotspots_page.py",
        "kpi_board.py",
        "join.py",
        "statistics_peers.py",
        "reach.py",
        "plan_figures.py",
    ):
        quick = ["--quick"] if "--quick" in sys.argv[1:] and script in KNOW_QUICK else []
        print(f"== {script}", *quick, flush=True)
        subprocess.run([sys.executable, str(HERE / script), *quick], check=True)


if __name__ == "__main__":
    main()
