"""scikit-learn's side of `compare.py`: trains once and prints as JSON how long each part took.

    peer.py TABLE words|pca MAX_ITER
"""

import json
import sys
import time

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def objective(model, features, labels):
    """(Sum of the log losses + ‖w‖²/2) / rows, which is what Millwright reports."""
    loss = log_loss(labels, model.predict_proba(features), labels=model.classes_)
    return loss + (model.coef_**2).sum() / 2 / features.shape[0]


def main(path, recipe, max_iter):
    start = time.perf_counter()
    if recipe == "words":
        table = pd.read_csv(path, keep_default_na=False)
        steps = CountVectorizer()
        columns = "text"
    else:
        table = pd.read_csv(path)
        steps = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), PCA(0.95))
        columns = [column for column in table if column not in ("label", "fold")]
    opened = time.perf_counter()
    train, test = table[table.fold == "train"], table[table.fold == "test"]
    features = steps.fit_transform(train[columns])
    transformed = time.perf_counter()
    model = LogisticRegression(max_iter=max_iter).fit(features, train.label)
    fitted = time.perf_counter()
    answers = model.predict_proba(steps.transform(test[columns]))
    found = model.classes_[answers.argmax(1)]
    scores = {
        "accuracy": accuracy_score(test.label, found),
        "macro_f1": f1_score(test.label, found, average="macro"),
        "log_loss": log_loss(test.label, answers, labels=model.classes_),
    }
    print(json.dumps({
        "open": opened - start,
        "features": transformed - opened,
        "fit": fitted - transformed,
        "total": time.perf_counter() - start,
        "n_features": features.shape[1],
        "iterations": int(np.max(model.n_iter_)),
        "objective": objective(model, features, train.label),
        **scores,
    }))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
