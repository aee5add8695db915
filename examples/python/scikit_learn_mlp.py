"""Balances a classifier that scikit-learn trained, and puts the weights back: python scikit_learn_mlp.py"""

import numpy as np
import synaptic_balance as sb
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

images, labels = load_digits(return_X_y=True)
network = MLPClassifier((50, 30), max_iter=60, random_state=0, tol=0, n_iter_no_change=60).fit(images[:1200] / 16, labels[:1200])
before = network.predict_proba(images / 16)

# scikit-learn keeps weights [in, out].
layers = list(zip(network.coefs_, network.intercepts_))
found = sb.balance(layers, regularizer="l2", certify=12, transpose=True)
print(found)

network.coefs_, network.intercepts_ = map(list, zip(*found.model))
after = network.predict_proba(images / 16)
print(f"probabilities differ by at most {np.abs(before - after).max():.1e}; sum of squares {found.regularizer_before:.1f} -> {found.regularizer_after:.1f}")

assert np.abs(before - after).max() < 1e-9
assert sb.check(layers, found.model, transpose=True)
assert sb.verify(layers, found, transpose=True)
