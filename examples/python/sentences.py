"""Sentences that people have rated, as sequences for `synbal learn sequences --data DIR`.

    python sentences.py RATED.txt -o DIR

A line of RATED.txt is an id, a rating and a sentence, with tabs between; a rating above 0 says that the sentence is meant well. Every fifth sentence is for the
test. A sequence is the last 12 of those words of a sentence that are among the 256 most telling ones: those whose share of well-meant sentences, of the ones
not for the test, is furthest from that of all, in standard errors. A step is a row of 256 numbers, 255 at the word and 0 elsewhere; rows of zeros come before
sentences with fewer words. The four files are in the IDX format, as those of MNIST: a sentence stands for an image, a word for a row of pixels.
"""

import argparse
import collections
import gzip
import math
import pathlib
import re
import struct

STEPS, WORDS = 12, 256


def sentences(path):
    """Pairs of a label and words."""
    lines = pathlib.Path(path).read_text(encoding="latin-1").splitlines()
    rated = [line.split("\t", 2) for line in lines if line.count("\t") >= 2]
    return [(int(float(rating) > 0), re.findall("[a-z']+", text.lower())) for _, rating, text in rated]


def telling(known):
    """The words that tell most, each with its place."""
    share = sum(label for label, _ in known) / len(known)
    of = collections.Counter(word for _, words in known for word in set(words))
    well = collections.Counter(word for label, words in known for word in set(words) if label)
    errors = {word: abs(well[word] - share * count) / math.sqrt(count) for word, count in of.items()}
    chosen = sorted(of, key=lambda word: (-errors[word], word))[:WORDS]
    return {word: place for place, word in enumerate(chosen)}


def write(folder, part, known, places):
    """The sequences and the labels of a part."""
    rows = bytearray()
    for _, words in known:
        steps = [places[word] for word in words if word in places][-STEPS:]
        sequence = bytearray(STEPS * WORDS)
        for row, place in enumerate(steps, STEPS - len(steps)):
            sequence[row * WORDS + place] = 255
        rows += sequence
    labels = bytes(label for label, _ in known)
    images = struct.pack(">IIII", 0x803, len(known), STEPS, WORDS) + rows
    for name, content in [("images-idx3", images), ("labels-idx1", struct.pack(">II", 0x801, len(known)) + labels)]:
        # Without a time, so that the same sentences give the same bytes.
        (folder / f"{part}-{name}-ubyte.gz").write_bytes(gzip.compress(content, mtime=0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rated")
    parser.add_argument("-o", "--output", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    known = sentences(arguments.rated)
    training = [one for at, one in enumerate(known) if at % 5 != 4]
    test = [one for at, one in enumerate(known) if at % 5 == 4]
    places = telling(training)
    arguments.output.mkdir(parents=True, exist_ok=True)
    write(arguments.output, "train", training, places)
    write(arguments.output, "t10k", test, places)
    print(f"{len(training)} sentences to learn from, {len(test)} to test with; {len(places)} words")


if __name__ == "__main__":
    main()
