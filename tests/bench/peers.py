"""HyperQueue and task-spooler running `true` on this machine: seconds for so many tasks, as JSON.
Says of a peer that is not here what would bring it. Usage: peers.py TASKS SLOTS"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time


def hyperqueue(tasks, slots):
    from hyperqueue import Job, LocalCluster
    from hyperqueue.cluster import WorkerConfig

    with LocalCluster() as cluster:
        cluster.start_worker(WorkerConfig(cores=slots))
        client = cluster.client()
        client.wait_for_jobs([client.submit(job_of(Job, slots))])  # its worker is there and warm
        job = job_of(Job, tasks)
        began = time.perf_counter()
        client.wait_for_jobs([client.submit(job)])
        return time.perf_counter() - began


def job_of(kind, tasks):
    job = kind()
    for _ in range(tasks):
        job.program(["true"], stdout=None, stderr=None)  # else: two files a task in the working directory
    return job


def task_spooler(tasks, slots):
    tsp = shutil.which("tsp")
    if not tsp:
        raise ImportError("tsp is not installed: apt-get install task-spooler")
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"TS_SOCKET": f"{folder}/socket", "TS_MAXFINISHED": "10", "TMPDIR": folder}
        call = lambda *options: subprocess.run([tsp, *options], env=environment, check=True, stdout=subprocess.DEVNULL)
        call("-S", str(slots))
        began = time.perf_counter()
        for _ in range(tasks):
            call("-n", "true")
        call("-w")
        seconds = time.perf_counter() - began
        call("-K")
        return seconds


if __name__ == "__main__":
    tasks, slots = int(sys.argv[1]), int(sys.argv[2])
    measured = {}
    for name, peer in {"HyperQueue LocalCluster": hyperqueue, "task-spooler": task_spooler}.items():
        try:
            measured[name] = {"seconds": peer(tasks, slots)}
        except Exception as failed:  # whatever keeps a peer from running: the bench says so and goes on
            measured[name] = {"missing": str(failed) or type(failed).__name__}
    print(json.dumps(measured))
