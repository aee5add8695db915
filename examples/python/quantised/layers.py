"""Layers with hand-written gradients, channels last, in 32-bit floats, and Adam."""

import numpy as np


class Layer:
    """Keeps its parameters by name, and after `backward` their gradients."""

    def __init__(self, **parameters):
        self.parameters = {name: value.astype(np.float32) for name, value in parameters.items()}
        self.gradients = {}

    def __getattr__(self, name):
        try:
            return self.__dict__["parameters"][name]
        except KeyError:
            raise AttributeError(name) from None

    def all_layers(self):
        return [self]


class Dense(Layer):
    """A linear layer; weights are [in, out]."""

    def __init__(self, rng, inputs, outputs):
        super().__init__(weight=rng.normal(0, np.sqrt(2 / inputs), (inputs, outputs)), bias=np.zeros(outputs))

    def forward(self, x, training):
        self.x = x
        return x @ self.weight + self.bias

    def backward(self, gradient):
        self.gradients = {"weight": self.x.T @ gradient, "bias": gradient.sum(0)}
        return gradient @ self.weight.T


class Conv(Layer):
    """A convolution that keeps the size, up to its stride; weights are [places, in, out], or [places, channels] if it is depthwise."""

    def __init__(self, rng, inputs, outputs, size=3, stride=1, depthwise=False):
        shape = (size * size, inputs) if depthwise else (size * size, inputs, outputs)
        fan_in = size * size * (1 if depthwise else inputs)
        super().__init__(weight=rng.normal(0, np.sqrt(2 / fan_in), shape), bias=np.zeros(outputs))
        self.size, self.stride, self.depthwise = size, stride, depthwise

    def windows(self, padded, height, width):
        """What each place of the kernel reads, as views of the padded images."""
        step = self.stride
        for row in range(self.size):
            for column in range(self.size):
                yield padded[:, row : row + step * height : step, column : column + step * width : step]

    def forward(self, x, training):
        edge = self.size // 2
        self.padded = np.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
        height, width = (-(-length // self.stride) for length in x.shape[1:3])
        seen = list(self.windows(self.padded, height, width))
        if self.depthwise:
            self.seen = seen
            return sum(window * place for window, place in zip(seen, self.weight)) + self.bias
        self.seen = np.concatenate(seen, axis=-1)
        return self.seen @ self.weight.reshape(-1, self.weight.shape[-1]) + self.bias

    def backward(self, gradient):
        height, width = gradient.shape[1:3]
        flat = gradient.reshape(-1, gradient.shape[-1])
        if self.depthwise:
            weight = np.stack([(window * gradient).sum((0, 1, 2)) for window in self.seen])
            parts = [gradient * place for place in self.weight]
        else:
            weight = (self.seen.reshape(len(flat), -1).T @ flat).reshape(self.weight.shape)
            parts = [gradient @ place.T for place in self.weight]
        self.gradients = {"weight": weight, "bias": flat.sum(0)}
        below = np.zeros_like(self.padded)
        for window, part in zip(self.windows(below, height, width), parts):
            window += part
        edge = self.size // 2
        return below[:, edge : below.shape[1] - edge, edge : below.shape[2] - edge]


class Norm(Layer):
    """Batch normalisation; running moments are kept for its use after training."""

    EPSILON = 1e-5

    def __init__(self, channels):
        super().__init__(gain=np.ones(channels), shift=np.zeros(channels))
        self.mean, self.variance = np.zeros(channels, np.float32), np.ones(channels, np.float32)

    def forward(self, x, training):
        if not training:
            return (x - self.mean) / np.sqrt(self.variance + self.EPSILON) * self.gain + self.shift
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        self.mean = 0.9 * self.mean + 0.1 * mean
        self.variance = 0.9 * self.variance + 0.1 * variance
        self.deviation = np.sqrt(variance + self.EPSILON)
        self.normal = (x - mean) / self.deviation
        return self.normal * self.gain + self.shift

    def backward(self, gradient):
        axes = (0, 1, 2)
        self.gradients = {"gain": (gradient * self.normal).sum(axes), "shift": gradient.sum(axes)}
        inner = gradient * self.gain
        return (inner - inner.mean(axes) - self.normal * (inner * self.normal).mean(axes)) / self.deviation


class Relu(Layer):
    def forward(self, x, training):
        self.on = x > 0
        return x * self.on

    def backward(self, gradient):
        return gradient * self.on


class Pool(Layer):
    """The mean over all places of an image."""

    def forward(self, x, training):
        self.shape = x.shape
        return x.mean((1, 2))

    def backward(self, gradient):
        places = self.shape[1] * self.shape[2]
        return np.broadcast_to((gradient / places)[:, None, None, :], self.shape)


class Chain(Layer):
    def __init__(self, *layers):
        super().__init__()
        self.layers = layers

    def forward(self, x, training=False):
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, gradient):
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return gradient

    def all_layers(self):
        return [own for layer in self.layers for own in layer.all_layers()]


class Residual(Chain):
    """What the chain makes is added to what it reads."""

    def forward(self, x, training=False):
        return x + super().forward(x, training)

    def backward(self, gradient):
        return gradient + super().backward(gradient)


class Adam:
    def __init__(self, layers, rate):
        self.layers, self.rate, self.steps = layers, rate, 0
        self.moments = [{name: (0.0, 0.0) for name in layer.parameters} for layer in layers]

    def step(self):
        self.steps += 1
        for layer, moments in zip(self.layers, self.moments):
            for name, gradient in layer.gradients.items():
                first, second = moments[name]
                first = 0.9 * first + 0.1 * gradient
                second = 0.999 * second + 0.001 * gradient**2
                moments[name] = first, second
                size = np.sqrt(second / (1 - 0.999**self.steps)) + 1e-8
                layer.parameters[name] -= self.rate * first / (1 - 0.9**self.steps) / size
