"""PyTorch's side of convolution-gradients.ts: reads the layers as JSON, prints milliseconds [forward, d input, d weight] of each."""
import json
import sys
import time
import torch

request = json.load(sys.stdin)
torch.set_num_threads(2 if request["wall"] else 1)
now = time.perf_counter if request["wall"] else time.process_time


def best(work):
    times, begun = [], time.perf_counter()
    while len(times) < 4 or (time.perf_counter() - begun < request["budgetMs"] / 1000 and len(times) < 40):
        before = now()
        work()
        times.append(now() - before)
    return min(times) * 1000


def measure(layer):
    x, weight = torch.randn(layer["x"]), torch.randn(layer["weight"])
    if "conv" not in layer:
        dy = torch.randn((x @ weight).shape)
        by_weight = lambda: x.transpose(-1, -2) @ dy  # noqa: E731
        if weight.dim() == 2:
            by_weight = lambda: x.flatten(0, -2).t() @ dy.flatten(0, -2)  # noqa: E731
        return [best(lambda: x @ weight), best(lambda: dy @ weight.transpose(-1, -2)), best(by_weight)]
    conv = layer["conv"]
    options = (conv["strides"], conv["pads"][:2], conv["dilations"], False, [0, 0], conv["group"])
    dy = torch.randn(torch.convolution(x, weight, None, *options).shape)
    backward = lambda mask: torch.ops.aten.convolution_backward(dy, x, weight, None, *options, mask)  # noqa: E731
    return [
        best(lambda: torch.convolution(x, weight, None, *options)),
        best(lambda: backward([True, False, False])), best(lambda: backward([False, True, False])),
    ]


with torch.no_grad():
    print(json.dumps([measure(layer) for layer in request["layers"]]))
