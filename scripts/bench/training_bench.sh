#!/usr/bin/env bash
# Training speed of `manyfold train` and of the same job as a plain PyTorch loop, in one run:
#   scripts/bench/training_bench.sh DATA [STEPS]
# DATA is the folder of the real sets; needs python3 with torch and OpenCV (Debian: python3-torch, python3-opencv).
# One set a task, edge_420k and three heads, batch 32, every core. Prints images/s of each and the ratios.
set -euo pipefail
data=$(realpath "$1")
steps=${2:-60}
cd "$(dirname "$0")/../.."
python=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

manyfold() {
  build/release/manyfold train --config-dir scripts/bench --config-name training_bench data.root="$data" \
    run.dir="$work/run$1" train.steps="$steps" >"$work/log$1" 2>&1 || { cat "$work/log$1" >&2; exit 1; }
  sed -n 's/^train: .* \([0-9]*\) images\/s, \([0-9.]*\) %.*/\1 \2/p' "$work/log$1"
}

read -r first waited < <(manyfold 1)
echo "manyfold                                 $first images/s, $waited % of the time waiting for data"
"$python" scripts/bench/python_loop.py --checkpoint "$work/run1/checkpoints/last.safetensors" --data "$data" \
  --steps "$steps" | tee "$work/python"
read -r second waited < <(manyfold 2)
echo "manyfold, again                          $second images/s, $waited % of the time waiting for data"
awk -v ours="$(((first + second) / 2))" '
  { name = $1 ", heads on " $4; if ($NF > best[name]) best[name] = $NF }
  END { for (name in best) printf "%.2f x the best of %s\n", ours / best[name], name }' "$work/python" | sort
