#!/bin/sh
# Fuzzes a live daemon from its own openapi.json: no server error, no undocumented answer.
# Usage: schemathesis.sh SWEETSPOT [PYTHON] [MAX_EXAMPLES]; exits 77 (skipped) where schemathesis is not installed.
set -eu
sweetspot=$1
here=$(cd "$(dirname "$0")" && pwd)
python=${2:-$here/../../../.venv/bin/python}
case $python in /*) ;; *) python=$PWD/$python ;; esac
examples=${3:-30}
"$python" -c 'import schemathesis' 2>/dev/null || { echo "schemathesis is not installed"; exit 77; }

directory=$(mktemp -d)
daemon=
finish() {
  [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$directory"
}
trap finish EXIT
trap 'exit 1' INT TERM

# Models and corpora that are there by name, so that sweeps can be submitted; workers that do nothing.
mkdir -p "$directory/encoder" "$directory/llm" "$directory/corpus"
for model in encoder llm; do
  echo '{"d_model": 8, "encoder_layers": 8}' > "$directory/$model/config.json"
  : > "$directory/$model/model.safetensors"
done
for split in train dev test; do : > "$directory/corpus/$split.tsv"; done
cat > "$directory/sweep.json" <<SWEEP
{"name": "fuzzed", "axes": {"encoder": ["$directory/encoder"], "layers": [8, 6, 4, 2], "language": ["en", "da"], "lora": [false, true]},
 "corpora": {"en": {"path": "$directory/corpus"}, "da": {"path": "$directory/corpus"}}, "llm": "$directory/llm"}
SWEEP
printf '#!/bin/sh\nexec sleep 60\n' > "$directory/worker"
chmod +x "$directory/worker"

"$sweetspot" serve --state "$directory/state" --listen 127.0.0.1:0 --devices cpu:1 --worker "$directory/worker" \
  2> "$directory/log" &
daemon=$!
url=
for _ in $(seq 100); do
  url=$(sed -n 's/.*Sweetspot is at \(http:[^ ]*\)\/$/\1/p' "$directory/log")
  [ -z "$url" ] || break
  sleep 0.1
done
[ -n "$url" ] || { cat "$directory/log"; exit 1; }

# Three of them, so that the ids of the document's examples exist.
for _ in 1 2 3; do
  "$sweetspot" --daemon "$url" --quiet submit "$directory/sweep.json" > "$directory/made"
done

# Left out: the stream, which has no end, and the demand that whatever fits the schema is accepted: a cursor may be
# made up, a sweep may name models that are not on this machine.
cat > "$directory/schemathesis.toml" <<CHECKS
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 411, 413, 414, 415, 422, 431]
CHECKS
cd "$directory"
status=0
"$python" -m schemathesis.cli run "$url/api/openapi.json" --max-examples "$examples" --workers 1 --seed 1 \
  --exclude-operation-id event_stream --exclude-checks positive_data_acceptance --request-timeout 20 \
  --generation-database none --no-color || status=$?
grep -v '^$' "$directory/log" | tail -n 5
kill -0 "$daemon" || { echo "the daemon is gone"; cat "$directory/log"; exit 1; }
exit $status
