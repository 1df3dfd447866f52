# Sourced by the scripts of this project: how they say what they do. Expects to run in the checkout's root.

say() { printf '%s\n' "$*" >&2; }

# quietly NAME LOG COMMAND...: one line while it runs; its output goes to LOG, of which the end is shown if it fails.
quietly() {
  local name=$1 log=$2 began=$SECONDS
  shift 2
  mkdir -p "$(dirname "$log")"
  say "$name ... (log: $log)"
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log" >&2
    say "error: failed: $name"
    say "  hint: the whole log is in $log"
    return 1
  fi
  say "$name: done in $((SECONDS - began)) s"
}

# Compilers side by side: one a core, and no more than there is memory for (2 GB each).
build_jobs() {
  local cores gigabytes
  cores=$(nproc)
  gigabytes=$(awk '/MemAvailable/ { print int($2 / 1000000) }' /proc/meminfo)
  local jobs=$((gigabytes / 2))
  if [ "$jobs" -lt 1 ]; then jobs=1; fi
  if [ "$jobs" -gt "$cores" ]; then jobs=$cores; fi
  echo "$jobs"
}

# build TARGET...: configures and builds these targets (none: all) of the release preset.
build() {
  local targets=()
  if [ $# -gt 0 ]; then targets=(--target "$@"); fi
  quietly "Configuring" build/configure.log cmake --preset release
  quietly "Building" build/build.log cmake --build --preset release --parallel "$(build_jobs)" "${targets[@]}"
}
