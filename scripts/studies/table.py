#!/usr/bin/python3
"""Mean and spread over seeds of the runs in a folder, one row for each name.

    scripts/studies/table.py FOLDER [FIGURE...]

FOLDER holds runs called NAME-SEED. Each figure is the mean over the validation sets that have it ("flicker"), or that of one
("clips/segmentation/flicker"), then over the seeds, with the sample deviation behind it. A row also says how many runs it is
made of.
"""
import collections
import json
import pathlib
import statistics
import sys

FIGURES = ("person_iou", "accuracy", "ap50", "nme", "knn", "linear", "score")


def figures_of(path, wanted):
    """The wanted figures of one run, those without a set averaged over its validation sets."""
    values = collections.defaultdict(list)
    for key, value in json.loads(path.read_text()).items():
        for name in {key, key.split("/")[-1]}:
            values[name].append(value)
    return {name: statistics.mean(values[name]) for name in wanted if name in values}


def cell(values):
    if not values:
        return "-"
    spread = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4f}{spread}"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    wanted = sys.argv[2:] or FIGURES
    runs = collections.defaultdict(list)
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*-*/metrics.json")):
        runs[path.parent.name.rsplit("-", 1)[0]].append(figures_of(path, wanted))
    shown = [name for name in wanted if any(name in run for rows in runs.values() for run in rows)]
    print(f"| {'run':24s} | runs | " + " | ".join(f"{name:17s}" for name in shown) + " |")
    print("| --- " * (len(shown) + 2) + "|")
    for name, rows in runs.items():
        cells = [cell([row[figure] for row in rows if figure in row]) for figure in shown]
        print(f"| {name:24s} | {len(rows):4d} | " + " | ".join(f"{text:17s}" for text in cells) + " |")


if __name__ == "__main__":
    main()
