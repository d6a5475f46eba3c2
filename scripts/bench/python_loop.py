#!/usr/bin/env python3
"""The training job of `training_bench.sh` as a plain PyTorch loop, to compare manyfold's speed with.

The network, the optimiser, the losses, the sets and the augmentation are those of
`training_bench.yaml`, but that the augmentation leaves out blur, noise and JPEG. The weights start from a manyfold
checkpoint, which proves that the network is the same: every name and shape must fit. Prints images/s after the first steps.
"""
import argparse
import json
import math
import os
import pathlib
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SIZE = 160
ANCHORS = np.array([[0.037, 0.041], [0.095, 0.104], [0.371, 0.363]], np.float32)
POINTS = 68


# The network: edge_420k and its three heads.

class ConvBnAct(nn.Module):
    def __init__(self, cin, cout, kernel=3, stride=1, groups=1):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(cout)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class Stdc(nn.Module):
    def __init__(self, channels, blocks=3):
        super().__init__()
        cin = channels
        for i in range(blocks):
            cout = channels >> min(i + 1, blocks - 1)
            self.add_module(f"block{i}", ConvBnAct(cin, cout, 1 if i == 0 else 3))
            cin = cout
        self.blocks = blocks

    def forward(self, x):
        parts, y = [], x
        for i in range(self.blocks):
            y = getattr(self, f"block{i}")(y)
            parts.append(y)
        return x + torch.cat(parts, 1)


class Encoder(nn.Module):
    def __init__(self, channels=(32, 64, 128, 152), modules=(2, 2, 1)):
        super().__init__()
        self.stride4 = nn.Sequential(ConvBnAct(3, channels[0], 7, 4), ConvBnAct(channels[0], channels[0]))
        for i, count in enumerate(modules):
            stage = [ConvBnAct(channels[i], channels[i + 1], 3, 2)] + [Stdc(channels[i + 1]) for _ in range(count)]
            self.add_module(f"stride{8 << i}", nn.Sequential(*stage))

    def forward(self, x):
        maps = []
        for stage in (self.stride4, self.stride8, self.stride16, self.stride32):
            x = stage(x)
            maps.append(x)
        return maps


class UpConv(nn.Module):
    def __init__(self, cin, cout, factor):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout * factor * factor, 3, padding=1)
        self.factor = factor

    def forward(self, x):
        return F.pixel_shuffle(self.conv(x), self.factor)


def up2(x):
    return F.interpolate(x, scale_factor=2, mode="nearest")


class Segmentation(nn.Module):
    def __init__(self, c=(32, 64, 128, 152), width=48):
        super().__init__()
        self.squeeze4, self.squeeze8 = ConvBnAct(c[0], c[0], 1), ConvBnAct(c[1], width, 1)
        self.squeeze16, self.squeeze32 = ConvBnAct(c[2], width, 1), ConvBnAct(c[3], width, 1)
        self.merge16, self.merge8, self.merge4 = ConvBnAct(width, width), ConvBnAct(width, c[0]), ConvBnAct(c[0], c[0])
        self.out = UpConv(c[0], 1, 4)

    def forward(self, f):
        x = self.merge16(up2(self.squeeze32(f[3])) + self.squeeze16(f[2]))
        x = self.merge8(up2(x) + self.squeeze8(f[1]))
        return self.out(self.merge4(up2(x) + self.squeeze4(f[0])))


class Gesture(nn.Module):
    def __init__(self, hidden, classes, cin=152):
        super().__init__()
        self.hidden, self.scores = ConvBnAct(cin, hidden, 1), nn.Linear(hidden, classes)

    def forward(self, f):
        return self.scores(F.adaptive_avg_pool2d(self.hidden(f[3]), 1).flatten(1))


class Separable(nn.Module):
    def __init__(self, c, kernel):
        super().__init__()
        self.depthwise, self.pointwise = ConvBnAct(c, c, kernel, groups=c), ConvBnAct(c, c, 1)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


