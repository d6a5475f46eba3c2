#!/usr/bin/python3
"""Writes a trained manyfold model as foreign teachers, to try distillation from ONNX and TorchScript files.

    scripts/make_teachers.py RUN_OR_CHECKPOINT OUT_FOLDER [--size HEIGHT WIDTH]

Reads the deployed weights of a run's checkpoint and rebuilds encoder and heads in Python's PyTorch (Debian's
python3-torch, which needs python3-onnx to write ONNX). OUT_FOLDER gets

    teacher.pt, teacher.onnx        uint8 input `pictures` [N, 3, H, W], RGB; an output a task, as the run's own heads
                                    give, and the encoder's maps as `stride4` to `stride32`
    normalised.pt, normalised.onnx  the same model as most foreign ones are: float input, normalised by mean and
                                    deviation of ImageNet; segmentation as probabilities of background and person

so that both must teach what the run itself teaches, to float precision.
"""
import argparse
import json
import pathlib
import re
import struct
import sys
import warnings

import torch
from torch import nn
from torch.nn import functional as F

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TYPES = {"F32": torch.float32, "I64": torch.int64}


def read_weights(path):
    """The tensors of a .safetensors file by name, and its metadata."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] not in TYPES:
            continue  # quantisers, generators
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        flat = torch.frombuffer(bytearray(data[begin:end]), dtype=TYPES[entry["dtype"]]) if end > begin else []
        tensors[name] = torch.as_tensor(flat).reshape(entry["shape"])
    return tensors, metadata


def deployed(tensors):
    """What a run evaluates and exports stands under plain names; the rest is the trainer's."""
    return {name: tensor for name, tensor in tensors.items() if name.startswith(("encoder.", "heads."))}


class Weights:
    """Layers out of weights by name; what was used is counted, so that nothing is left out in silence."""

    def __init__(self, tensors):
        self.tensors, self.used = tensors, set()

    def has(self, prefix):
        return any(name.startswith(prefix) for name in self.tensors)

    def fill(self, module, prefix):
        state = {key: self.tensors[f"{prefix}.{key}"] for key in module.state_dict()}
        module.load_state_dict(state)
        self.used |= {f"{prefix}.{key}" for key in state}
        return module

    def conv(self, prefix, stride=1):
        weight = self.tensors[f"{prefix}.weight"]
        out, per_group, kernel, _ = weight.shape
        groups = out if per_group == 1 and out > 1 else 1
        return self.fill(
            nn.Conv2d(per_group * groups, out, kernel, stride, kernel // 2, groups=groups,
                      bias=f"{prefix}.bias" in self.tensors), prefix)

    def conv_bn_act(self, prefix, stride=1):
        conv = self.conv(f"{prefix}.conv", stride)
        return nn.Sequential(conv, self.fill(nn.BatchNorm2d(conv.out_channels), f"{prefix}.norm"), nn.ReLU())


class Stdc(nn.Module):
    """STDC module with stride 1 and a skip around it."""

    def __init__(self, weights, prefix):
        super().__init__()
        self.blocks = nn.ModuleList()
        while weights.has(f"{prefix}.block{len(self.blocks)}."):
            self.blocks.append(weights.conv_bn_act(f"{prefix}.block{len(self.blocks)}"))

    def forward(self, x):
        y, parts = x, []
        for block in self.blocks:
            y = block(y)
            parts.append(y)
        return x + torch.cat(parts, 1)


def stem(weights):
    if weights.has("encoder.stride4.0.body."):
        first = nn.Sequential(nn.PixelUnshuffle(2), weights.conv_bn_act("encoder.stride4.0.body", 2))
    else:
        first = weights.conv_bn_act("encoder.stride4.0", 4)
    return nn.Sequential(first, weights.conv_bn_act("encoder.stride4.1"))


def stage(weights, stride):
    prefix = f"encoder.stride{stride}"
    layers = [weights.conv_bn_act(f"{prefix}.0", 2)]
    while weights.has(f"{prefix}.{len(layers)}."):
        layers.append(Stdc(weights, f"{prefix}.{len(layers)}"))
    return nn.Sequential(*layers)


def twice(x):
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class SegmentationHead(nn.Module):
    def __init__(self, weights, prefix):
        super().__init__()
        self.squeeze4, self.squeeze8, self.squeeze16, self.squeeze32 = (
            weights.conv_bn_act(f"{prefix}.squeeze{stride}") for stride in (4, 8, 16, 32))
        self.merge16, self.merge8, self.merge4 = (
            weights.conv_bn_act(f"{prefix}.merge{stride}") for stride in (16, 8, 4))
        self.out = nn.Sequential(weights.conv(f"{prefix}.out.conv"), nn.PixelShuffle(4))

    def forward(self, a, b, c, d):
        x = self.merge16(twice(self.squeeze32(d)) + self.squeeze16(c))
        x = self.merge8(twice(x) + self.squeeze8(b))
        return self.out(self.merge4(twice(x) + self.squeeze4(a)))


class FacesHead(nn.Module):
    """`fine`: the index of the map with the grid's stride, told by the channels of `squeeze`."""

    def __init__(self, weights, prefix, channels):
        super().__init__()
        wanted = weights.tensors[f"{prefix}.squeeze.conv.weight"].shape[1]
        self.fine = channels.index(wanted)
        self.squeeze, self.context = (weights.conv_bn_act(f"{prefix}.{name}") for name in ("squeeze", "context"))
        self.mix = nn.Sequential(weights.conv_bn_act(f"{prefix}.mix.depthwise"),
                                 weights.conv_bn_act(f"{prefix}.mix.pointwise"))
        self.out = weights.conv(f"{prefix}.out")

    def forward(self, a, b, c, d):
        maps = (a, b, c, d)
        return self.out(self.mix(self.squeeze(maps[self.fine]) + twice(self.context(maps[self.fine + 1]))))


