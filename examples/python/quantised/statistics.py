"""Means over seeds and their 95 % intervals, by Student's distribution."""

import math

import numpy as np

# The 97.5 % points for 1, 2, ... degrees of freedom.
STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131]


def interval(values):
    """The mean and half of its interval."""
    values = np.asarray(values, dtype=float)
    return values.mean(), STUDENT[len(values) - 2] * values.std(ddof=1) / math.sqrt(len(values))


def sign(values):
    """1 or -1 if the whole interval lies on that side of 0, else 0."""
    mean, half = interval(values)
    return int(mean - half > 0) - int(mean + half < 0)


def beyond_chance(count, total):
    """Whether so many of all differences on one side would come about by chance in less than one case of twenty, were they independent."""
    chance = sum(math.comb(total, own) * 0.025**own * 0.975 ** (total - own) for own in range(count, total + 1))
    return chance < 0.05


class Table:
    """What was measured, by architecture, skew and arm, one number for each seed."""

    def __init__(self, runs, seeds):
        self.runs, self.seeds = runs, range(seeds)

    def values(self, name, skew, arm, *keys):
        found = []
        for seed in self.seeds:
            own = self.runs[name, seed][str(skew)][arm]
            for key in keys:
                own = own[key]
            found.append(own)
        return np.array(found)

    def accuracy(self, name, skew, arm, setting):
        return self.values(name, skew, arm, setting, "accuracy")

    def difference(self, name, skew, arm, other, setting):
        return self.accuracy(name, skew, arm, setting) - self.accuracy(name, skew, other, setting)
