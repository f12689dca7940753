"""Writes stitch.golden.json: S_TA^w of small panoramas, computed with numpy's own interpolation.

Probabilities of every window (softmax of random logits), their cosine-weighted mean at the logits' cell centres, stretched
to the panorama with np.interp (columns periodic where the panorama is a full turn), argmax and the mean's maximum.
Windows lie on whole logit cells, so that no resampling happens before the mean. Also one window's own S_i.
Run with numpy installed: python3 stitch.golden.py"""
import json
import os

import numpy as np

random = np.random.default_rng(2403)


def softmax(logits):
    raised = np.exp(logits - logits.max(axis=0))
    return raised / raised.sum(axis=0)


def weights(cells):
    return np.cos(np.pi * ((np.arange(cells) + 0.5) / cells - 0.5))


def stretched(values, length, period=None):
    """Half-pixel centres along the last axis; the edge value beyond the outermost centres unless periodic."""
    cells = values.shape[-1]
    centres = np.arange(cells) + 0.5
    places = (np.arange(length) + 0.5) * cells / length
    flat = [np.interp(places, centres, row, period=period) for row in values.reshape(-1, cells)]
    return np.array(flat).reshape(*values.shape[:-1], length)


def upsampled(planes, height, width, cyclic=False):
    wide = stretched(planes, width, planes.shape[-1] if cyclic else None)
    return stretched(wide.swapaxes(-1, -2), height).swapaxes(-1, -2)


def result(mean):
    ordered = np.sort(mean, axis=0)
    return {
        'label': mean.argmax(axis=0).ravel().tolist(),
        'confidence': mean.max(axis=0).ravel().round(6).tolist(),
        # where this is tiny, float32 and float64 may differ
        'margin': (ordered[-1] - ordered[-2]).ravel().round(9).tolist(),
    }


def case(name, width, height, cyclic, stride, window, starts, classes=5):
    """`window` (width, height) and `starts` (x, y) in logit cells."""
    grid = (height // stride, width // stride)
    total, sums = np.zeros(grid), np.zeros((classes, *grid))
    given = []
    for x, y in starts:
        logits = np.float32(random.normal(size=(classes, window[1], window[0])) * 2)
        p = softmax(np.float64(logits))
        w = weights(window[1])[:, None] * weights(window[0])[None, :]
        rows = np.arange(y, y + window[1])[:, None]
        columns = (np.arange(x, x + window[0]) % grid[1])[None, :]
        total[rows, columns] += w
        sums[:, rows, columns] += p * w
        given.append({'x': x * stride, 'y': y * stride, 'logits': logits.ravel().tolist(),
                      'own': result(upsampled(p, window[1] * stride, window[0] * stride))})
    mean = upsampled(sums / total, height, width, cyclic)
    return {'name': name, 'width': width, 'height': height, 'cyclic': cyclic, 'classes': classes,
            'logitsWidth': window[0], 'logitsHeight': window[1],
            'windowWidth': window[0] * stride, 'windowHeight': window[1] * stride, 'windows': given, 'stitched': result(mean)}


cases = [
    case('across the seam', 32, 16, True, 2, (8, 4), [(x, y) for y in (0, 2, 4) for x in (0, 4, 8, 12)]),
    case('a partial panorama', 24, 12, False, 4, (3, 3), [(x, 0) for x in (0, 2, 3)], classes=3),
]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'stitch.golden.json'), 'w') as file:
    json.dump({'made_by': 'stitch.golden.py, numpy ' + np.__version__, 'cases': cases}, file, separators=(',', ':'))
