"""
SegFormer-B0 in PyTorch eager: the opponent of `npm run -s bench -- training-step`.

One image of 512x1024, 19 classes, float32, CPU. The architecture is written here in plain PyTorch (as Hugging Face's
SegformerForSemanticSegmentation computes it, without dropout and stochastic depth, which cost little and decide nothing here),
so that nothing but torch is needed. Attention runs through scaled_dot_product_attention where torch has it.
The head exists in two forms: "published" upsamples four maps of 256 channels and fuses them; "fused-first" applies the
linear fuse at each map's own resolution and upsamples the sum, which is the same function with a fraction of the work.

    python3 training-step.py [--threads 2] [--rounds 5] [--height 512] [--width 1024] [--head published|fused-first]

Prints one line of JSON: {"torch", "threads", "forwardMs", "stepMs"}: medians of the inference forward (eval, no_grad) and of
the step (forward in training mode, logits upsampled to the labels, cross-entropy, backward, clipping, AdamW).
"""
import argparse
import json
import os
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

WIDTHS, DEPTHS, HEADS, REDUCTIONS, HEAD_WIDTH, CLASSES = (32, 64, 160, 256), (2, 2, 2, 2), (1, 2, 5, 8), (8, 4, 2, 1), 256, 19
IGNORE = 255


class Attention(nn.Module):
    def __init__(self, width, heads, reduction):
        super().__init__()
        self.heads, self.reduction = heads, reduction
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        if reduction > 1:
            self.sr = nn.Conv2d(width, width, reduction, reduction)
            self.norm = nn.LayerNorm(width)

    def forward(self, tokens, height, width):
        batch, count, channels = tokens.shape
        split = lambda x: x.reshape(batch, -1, self.heads, channels // self.heads).transpose(1, 2)
        query, reduced = split(self.query(tokens)), tokens
        if self.reduction > 1:
            image = tokens.transpose(1, 2).reshape(batch, channels, height, width)
            reduced = self.norm(self.sr(image).flatten(2).transpose(1, 2))
        key, value = split(self.key(reduced)), split(self.value(reduced))
        if hasattr(F, 'scaled_dot_product_attention'):
            seen = F.scaled_dot_product_attention(query, key, value)
        else:
            seen = (query @ key.transpose(-1, -2) * (channels // self.heads) ** -0.5).softmax(-1) @ value
        return self.output(seen.transpose(1, 2).reshape(batch, count, channels))


class MixFeedForward(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.dense1, self.dense2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.depthwise = nn.Conv2d(4 * width, 4 * width, 3, padding=1, groups=4 * width)

    def forward(self, tokens, height, width):
        hidden = self.dense1(tokens)
        image = hidden.transpose(1, 2).reshape(hidden.shape[0], hidden.shape[2], height, width)
        return self.dense2(F.gelu(self.depthwise(image).flatten(2).transpose(1, 2)))


class Block(nn.Module):
    def __init__(self, width, heads, reduction):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.mlp = Attention(width, heads, reduction), MixFeedForward(width)

    def forward(self, tokens, height, width):
        tokens = tokens + self.attention(self.norm1(tokens), height, width)
        return tokens + self.mlp(self.norm2(tokens), height, width)


class Stage(nn.Module):
    def __init__(self, index):
        super().__init__()
        width = WIDTHS[index]
        kernel, stride = (7, 4) if index == 0 else (3, 2)
        self.projection = nn.Conv2d(3 if index == 0 else WIDTHS[index - 1], width, kernel, stride, kernel // 2)
        self.patch_norm, self.norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.blocks = nn.ModuleList(Block(width, HEADS[index], REDUCTIONS[index]) for _ in range(DEPTHS[index]))

    def forward(self, image):
        image = self.projection(image)
        batch, channels, height, width = image.shape
        tokens = self.patch_norm(image.flatten(2).transpose(1, 2))
        for block in self.blocks:
            tokens = block(tokens, height, width)
        return self.norm(tokens).reshape(batch, height, width, channels).permute(0, 3, 1, 2).contiguous()


class Head(nn.Module):
    def __init__(self, form):
        super().__init__()
        self.form = form
        self.projections = nn.ModuleList(nn.Linear(width, HEAD_WIDTH) for width in WIDTHS)
        self.fuse = nn.Conv2d(4 * HEAD_WIDTH, HEAD_WIDTH, 1, bias=False)
        self.norm = nn.BatchNorm2d(HEAD_WIDTH)
        self.classifier = nn.Conv2d(HEAD_WIDTH, CLASSES, 1)

    def forward(self, features):
        size = features[0].shape[2:]
        maps = [projection(map_.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(map_.shape[0], -1, *map_.shape[2:])
                for projection, map_ in zip(self.projections, features)]
        upsample = lambda map_: F.interpolate(map_, size=size, mode='bilinear', align_corners=False)
        if self.form == 'published':
            fused = self.fuse(torch.cat([upsample(map_) for map_ in reversed(maps)], 1))
        else:
            blocks = self.fuse.weight.split(HEAD_WIDTH, 1)
            fused = sum(upsample(F.conv2d(map_, block)) for map_, block in zip(reversed(maps), blocks))
        return self.classifier(F.relu(self.norm(fused)))


class SegFormer(nn.Module):
    def __init__(self, form):
        super().__init__()
        self.stages = nn.ModuleList(Stage(index) for index in range(4))
        self.head = Head(form)

    def forward(self, image):
        features = []
        for stage in self.stages:
            image = stage(image)
            features.append(image)
        return self.head(features)


def optimizer_of(model):
    """No decay on norms and biases, as in the step it is compared with."""
    decayed = [each for each in model.parameters() if each.ndim > 1]
    others = [each for each in model.parameters() if each.ndim <= 1]
    return torch.optim.AdamW([{'params': decayed}, {'params': others, 'weight_decay': 0}], lr=5e-4, weight_decay=1e-4)


def median_ms(work, rounds):
    times = []
    for turn in range(-1, rounds):
        start = time.perf_counter()
        work()
        if turn >= 0:
            times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count())
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--height', type=int, default=512)
    parser.add_argument('--width', type=int, default=1024)
    parser.add_argument('--head', choices=('published', 'fused-first'), default='published')
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    model = SegFormer(options.head)
    optimizer = optimizer_of(model)
    image = torch.randn(1, 3, options.height, options.width)
    labels = torch.randint(0, CLASSES, (1, options.height, options.width))
    labels[torch.rand(labels.shape) < 0.1] = IGNORE

    def forward():
        with torch.no_grad():
            model(image)

    def step():
        optimizer.zero_grad(set_to_none=True)
        logits = F.interpolate(model(image), size=labels.shape[1:], mode='bilinear', align_corners=False)
        F.cross_entropy(logits, labels, ignore_index=IGNORE).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    model.eval()
    forward_ms = median_ms(forward, options.rounds)
    model.train()
    step_ms = median_ms(step, options.rounds)
    parameters = sum(each.numel() for each in model.parameters())
    print(json.dumps({'torch': torch.__version__, 'threads': torch.get_num_threads(), 'parameters': parameters, 'forwardMs': forward_ms, 'stepMs': step_ms}))


if __name__ == '__main__':
    main()