class ClassHead(nn.Module):
    def __init__(self, weights, prefix):
        super().__init__()
        self.hidden = weights.conv_bn_act(f"{prefix}.hidden")
        classes, width = weights.tensors[f"{prefix}.scores.weight"].shape
        self.scores = weights.fill(nn.Linear(width, classes), f"{prefix}.scores")

    def forward(self, a, b, c, d):
        return self.scores(F.adaptive_avg_pool2d(self.hidden(d), 1).flatten(1))


def make_head(weights, prefix, channels):
    if weights.has(f"{prefix}.scores."):
        return ClassHead(weights, prefix)
    if weights.has(f"{prefix}.mix."):
        return FacesHead(weights, prefix, channels)
    return SegmentationHead(weights, prefix)


class Model(nn.Module):
    """Normalised float pictures -> outputs of the tasks, then the four maps, as a tuple in the order of `names`."""

    def __init__(self, weights):
        super().__init__()
        self.stages = nn.ModuleList([stem(weights)] + [stage(weights, stride) for stride in (8, 16, 32)])
        channels = [weights.tensors[f"encoder.stride{stride}.0.conv.weight"].shape[0] for stride in (8, 16, 32)]
        channels.insert(0, weights.tensors["encoder.stride4.1.conv.weight"].shape[0])
        tasks = sorted({re.match(r"heads\.([^.]+)\.", name).group(1)
                        for name in weights.tensors if name.startswith("heads.")})
        self.heads = nn.ModuleList(make_head(weights, f"heads.{task}", channels) for task in tasks)
        self.names = tasks + [f"stride{stride}" for stride in (4, 8, 16, 32)]
        missed = set(weights.tensors) - weights.used
        if missed:
            sys.exit(f"make_teachers: cannot rebuild this model; unknown weights such as {sorted(missed)[0]}")

    def forward(self, x):
        maps = []
        for part in self.stages:
            x = part(x)
            maps.append(x)
        return tuple([head(*maps) for head in self.heads] + maps)


class FromBytes(nn.Module):
    """uint8 pictures, as manyfold's own models take them."""

    def __init__(self, model):
        super().__init__()
        self.model, self.names = model, model.names
        mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
        self.register_buffer("scale", 1 / (255 * deviation))
        self.register_buffer("shift", -mean / deviation)

    def forward(self, pictures):
        return self.model(pictures.float() * self.scale + self.shift)


class Foreign(nn.Module):
    """Normalised floats in; one yes or no a pixel becomes two probabilities."""

    def __init__(self, model):
        super().__init__()
        self.model, self.names = model, model.names
        self.binary = [isinstance(head, SegmentationHead) and head.out[0].out_channels == 16 for head in model.heads]

    def forward(self, pictures):
        outputs = list(self.model(pictures))
        for i, binary in enumerate(self.binary):
            if binary:
                outputs[i] = torch.cat([torch.sigmoid(-outputs[i]), torch.sigmoid(outputs[i])], 1)
        return tuple(outputs)


class Named(nn.Module):
    """The results as a dictionary, which TorchScript can return and ONNX cannot."""

    def __init__(self, model):
        super().__init__()
        self.model, self.names = model, model.names

    def forward(self, pictures):
        return dict(zip(self.names, self.model(pictures)))


def write(model, example, stem_path):
    model.eval()
    script = torch.jit.trace(Named(model).eval(), example, strict=False)
    torch.jit.save(script, f"{stem_path}.pt")
    torch.onnx.export(model, example, f"{stem_path}.onnx", opset_version=13, input_names=["pictures"],
                      output_names=model.names, dynamic_axes={name: {0: "N"} for name in ["pictures", *model.names]})
    print(f"wrote {stem_path}.pt and {stem_path}.onnx: {', '.join(model.names)}")


def input_size(config):
    """The height and width of the job's pictures."""
    found = re.search(r"^  input_size:\s*\[?\s*-?\s*(\d+)\s*[,\n]\s*-?\s*(\d+)", config, re.MULTILINE)
    if not found:
        sys.exit("make_teachers: the checkpoint names no model.input_size; give --size HEIGHT WIDTH")
    return int(found.group(1)), int(found.group(2))


def find_checkpoint(path):
    for candidate in (path, path / "checkpoints/best.safetensors", path / "checkpoints/last.safetensors"):
        if candidate.is_file():
            return candidate
    sys.exit(f"make_teachers: {path} holds no checkpoint")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--size", type=int, nargs=2, metavar=("HEIGHT", "WIDTH"),
                        help="of the pictures; by default those of the run")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*shape inference of prim::Constant")
    torch.manual_seed(0)
    tensors, metadata = read_weights(find_checkpoint(arguments.model))
    size = arguments.size or input_size(metadata.get("config", ""))
    model = Model(Weights(deployed(tensors))).eval()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        pictures = torch.randint(0, 256, (2, 3, *size), dtype=torch.uint8)
        write(FromBytes(model), pictures, arguments.out / "teacher")
        write(Foreign(model), pictures.float(), arguments.out / "normalised")


if __name__ == "__main__":
    main()
