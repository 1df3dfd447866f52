"""What figures were measured on."""
import os
import platform


def available():
    return next(1024 * int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemAvailable"))


def machine():
    processor = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    bf16 = "with" if "avx512_bf16" in open("/proc/cpuinfo").read() else "without"
    load = open("/proc/loadavg").read().split()[0]
    return (f"{processor} {bf16} bfloat16 instructions, {os.cpu_count()} cores, {available() / 1e9:.1f} GB available, load {load}, "
            f"{platform.system()} {platform.release()}")
