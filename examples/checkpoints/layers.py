"""What transformers are made of, in numpy: written from the papers of the models, in the number type of the input."""

import numpy as np


def rms_norm(x, gain, eps, shift=0.0):
    mean = np.mean(x * x, axis=-1, keepdims=True)
    return x / np.sqrt(mean + x.dtype.type(eps)) * (gain + x.dtype.type(shift))


def layer_norm(x, gain, bias, eps):
    x = x - np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(x * x, axis=-1, keepdims=True)
    return x / np.sqrt(variance + x.dtype.type(eps)) * gain + bias


def softmax(x):
    x = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return x / np.sum(x, axis=-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def tanh_gelu(x):
    inner = x.dtype.type(np.sqrt(2 / np.pi)) * (x + x.dtype.type(0.044715) * x * x * x)
    return x.dtype.type(0.5) * x * (1 + np.tanh(inner))


ACTIVATIONS = {
    "silu": lambda x: x * sigmoid(x),
    # With tanh instead of the error function, which numpy lacks: no scaling tells them apart.
    "gelu": tanh_gelu,
    "gelu_new": tanh_gelu,
    "gelu_pytorch_tanh": tanh_gelu,
    "relu": lambda x: np.maximum(x, 0),
    "relu2": lambda x: np.maximum(x, 0) ** 2,
}


def rotate_halves(x, theta, share=1.0):
    """The entries j and j + half of each head (the first part of it) are turned by position * theta^(-j / half)."""
    rotated = int(x.shape[-1] * share)
    half = rotated // 2
    position = np.arange(x.shape[-2])[:, None]
    angle = position * theta ** (-np.arange(half) / half)
    cos, sin = np.cos(angle).astype(x.dtype), np.sin(angle).astype(x.dtype)
    one, two, rest = x[..., :half], x[..., half:rotated], x[..., rotated:]
    return np.concatenate([one * cos - two * sin, two * cos + one * sin, rest], axis=-1)


def rotate_pairs(x, theta):
    """The entries 2j and 2j + 1 are turned by position * theta^(-j / half)."""
    half = x.shape[-1] // 2
    position = np.arange(x.shape[-2])[:, None]
    angle = position * theta ** (-np.arange(half) / half)
    cos, sin = np.cos(angle).astype(x.dtype), np.sin(angle).astype(x.dtype)
    one, two = x[..., 0::2], x[..., 1::2]
    return np.stack([one * cos - two * sin, two * cos + one * sin], axis=-1).reshape(x.shape)


def heads(x, number):
    """[tokens, number * size] -> [number, tokens, size]"""
    return x.reshape(x.shape[0], number, -1).transpose(1, 0, 2)


def attention(q, k, v, scale, causal=True, cap=None, bias=0.0):
    """Heads of queries [heads, tokens, size] on fewer heads of keys and values, each shared by neighbours."""
    shared = q.shape[0] // k.shape[0]
    k, v = np.repeat(k, shared, axis=0), np.repeat(v, shared, axis=0)
    scores = q @ k.transpose(0, 2, 1) * q.dtype.type(scale) + bias
    if cap:
        scores = np.tanh(scores / q.dtype.type(cap)) * q.dtype.type(cap)
    if causal:
        scores = np.where(np.tri(scores.shape[-2], scores.shape[-1], dtype=bool), scores, -np.inf)
    mixed = softmax(scores) @ v
    return mixed.transpose(1, 0, 2).reshape(mixed.shape[1], -1)
