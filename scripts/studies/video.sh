#!/usr/bin/env bash
# What a memory brings on clips: no temporal layer, stills then clips, and the memory alone on clips; edge_200k and edge_420k,
# three seeds each. What is there already is not run again.
#   [SEEDS='0 1 2'] [ENCODERS='edge_200k edge_420k'] scripts/studies/video.sh DATA OUT [STEPS]
set -euo pipefail
source "$(dirname "$0")/run.sh"
steps=${3:-2500}

for seed in $seeds; do
  for encoder in ${ENCODERS:-edge_200k edge_420k}; do
    for schedule in no_memory stills_then_clips gru_only; do
      run "${encoder}_$schedule-$seed" train --config-name video model=$encoder schedule=$schedule \
        train.steps="$steps" train.evaluate_every=0 seed=$seed \
        '+data.validation.clips.labels={segmentation: {from: mask}}'  # of one person among several
    done
  done
done
for set in drawn_clips clips; do
  scripts/studies/table.py "$out" $set/segmentation/{flicker,class_changes,warped_iou,person_iou,flicker_first,flicker_last}
done
scripts/studies/table.py "$out" drawn_clips/{segmentation/miou,gesture/accuracy,faces/recall}_{first,last}  # drift
scripts/studies/table.py "$out"
