#!/usr/bin/env bash
# What learning without labels brings on the real sets: probes of random, DINO and Barlow Twins encoders (edge_420k), then
# training on 5 %, 10 % and all labels of the hands from each. Three seeds each; what is there already is not run again.
#   [SEEDS='0 1 2'] scripts/studies/pretraining.sh DATA OUT [STEPS]
set -euo pipefail
source "$(dirname "$0")/run.sh"
steps=${3:-2000}

probe() {  # NAME WORDS...
  local file=$out/$1.probe.json
  shift
  [ -f "$file" ] || "$program" probe data.root="$data" "$@" --out "$file" >/dev/null
}

for seed in $seeds; do
  probe "random-$seed" seed=$seed
  for method in dino barlow_twins; do
    run "$method-$seed" pretrain --config-name pretrain_real method=$method train.steps="$steps" train.evaluate_every=$((steps / 4)) seed=$seed
    probe "$method-$seed" encoder.init="$out/$method-$seed"
  done
  for labelled in 0.05 0.1 1; do
    hands=(train --config-name real model=edge_420k '~tasks.segmentation' '~tasks.faces' train.steps=600
      train.evaluate_every=0 data.labelled=$labelled seed=$seed)
    run "hands_${labelled}_random-$seed" "${hands[@]}"
    for method in dino barlow_twins; do
      run "hands_${labelled}_$method-$seed" "${hands[@]}" encoder.init="$out/$method-$seed"
    done
  done
done
scripts/studies/table.py "$out"
python3 - "$out" <<'PYTHON'
import collections, json, pathlib, statistics, sys
rows = collections.defaultdict(list)
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.probe.json")):
    sets = json.loads(path.read_text())["sets"]
    rows[path.name.split("-")[0]].append([statistics.mean(s[what] for s in sets) for what in ("knn", "linear")])
for name, values in rows.items():
    for what, column in zip(("k-NN", "linear"), zip(*values)):
        spread = statistics.stdev(column) if len(column) > 1 else 0
        print(f"{name:16s} {what:8s} {statistics.mean(column):.4f} ± {spread:.4f} ({len(column)} seeds)")
PYTHON
