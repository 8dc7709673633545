"""A server that a walk can kill and start again on the same port and store."""

import os
import signal
import subprocess
import sys

from tests.conftest import ROOT, free_port, wait_until_healthy


class Served:
    """A server whose process can be killed and started again on the same port."""

    def __init__(self, store, log):
        self.store, self.log, self.port = store, log, free_port()
        self.process = None
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        command = [sys.executable, "-m", "dashboard.cli", "run", "--store", str(self.store)]
        with self.log.open("ab") as said:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                cwd=ROOT,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until_healthy(self.port, self.process)

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
