#!/usr/bin/env bash
# The detector of heads and bodies, three seeds. What is there already is not run again.
#   [SEEDS='0 1 2'] scripts/studies/people.sh DATA OUT [STEPS]
set -euo pipefail
source "$(dirname "$0")/run.sh"

for seed in $seeds; do
  run "people-$seed" train --config-name people train.steps="${3:-2500}" train.evaluate_every=0 seed="$seed"
done
for set in coco_people scenes; do
  scripts/studies/table.py "$out" "$set"/people/{ap50_95,ap50_101,body_ap50,head_ap50,recall,precision,fp_per_picture_at_recall_80}
done
