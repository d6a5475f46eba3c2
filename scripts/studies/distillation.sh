#!/usr/bin/env bash
# What a teacher brings on the real sets: edge_200k from scratch against taught by edge_2m4, with all labels and with a tenth
# of them, and what each loss adds. Three seeds each; about four hours on two cores. What is there already is not run again.
#   [SEEDS='0 1 2'] scripts/studies/distillation.sh DATA OUT
set -euo pipefail
source "$(dirname "$0")/run.sh"

run teacher-0 train --config-name real model=edge_2m4 train.steps=3750 train.evaluate_every=0 seed=0
taught=(distill distill.teachers.teacher.model="$out/teacher-0" train.steps=1250 train.evaluate_every=0)
for seed in $seeds; do
  for labelled in 1 0.1; do
    run "scratch_$labelled-$seed" train --config-name real model=edge_200k train.steps=1250 train.evaluate_every=0 data.labelled=$labelled seed=$seed
    run "taught_$labelled-$seed" "${taught[@]}" data.labelled=$labelled seed=$seed
  done
  tenth=("${taught[@]}" data.labelled=0.1 seed=$seed)
  run "plus_channels-$seed" "${tenth[@]}" '+distill.losses.more={type: channels, tasks: [segmentation], temperature: 4, weight: 3}'
  run "plus_hint-$seed" "${tenth[@]}" '+distill.losses.more={type: hint, strides: [16, 32], weight: 1}'
  run "plus_attention-$seed" "${tenth[@]}" '+distill.losses.more={type: attention, strides: [8, 16, 32], weight: 500}'
  run "plus_relations-$seed" "${tenth[@]}" '+distill.losses.more={type: relations, weight: 5}'
done
scripts/studies/table.py "$out"
