"""Foal-Net's equations once more: numpy, clip by clip, only real steps, none of the product's code.

Every function is analytic and keeps complex numbers, so that the gradient of any of them is exact:
d f / d w = Im f(w + i h) / h, which loses no digits however small h is.
"""

import math

import numpy as np
from scipy.special import erf

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


def weights_of(module):
    """Name -> float64 array of everything a module has learned."""
    return {n: p.detach().double().numpy().copy() for n, p in module.state_dict().items()}


def real_steps(streams):
    """Per stream a list of [T, C] arrays, one per clip, of its real steps alone."""
    return {
        name: [x[mask].double().numpy() for x, mask in zip(s.x.detach(), s.mask, strict=True)]
        for name, s in streams.items()
    }


def affine(weights, name, x):
    return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0.0)


def layer_norm(weights, name, x):
    centred = x - x.mean(-1, keepdims=True)
    normed = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return normed * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def attend(weights, at, x, y, heads):
    """What one layer adds for one clip: x [T, C] queries y [T', C']."""
    q, k, v = (affine(weights, f"{at}.{n}", s) for n, s in (("query", x), ("key", y), ("value", y)))
    size = q.shape[1] // heads
    attended = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        shares = np.exp(q[:, part] @ k[:, part].T / math.sqrt(size))
        attended.append(shares / shares.sum(1, keepdims=True) @ v[:, part])
    return affine(weights, f"{at}.out", np.concatenate(attended, 1))


def met(weights, at, x, y, heads, layers):
    """The vector of one clip's stream x that meets another stream y (which may be empty)."""
    own = x
    for layer in range(layers):
        seen = attend(weights, f"{at}.{layer}", own, y, heads) if len(y) else 0.0
        own = layer_norm(weights, f"{at}.{layer}.norm", own + seen)
    return own.mean(0)


def log_softmax(row):
    return row - np.log(np.exp(row).sum())


def cross_entropy(scores, label):
    return -log_softmax(scores)[label]


def embedded(weights, name, average):
    """AVEL's projection of one time average, of length one."""
    first = affine(weights, f"project.{name}.first", average)
    gelu = first * (1 + erf(first / math.sqrt(2))) / 2
    out = layer_norm(
        weights, f"project.{name}.norm", first + affine(weights, f"project.{name}.second", gelu)
    )
    return out / np.sqrt((out**2).sum())


def similarity(weights, pair, streams, mode="divisor"):
    """[B, B] logits; NaN where one of the two streams is missing."""
    first, second = (
        [embedded(weights, name, x.mean(0)) if len(x) else None for x in streams[name]]
        for name in pair
    )
    temperature = weights["temperature"]
    factor = np.exp(temperature) if mode == "exp" else 1 / temperature
    return np.array(
        [[np.nan if a is None or v is None else a @ v * factor for v in second] for a in first]
    )


def aligned(logits, labels, positives="sum"):
    """AVEL's loss over the rows of both directions."""
    directions = []
    for rows in (logits, logits.T):
        losses = []
        for i, row in enumerate(rows):
            there = [j for j in range(len(row)) if not np.isnan(row[j])]
            same = [there.index(j) for j in there if labels[j] == labels[i]]
            if same:
                log_p = log_softmax(row[there])
                loss = -sum(log_p[j] for j in same)
                losses.append(loss / len(same) if positives == "mean" else loss)
        directions.append(sum(losses) / len(losses) if losses else 0.0)
    return sum(directions) / 2


def matched(weights, own, drawn, valid):
    """MEM's loss: per direction name -> vectors of own and of drawn pairs, and which rows count."""
    directions = []
    for name, rows in valid.items():
        losses = [
            cross_entropy(affine(weights, f"heads.{name}", vectors[name][i]), match)
            for vectors, match in ((own, 1), (drawn, 0))
            for i in rows
        ]
        directions.append(sum(losses) / len(losses) if losses else 0.0)
    return sum(directions) / len(directions)


def gradient(function, weights, h=1e-30):
    """d function(weights) / d weights by complex steps, exact to the last digits."""
    slopes = {}
    for name, value in weights.items():
        slopes[name] = np.zeros_like(value)
        for index in np.ndindex(value.shape):
            moved = value.astype(complex)
            moved[index] += 1j * h
            slopes[name][index] = function({**weights, name: moved}).imag / h
    return slopes


def after_first_adamw_step(weights, slopes, lr, decay):
    """Every weight after AdamW's first step."""
    moved = {}
    for name, weight in weights.items():
        g = slopes[name]
        m = (1 - BETA_1) * g / (1 - BETA_1)
        v = (1 - BETA_2) * g**2 / (1 - BETA_2)
        moved[name] = weight - lr * decay * weight - lr * m / (np.sqrt(v) + EPSILON)
    return moved
