"""A live daemon for oracle tests in Python: on a state and a loopback port of its own."""

import json
import os
import re
import subprocess
import time
import urllib.request


class Daemon:
    """`worker` is a program; by default one that starts and never says anything."""

    def __init__(self, program, folder, worker=None):
        if worker is None:
            worker = folder / "worker"
            worker.write_text("#!/bin/sh\nexec sleep 600\n")
            worker.chmod(0o755)
        self.log = folder / "log"
        self.program = program
        command = [program, "serve", "--state", folder / "state", "--listen", "127.0.0.1:0", "--devices", "cpu:1"]
        self.process = subprocess.Popen([*command, "--worker", worker], stderr=open(self.log, "w"))
        for _ in range(300):
            found = re.search(r"http://[^\s/]+", self.log.read_text())
            if found:
                break
            time.sleep(0.1)
        self.url = found.group(0)

    def run(self, *arguments):
        environment = {**os.environ, "SWEETSPOT_DAEMON": self.url}
        return subprocess.run([self.program, *arguments], env=environment, check=True, capture_output=True, text=True).stdout.strip()

    def get(self, path):
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}") as answer:
            return json.load(answer)

    def end(self):
        self.process.terminate()
        self.process.wait()