class Faces(nn.Module):
    def __init__(self, width, c=(32, 64, 128, 152)):
        super().__init__()
        self.squeeze, self.context = ConvBnAct(c[1], width, 1), ConvBnAct(c[2], width, 1)
        self.mix, self.out = Separable(width, 5), nn.Conv2d(width, len(ANCHORS) * (5 + 2 * POINTS), 1)

    def forward(self, f):
        return self.out(self.mix(self.squeeze(f[1]) + up2(self.context(f[2]))))


class Model(nn.Module):
    def __init__(self, state):
        super().__init__()
        self.register_buffer("scale", torch.ones(1, 3, 1, 1))
        self.register_buffer("shift", torch.zeros(1, 3, 1, 1))
        self.encoder = Encoder()
        scores = state["heads.gesture.scores.weight"].shape
        self.heads = nn.ModuleDict({
            "segmentation": Segmentation(),
            "gesture": Gesture(scores[1], scores[0]),
            "faces": Faces(state["heads.faces.squeeze.conv.weight"].shape[0]),
        })
        self.load_state_dict(state)

    def encode(self, pictures):
        return self.encoder(pictures.float() * self.scale + self.shift)


def read_checkpoint(path):
    """The deployed weights of a manyfold checkpoint (safetensors: a length, a JSON header, the bytes)."""
    raw = pathlib.Path(path).read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header, body = json.loads(raw[8:8 + length]), raw[8 + length:]
    types = {"F32": torch.float32, "I64": torch.int64}
    state = {}
    for name, entry in header.items():
        if "/" not in name and name != "__metadata__":  # the rest is what a resumed run needs
            begin, end = entry["data_offsets"]
            values = torch.frombuffer(bytearray(body[begin:end]), dtype=types[entry["dtype"]])
            state[name] = values.reshape(entry["shape"])
    return state


# The data.

class Pictures(torch.utils.data.Dataset):
    """A third of each batch for every task, as the mixer of manyfold draws them."""

    def __init__(self, root, batch, steps):
        root = pathlib.Path(root)
        self.batch, self.steps = batch, steps
        self.people = self._coco(root / "seg_fashion")
        self.faces = self._coco(root / "faces68")
        classes = sorted(p for p in (root / "hands_digits" / "train").iterdir() if p.is_dir())
        self.hands = [(p, i) for i, c in enumerate(classes) for p in sorted(c.iterdir())]

    @staticmethod
    def _coco(root):
        data = json.loads((root / "train.json").read_text())
        faces = {}
        for a in data["annotations"]:
            faces.setdefault(a["image_id"], []).append(a)
        return [(root, image, faces.get(image["id"], [])) for image in data["images"]]

    def __len__(self):
        return self.batch * self.steps

    def __getitem__(self, index):
        random = np.random.default_rng(index)
        kind = index % 3
        items = (self.people, self.hands, self.faces)[kind]
        item = items[random.integers(len(items))]
        path = item[0] if kind == 1 else item[0] / item[1]["file_name"]
        picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        m = self._geometry(picture.shape, random)
        sample = {"kind": kind, "mask": np.full((SIZE, SIZE), 255, np.uint8), "class": -1, "faces": []}
        warped = cv2.warpAffine(picture, m, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderValue=(114, 114, 114))
        if kind == 0:
            mask = cv2.imread(str(item[0] / item[1]["mask_file"]), cv2.IMREAD_GRAYSCALE)
            sample["mask"] = cv2.warpAffine(mask, m, (SIZE, SIZE), flags=cv2.INTER_NEAREST, borderValue=255)
        elif kind == 1:
            sample["class"] = item[1]
        else:
            sample["faces"] = [self._face(a, m) for a in item[2]]
        sample["picture"] = self._colours(warped, random)
        return sample

    @staticmethod
    def _geometry(shape, random):
        h, w = shape[:2]
        scale = SIZE / max(h, w) * random.uniform(0.8, 1.3)
        angle = math.radians(random.uniform(-10, 10))
        flip = -1 if random.random() < 0.5 else 1
        sx, sy = scale * random.uniform(0.9, 1.1), scale
        a = np.array([[math.cos(angle) * sx * flip, -math.sin(angle) * sy], [math.sin(angle) * sx * flip, math.cos(angle) * sy]])
        centre = np.array([SIZE / 2, SIZE / 2]) + random.uniform(-0.1, 0.1, 2) * SIZE
        shift = centre - a @ np.array([w / 2, h / 2])
        return np.concatenate([a, shift[:, None]], 1).astype(np.float32)

    @staticmethod
    def _face(annotation, m):
        x, y, w, h = annotation["bbox"]
        corners = np.array([[x, y], [x + w, y], [x, y + h], [x + w, y + h]], np.float32) @ m[:, :2].T + m[:, 2]
        box = np.clip(np.concatenate([corners.min(0), corners.max(0)]) / SIZE, 0, 1)
        points = np.array(annotation["keypoints"], np.float32).reshape(-1, 3)
        where = (points[:, :2] @ m[:, :2].T + m[:, 2]) / SIZE
        visible = (points[:, 2] > 0) & (where >= 0).all(1) & (where <= 1).all(1)
        return box.astype(np.float32), where.astype(np.float32), visible

    @staticmethod
    def _colours(picture, random):
        x = picture.astype(np.float32)
        x = x * random.uniform(0.7, 1.3) + random.uniform(-25, 25)
        grey = x.mean(2, keepdims=True)
        x = grey + (x - grey) * random.uniform(0.6, 1.4)
        return np.clip(x, 0, 255).astype(np.uint8)


