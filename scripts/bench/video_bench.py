#!/usr/bin/python3
"""What training on clips costs against stills, and how much memory clips of T frames take, in one run.

    scripts/bench/video_bench.py DATA [--steps 40] [--repeat 3] [--program build/release/manyfold]

DATA holds the real sets. Every step has 32 pictures: stills, or clips of T frames, three quarters of which are stills that a
camera moves over, the others drawn by the program. In the last job predictions are to be steady, too (train.consistency). Each job is run by
itself, in turn, `repeat` times; the table gives the median of the images/s that the program prints at its end, the ratio to
stills, and the largest resident memory. The first row has no temporal layer.
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
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--program", default="build/release/manyfold")
    given = parser.parse_args()
    kept = tempfile.TemporaryDirectory(prefix="manyfold_bench_")  # removed at the end
    work = pathlib.Path(kept.name)
    common = ["train", "--config-name", "video", "model=edge_200k", "data.root=" + given.data, "~data.validation",
              f"train.steps={given.steps}", "train.evaluate_every=0", "train.checkpoint_every=0", "export.enabled=false"]
    memory = [*common, "model.temporal.type=convgru"]
    jobs = {"stills, no temporal layer": [*common, "schedule=no_memory", "train.phases.mixed.clips=[0]"],
            "stills": [*memory, "schedule=no_memory", "train.phases.mixed.clips=[0]"]}
    for frames in (2, 4, 8, 16, 32):
        jobs[f"clips, T = {frames}"] = [*memory, "schedule=no_memory", "+train.phases.stills.clips=[1]",
                                        "train.phases.mixed.clips=[1]", f"data.clips.frames={frames}"]
    jobs["clips, T = 8, consistency"] = [*jobs["clips, T = 8"], "train.consistency.weight=0.1"]
    results = {name: [] for name in jobs}
    for turn in range(given.repeat):
        for name, words in jobs.items():
            folder = work / f"{turn}-{list(jobs).index(name)}"
            results[name].append(run(given.program, [*words, f"run.dir={folder}"]))
            print(f"{turn} {name}: {results[name][-1][0]:.0f} images/s", file=sys.stderr)
    base = statistics.median(speed for speed, _ in results["stills, no temporal layer"])
    print(f"{'job':28s} {'images/s':>9s} {'ratio':>6s} {'peak MB':>8s}")
    for name, runs in results.items():
        speed = statistics.median(speed for speed, _ in runs)
        print(f"{name:28s} {speed:9.0f} {speed / base:6.2f} {max(memory for _, memory in runs):8.0f}")


if __name__ == "__main__":
    main()
