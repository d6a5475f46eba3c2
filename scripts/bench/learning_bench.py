#!/usr/bin/python3
"""What learning from a teacher and learning without labels cost, against training from labels, in one run.

    scripts/bench/learning_bench.py DATA TEACHER [--steps 60] [--repeat 3] [--program build/release/manyfold]

DATA holds the real sets, TEACHER is a run with its export. Every job is run by itself, in turn, `repeat` times; the table gives the median
of the images/s that the program prints at its end, the ratio to plain training, and the largest resident memory. The cache
is filled by one run and read by the next, with one fixed view a picture (data.augment.views=1).
"""
import argparse
import pathlib
import statistics
import sys
import tempfile

from one_job import run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("teacher")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--program", default="build/release/manyfold")
    given = parser.parse_args()
    kept = tempfile.TemporaryDirectory(prefix="manyfold_bench_")  # removed at the end
    work = pathlib.Path(kept.name)
    common = [f"train.steps={given.steps}", "train.evaluate_every=0", "train.checkpoint_every=0", "export.enabled=false"]
    real = ["data.root=" + given.data, "~data.validation", *common]
    taught = ["distill", f"distill.teachers.teacher.model={given.teacher}", *real]
    cached = [*taught, "data.augment.views=1"]
    pictures = ["pretrain", f"data.root={given.data}/unlabelled", *common]
    cold = "distill, cache that fills"
    jobs = {
        "train": ["train", "--config-name", "real", "model=edge_200k", *real],
        "distill": taught,
        "distill, teacher in ONNX Runtime": [w.replace(given.teacher, given.teacher + "/export") for w in taught],
        cold: cached,
        "distill, cache that is full": cached,
        "pretrain, dino": pictures,
        "pretrain, barlow_twins": [*pictures, "method=barlow_twins"],
    }
    results = {name: [] for name in jobs}
    for turn in range(given.repeat):
        for name, words in jobs.items():
            extra = [f"distill.cache={work}/cache{turn}"] if "cache" in name else []
            folder = work / f"{turn}-{list(jobs).index(name)}"
            results[name].append(run(given.program, [*words, *extra, f"run.dir={folder}"]))
            print(f"{turn} {name}: {results[name][-1][0]:.0f} images/s", file=sys.stderr)
    files = [f for f in (work / "cache0").rglob("*") if f.is_file()]
    base = statistics.median(speed for speed, _ in results["train"])
    print(f"{'job':34s} {'images/s':>9s} {'ratio':>6s} {'peak MB':>8s}")
    for name, runs in results.items():
        speed = statistics.median(speed for speed, _ in runs)
        print(f"{name:34s} {speed:9.0f} {speed / base:6.2f} {max(memory for _, memory in runs):8.0f}")
    print(f"cache: {sum(f.stat().st_size for f in files) / len(files) / 1024:.1f} KB a picture, {len(files)} pictures")


if __name__ == "__main__":
    main()