def collate(samples):
    batch = {"kind": torch.tensor([s["kind"] for s in samples]),
             "picture": torch.from_numpy(np.stack([s["picture"] for s in samples]).transpose(0, 3, 1, 2).copy()),
             "mask": torch.from_numpy(np.stack([s["mask"] for s in samples])),
             "class": torch.tensor([s["class"] for s in samples])}
    rows, boxes, points, visible = [], [], [], []
    row = 0
    for s in samples:
        for box, where, seen in s["faces"]:
            if (box[2:] - box[:2]).min() > 2 / SIZE:
                rows.append(row), boxes.append(box), points.append(where), visible.append(seen)
        row += s["kind"] == 2
    batch["rows"] = torch.tensor(rows, dtype=torch.long)
    batch["boxes"] = torch.from_numpy(np.array(boxes, np.float32).reshape(-1, 4))
    batch["points"] = torch.from_numpy(np.array(points, np.float32).reshape(-1, POINTS, 2))
    batch["visible"] = torch.from_numpy(np.array(visible, np.float32).reshape(-1, POINTS))
    return batch


# The losses.

def segmentation_loss(logits, mask):
    logits, known = logits.squeeze(1), (mask != 255).float()
    target = (mask == 1).float()
    pixel = (F.binary_cross_entropy_with_logits(logits, target, reduction="none") * known).sum() / known.sum()
    p, g = torch.sigmoid(logits) * known, target * known
    dice = 1 - (2 * (p * g).sum((1, 2)) + 1) / (p.sum((1, 2)) + g.sum((1, 2)) + 1)
    return pixel + dice.mean()


def box_iou(a, b):
    corner = torch.minimum(a[:, None, 2:], b[None, :, 2:]) - torch.maximum(a[:, None, :2], b[None, :, :2])
    overlap = corner.clamp(min=0).prod(2)
    area = lambda x: (x[:, 2:] - x[:, :2]).prod(1)
    return overlap / (area(a)[:, None] + area(b)[None] - overlap + 1e-9)


