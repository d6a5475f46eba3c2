#!/usr/bin/env bash
# Faces on one grid and on two, beside the other tasks, three seeds. What is there already is not run again.
#   [SEEDS='0 1 2'] scripts/studies/faces.sh DATA OUT [STEPS]
set -euo pipefail
source "$(dirname "$0")/run.sh"

for seed in $seeds; do
  for task in faces faces_multiscale; do
    run "$task-$seed" train --config-name real model=edge_200k task@tasks.faces=$task \
      train.steps="${3:-1250}" train.evaluate_every=0 seed="$seed"
  done
done
scripts/studies/table.py "$out" faces_boxes/faces/{ap50,ap50_min12,recall,precision} faces68/faces/{ap50,nme,nme_median,misses}
scripts/studies/table.py "$out"
