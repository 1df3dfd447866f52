"""The real daemon with the real worker on a state of its own, and a sweep through it."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import urllib.request


class Daemon:
    def __init__(self, state, devices, binaries):
        self.cli = binaries / "sweetspot"
        self.process = subprocess.Popen([self.cli, "serve", "--state", state, "--devices", devices, "--listen", "127.0.0.1:0"],
                                        stderr=subprocess.PIPE, text=True)
        line = next((line for line in self.process.stderr if "http://" in line), "")
        self.url = re.search(r"http://[^\s/]+", line)[0]

    def get(self, path):
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}") as answer:
            return json.load(answer)

    def submit(self, file, settings):
        sets = [word for setting in settings for word in ("--set", setting)]
        said = subprocess.run([self.cli, "--daemon", self.url, "-o", "json", "submit", file, *sets], stdout=subprocess.PIPE, text=True)
        if said.returncode:
            sys.exit(said.returncode)
        return json.loads(said.stdout)["id"]

    def finish(self, sweep):
        while (counts := self.get(f"sweeps/{sweep}")["counts"])["succeeded"] < counts["total"]:
            if stuck := sum(counts.get(state, 0) for state in ("failed", "quarantined", "cancelled")):
                sys.exit(f"error: {stuck} runs did not succeed: {counts}")
            time.sleep(0.05)

    def runs(self, sweep):
        path, items = f"runs?sweep={sweep}&limit=100", []
        while path:
            page = self.get(path)
            for run in page["items"]:
                metrics = self.get(f"runs/{run['id']}/metrics")
                items.append(self.get(f"runs/{run['id']}") | {"epochs": metrics["epochs"], "losses": metrics["series"]["loss"]})
            path = page["next_cursor"] and f"runs?sweep={sweep}&limit=100&cursor={page['next_cursor']}"
        return items

    def processor_seconds(self):
        """Of the daemon and the workers that live."""
        pids = [self.process.pid] + [worker["pid"] for worker in self.get("workers")["items"] if worker["pid"]]
        times = [pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13] for pid in pids]
        return sum(int(ticks) for pair in times for ticks in pair) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