def faces_loss(raw, batch):
    n, _, h, w = raw.shape
    raw = raw.view(n, len(ANCHORS), 5 + 2 * POINTS, h, w).permute(0, 1, 3, 4, 2)
    anchors = torch.from_numpy(ANCHORS)
    size = batch["boxes"][:, 2:] - batch["boxes"][:, :2]
    centre = (batch["boxes"][:, 2:] + batch["boxes"][:, :2]) / 2
    overlap = torch.minimum(size[:, None], anchors[None]).prod(2)
    anchor = (overlap / (size.prod(1)[:, None] + anchors.prod(1)[None] - overlap)).argmax(1)
    grid = torch.tensor([w, h], dtype=torch.float32)
    cell = (centre * grid).long().clamp(0, w - 1)
    with torch.no_grad():
        ys, xs = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        where = torch.stack([xs, ys], 2)
        c = (torch.sigmoid(raw[..., :2]) + where) / grid
        s = anchors[:, None, None] * torch.exp(raw[..., 2:4].clamp(max=4))
        boxes = torch.cat([c - s / 2, c + s / 2], -1).view(n, -1, 4)
        background = torch.ones(n, boxes.shape[1], dtype=torch.bool)
        for row in range(n):
            mine = batch["boxes"][batch["rows"] == row]
            if len(mine):
                background[row] = box_iou(boxes[row], mine).max(1)[0] <= 0.6
        background = background.view(n, len(ANCHORS), h, w)
        background[batch["rows"], anchor, cell[:, 1], cell[:, 0]] = False
    out = raw[batch["rows"], anchor, cell[:, 1], cell[:, 0]]
    xy, wh = torch.sigmoid(out[:, :2]), out[:, 2:4]
    target_wh = torch.log(size / anchors[anchor])
    with torch.no_grad():
        c, s = (xy + cell) / grid, anchors[anchor] * torch.exp(wh.clamp(max=4))
        iou = box_iou(torch.cat([c - s / 2, c + s / 2], 1), batch["boxes"]).diagonal()
    points = out[:, 5:].view(-1, POINTS, 2)
    target = (batch["points"] - centre[:, None]) / size[:, None]
    each = F.smooth_l1_loss(points, target, beta=0.05, reduction="none").mean(2) * batch["visible"]
    landmarks = (each.sum(1) / batch["visible"].sum(1).clamp(min=1)).sum()
    loss = 5 * ((xy - (centre * grid - cell)) ** 2).sum() + ((wh - target_wh) ** 2).sum() + 18 * landmarks
    loss = loss + F.binary_cross_entropy_with_logits(out[:, 4], iou, reduction="sum")
    loss = loss + (F.softplus(raw[..., 4]) * background).sum()
    return loss / n


def run(arguments, layout, workers, rows):
    torch.manual_seed(0)
    model = Model(read_checkpoint(arguments.checkpoint))
    if layout == "channels_last":
        model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3, weight_decay=0.02)
    steps = arguments.warmup + arguments.steps
    data = torch.utils.data.DataLoader(Pictures(arguments.data, arguments.batch, steps), arguments.batch,
                                       collate_fn=collate, num_workers=workers,
                                       worker_init_fn=lambda _: (torch.set_num_threads(1), cv2.setNumThreads(0)))
    model.train()
    start = time.time()
    for step, batch in enumerate(data):
        if step == arguments.warmup:
            start = time.time()
        pictures = batch["picture"]
        if layout == "channels_last":
            pictures = pictures.contiguous(memory_format=torch.channels_last)
        features = model.encode(pictures)
        loss = 0
        for kind, task in enumerate(("segmentation", "gesture", "faces")):
            mine = (batch["kind"] == kind).nonzero().flatten()
            if rows == "labelled":
                out = model.heads[task]([f[mine] for f in features])
            else:
                out = model.heads[task](features)[mine]
            if kind == 0:
                loss = loss + segmentation_loss(out, batch["mask"][mine])
            elif kind == 1:
                loss = loss + F.cross_entropy(out, batch["class"][mine], label_smoothing=0.1)
            else:
                loss = loss + faces_loss(out, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5)
        optimizer.step()
        float(loss)
    return arguments.batch * arguments.steps / (time.time() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True, help="last.safetensors of a manyfold run")
    parser.add_argument("--data", required=True, help="folder of the sets")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--layouts", nargs="+", default=["plain", "channels_last"])
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows", nargs="+", default=["all", "labelled"],
                        help="what a head sees: all pictures of the batch, or those labelled for it")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)
    cv2.setNumThreads(0)
    for layout in arguments.layouts:
        for rows in arguments.rows:
            for workers in arguments.workers:
                print(f"{layout:14} heads on {rows:9} {workers} workers {run(arguments, layout, workers, rows):7.1f}", flush=True)


if __name__ == "__main__":
    main()
