"""Makes the two data sets of the comparison in the folder that is named.

    make_data.py FOLDER              packages.csv from Debian's index, numbers.csv from a seed
    make_data.py FOLDER --rows N     with N instead of 1,000,000 rows of numbers

`packages.csv`: `text` is the long description of a package, `label` its section, for sections of
200 packages or more. `numbers.csv`: 50 numeric columns, one cell in a hundred missing, five
classes. Both have a column `fold`, one row in five of each class held out.
"""

import argparse
import lzma
import re
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

SEED = 42
INDEX = "http://deb.debian.org/debian/dists/bookworm/main/"
LEAST_PACKAGES = 200
COLUMNS, FACTORS, CLASSES = 50, 20, 5


def fetched(folder, path):
    """The text of a file of the index, which is fetched once."""
    kept = folder / path.replace("/", "_")
    if not kept.exists():
        kept.write_bytes(urllib.request.urlopen(INDEX + path).read())
    return lzma.open(kept, "rt", encoding="utf-8").read()


def paragraphs(text):
    """The fields of each paragraph; lines that go on keep their line ends."""
    for paragraph in text.split("\n\n"):
        yield dict(re.findall(r"^(\S+?):[ \t]*((?:.*)(?:\n[ \t].*)*)", paragraph, re.M))


def packages(folder):
    described = {}
    for fields in paragraphs(fetched(folder, "i18n/Translation-en.xz")):
        if "Description-en" in fields:
            described[fields["Description-md5"]] = fields["Description-en"].partition("\n")[2]
    index = paragraphs(fetched(folder, "binary-amd64/Packages.xz"))
    rows = [(f["Section"], described.get(f["Description-md5"], "")) for f in index if f]
    table = pd.DataFrame(rows, columns=["label", "text"])
    return table[table.groupby("label").label.transform("size") >= LEAST_PACKAGES]


def numbers(n):
    """Columns of very different scales that a few factors explain, and classes that these decide."""
    draws = np.random.default_rng(SEED)
    factors = draws.standard_normal((n, FACTORS))
    values = factors @ draws.standard_normal((FACTORS, COLUMNS))
    values += 0.3 * draws.standard_normal(values.shape)
    values = values * 10.0 ** draws.integers(-2, 4, COLUMNS) + 10.0 ** draws.integers(0, 4, COLUMNS)
    logits = 1.5 * factors @ draws.standard_normal((FACTORS, CLASSES)) / np.sqrt(FACTORS)
    label = (logits + draws.gumbel(size=logits.shape)).argmax(1)
    values[draws.random(values.shape) < 0.01] = np.nan
    table = pd.DataFrame(values, columns=[f"x{j:02}" for j in range(COLUMNS)])
    return table.assign(label=[f"c{c}" for c in label])


def with_folds(table):
    table = table.reset_index(drop=True)
    held = train_test_split(table.index, test_size=0.2, random_state=SEED, stratify=table.label)[1]
    fold = np.full(len(table), "train", dtype=object)
    fold[held] = "test"
    return table.assign(fold=fold)


def main():
    wanted = argparse.ArgumentParser()
    wanted.add_argument("folder", type=Path)
    wanted.add_argument("--rows", type=int, default=1_000_000)
    wanted = wanted.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    for name, table in [("packages", packages(wanted.folder)), ("numbers", numbers(wanted.rows))]:
        table = with_folds(table)
        table.to_csv(wanted.folder / f"{name}.csv", index=False, float_format="%.6g")
        print(f"{name}: {len(table)} rows, {table.label.nunique()} classes")


if __name__ == "__main__":
    main()
