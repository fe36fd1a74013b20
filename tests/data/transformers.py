"""Makes what the transformers of Millwright are compared with: scikit-learn's own results.

    transformers.py     notes.csv and transformers.json; reads fetched/excavators.csv

`notes.csv` is made up: notes in English and Chinese beside numbers with gaps, one row in four held
out. Transformers are fitted on its `train` rows; their results for the `test` rows are recorded.
"""

import json
import platform
import random
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from sklearn import metrics
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).resolve().parent
SEED = 42
ROWS = 160

# What is said of each fault, and how its numbers lie: mean and spread.
FAULTS = {
    "leak": {
        "says": ["pump leaks oil", "OIL LEAK at hose", "seal drips, replace seal", "液压泵漏油", "软管漏油,已更换", "油管接头漏油"],
        "pressure": (101_280, 40),
        "vibration": (0.4, 0.1),
    },
    "noise": {
        "says": ["bearing noisy", "motor vibrates - check bearing", "Grinding  noise from gearbox", "轴承异响", "电机振动大", "齿轮箱异响,检查轴承"],
        "pressure": (101_330, 40),
        "vibration": (1.6, 0.4),
    },
    "heat": {
        "says": ["motor too hot", "bearing temperature high", "oil cooler blocked: HOT", "电机过热", "轴承温度高", "油冷却器堵塞"],
        "pressure": (101_340, 40),
        "vibration": (0.8, 0.2),
    },
}
ASIDES = ["", "", "again", "night shift", "见照片", "\u00c9tage 2", "ASAP!!", "夜班 夜班"]
NUMBERS = ["pressure", "vibration", "age"]


def notes() -> pd.DataFrame:
    draw = random.Random(SEED)
    rows = []
    for i in range(ROWS):
        label, fault = draw.choice(list(FAULTS.items()))
        note = " ".join(filter(None, [draw.choice(fault["says"]), draw.choice(ASIDES)]))
        numbers = {name: round(draw.gauss(*fault[name]), 3) for name in NUMBERS[:2]}
        numbers["age"] = draw.randrange(30)
        for name in NUMBERS:
            if draw.random() < 0.08:
                numbers[name] = np.nan
        fold = "test" if i % 4 == 3 else "train"
        rows.append({"note": "" if draw.random() < 0.04 else note} | numbers | {"label": label, "fold": fold})
    return pd.DataFrame(rows)


# Vectorisers as recipes name them; `limit` cuts between frequencies, since scikit-learn leaves open
# which of terms as frequent as each other it keeps.
def vectorizer(weighting="count", analyzer="word", ngrams=(1, 1), min_df=None, max_df=None, limit=None) -> dict:
    return {
        "weighting": weighting,
        "analyzer": analyzer,
        "ngrams": {"min": ngrams[0], "max": ngrams[1]},
        "min_df": min_df or {"count": 1},
        "max_df": max_df or {"share": 1.0},
        "max_features": limit,
    }


VECTORIZERS = {
    "counted words": vectorizer(),
    "counted pairs of words": vectorizer(ngrams=(1, 2), min_df={"count": 3}, max_df={"share": 0.2}),
    "counted characters": vectorizer(analyzer="char", ngrams=(2, 2), min_df={"share": 0.05}),
    "weighed words": vectorizer("tfidf"),
    "weighed frequent words": vectorizer("tfidf", limit=5),
    "weighed runs of words": vectorizer("tfidf", ngrams=(2, 3), max_df={"count": 10}),
    "weighed characters": vectorizer("tfidf", "char", (1, 3), {"count": 4}, {"share": 0.6}),
}


def frequency(said: dict):
    ((_, value),) = said.items()
    return value


def of_scikit_learn(spec: dict):
    maker = {"count": CountVectorizer, "tfidf": TfidfVectorizer}[spec["weighting"]]
    return maker(
        analyzer=spec["analyzer"],
        ngram_range=(spec["ngrams"]["min"], spec["ngrams"]["max"]),
        min_df=frequency(spec["min_df"]),
        max_df=frequency(spec["max_df"]),
        max_features=spec["max_features"],
    )


def limit_is_clear(spec: dict, texts) -> bool:
    """Whether the last term that `max_features` keeps is more frequent than the next."""
    if spec["max_features"] is None:
        return True
    counts = of_scikit_learn(spec | {"weighting": "count", "max_features": None}).fit_transform(texts)
    times = np.sort(counts.sum(axis=0).A1)[::-1]
    return times[spec["max_features"] - 1] > times[spec["max_features"]]


def vectorized(spec: dict, train, test) -> dict:
    if not limit_is_clear(spec, train["note"]):
        raise SystemExit(f"{spec['max_features']} terms: the next is as frequent as the last")
    model = of_scikit_learn(spec).fit(train["note"])
    rows = model.transform(test["note"]).sorted_indices()
    lanes = [rows[i] for i in range(rows.shape[0])]
    return {
        "spec": spec,
        "vocabulary": model.get_feature_names_out().tolist(),
        "idf": rounded(model.idf_) if spec["weighting"] == "tfidf" else None,
        "rows": [[[int(j), rounded(x)] for j, x in zip(lane.indices, lane.data)] for lane in lanes],
    }


def numbers(scale: str) -> Pipeline:
    steps = [("impute", SimpleImputer(strategy="median"))]
    return Pipeline(steps + ([("scale", StandardScaler())] if scale == "standard" else []))


def standardized(scale: str, train, test) -> dict:
    model = numbers(scale).fit(train[NUMBERS])
    recorded = {"medians": rounded(model["impute"].statistics_), "rows": rounded(model.transform(test[NUMBERS]))}
    if scale == "standard":
        recorded |= {"means": rounded(model["scale"].mean_), "scales": rounded(model["scale"].scale_)}
    return recorded


def features(kind: str) -> ColumnTransformer:
    """Features of the notes, of the numbers, or of both: dense, as the full decompositions want it."""
    text = ("text", of_scikit_learn(VECTORIZERS["weighed characters"]), "note")
    parts = {
        "text": [text],
        "standard": [("numbers", numbers("standard"), NUMBERS)],
        "none": [("numbers", numbers("none"), NUMBERS)],
        "mixed": [text, ("numbers", numbers("standard"), NUMBERS)],
        "mixed, not scaled": [text, ("numbers", numbers("none"), NUMBERS)],
    }
    return ColumnTransformer(parts[kind], sparse_threshold=0.0)


def pca(keep: dict) -> PCA:
    return PCA(frequency(keep), svd_solver="full")


class Svd(TruncatedSVD):
    """Exact, and cut by explained variance too, as PCA is."""

    def __init__(self, keep: dict):
        self.keep = keep
        super().__init__(algorithm="arpack", tol=0)

    def fit_transform(self, x, y=None):
        self.n_components = self.keep.get("components", min(x.shape) - 1)
        whole = super().fit_transform(x, y)
        if "variance" in self.keep:
            shares = self.explained_variance_ratio_.cumsum()
            n = int(np.searchsorted(shares, self.keep["variance"], side="right")) + 1
            self.components_, self.n_components = self.components_[:n], n
            self.explained_variance_ratio_ = self.explained_variance_ratio_[:n]
            return whole[:, :n]
        return whole

    def fit(self, x, y=None):
        self.fit_transform(x, y)
        return self


METHODS = {"pca": pca, "truncated_svd": Svd}
REDUCTIONS = [
    ("text", "pca", {"variance": 0.9}),
    ("text", "pca", {"components": 7}),
    ("text", "truncated_svd", {"components": 7}),
    ("text", "truncated_svd", {"variance": 0.8}),
    ("standard", "pca", {"components": 2}),
    ("none", "pca", {"components": 2}),
    ("none", "truncated_svd", {"components": 2}),
    ("mixed", "pca", {"variance": 0.9}),
    ("mixed, not scaled", "truncated_svd", {"components": 5}),
]


def logistic() -> Pipeline:
    # A free intercept takes up all means: without them the solver converges, to the same minimum.
    head = LogisticRegression(C=1.0, tol=1e-8, max_iter=20_000)
    return make_pipeline(StandardScaler(with_std=False), head)


def reduced(kind: str, method: str, keep: dict, train, test) -> dict:
    """Components of the test rows, less the means of the training rows, and what a logistic
    regression of them answers."""
    model = Pipeline([("features", features(kind)), ("reduce", METHODS[method](keep)), ("head", logistic())])
    model.fit(train, train["label"])
    share = model["reduce"].explained_variance_ratio_
    return {
        "features": kind,
        "method": method,
        "keep": keep,
        "n_components": len(share),
        "explained_variance": rounded(share.sum()),
        "rows": rounded(model[:-1].transform(test) - model[:-1].transform(train).mean(axis=0)),
        "probabilities": rounded(model.predict_proba(test)),
    }


def answered(kind: str, train, test) -> dict:
    model = make_pipeline(features(kind), logistic()).fit(train, train["label"])
    return {"features": kind, "probabilities": rounded(model.predict_proba(test))}


# Pipelines on real work orders, whose accuracy is a bar.
ORDERS = {
    "weighed words": vectorizer("tfidf"),
    "weighed runs of words": vectorizer("tfidf", ngrams=(1, 2), min_df={"count": 2}),
    "counted characters": vectorizer("count", "char", (2, 4), min_df={"count": 5}),
    "weighed characters": vectorizer("tfidf", "char", (1, 4), min_df={"count": 2}),
}


def scored(spec: dict, train, test) -> dict:
    head = LogisticRegression(C=1.0, tol=1e-8, max_iter=20_000)
    model = make_pipeline(of_scikit_learn(spec), head).fit(train["text"], train["label"])
    chances = model.predict_proba(test["text"])
    found = model.classes_[chances.argmax(axis=1)]
    return {
        "spec": spec,
        "n_features": len(model[0].vocabulary_),
        "accuracy": metrics.accuracy_score(test["label"], found),
        "log_loss": metrics.log_loss(test["label"], chances, labels=model.classes_),
    }


def reduced_orders(train, test) -> dict:
    """Components of more terms than one would make a dense matrix of: how many, and how good."""
    vectorizer = of_scikit_learn(ORDERS["weighed characters"])
    whole = PCA(svd_solver="full").fit(vectorizer.fit_transform(train["text"]).toarray())
    shares = whole.explained_variance_ratio_.cumsum()
    needed = {str(share): int(np.searchsorted(shares, share, side="right")) + 1 for share in (0.5, 0.9, 0.95)}
    few = make_pipeline(vectorizer, PCA(50, svd_solver="arpack"), LogisticRegression(C=1.0, tol=1e-8, max_iter=20_000))
    few.fit(train["text"], train["label"])
    chances = few.predict_proba(test["text"])
    return {
        "spec": ORDERS["weighed characters"],
        "n_components": needed,
        "explained_by_50": float(shares[49]),
        "accuracy_of_50": metrics.accuracy_score(test["label"], few.classes_[chances.argmax(axis=1)]),
        "log_loss_of_50": metrics.log_loss(test["label"], chances, labels=few.classes_),
    }


def rounded(value):
    """Nine digits of each number, as plain lists."""
    if np.ndim(value) == 0:
        return float(f"{float(value):.9g}")
    return [rounded(part) for part in np.asarray(value)]


def folds(table: pd.DataFrame):
    return (table[table["fold"] == fold] for fold in ("train", "test"))


def main() -> None:
    orders = HERE / "fetched" / "excavators.csv"
    if not orders.exists():
        raise SystemExit("fetched/excavators.csv is missing: run .ci/fetch-data")
    notes().to_csv(HERE / "notes.csv", index=False, lineterminator="\n")
    # Read back, so that both sides see the same cells.
    table = pd.read_csv(HERE / "notes.csv", keep_default_na=True, dtype={"note": str})
    table["note"] = table["note"].fillna("")
    train, test = folds(table)
    of_orders = tuple(folds(pd.read_csv(orders, dtype=str)))
    recorded = {
        "made_by": {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "python": platform.python_version()},
        "vectorizers": {name: vectorized(spec, train, test) for name, spec in VECTORIZERS.items()},
        "numbers": {scale: standardized(scale, train, test) for scale in ("standard", "none")},
        "reductions": [reduced(*case, train, test) for case in REDUCTIONS],
        "pipelines": [answered(kind, train, test) for kind in ("text", "none", "mixed", "mixed, not scaled")],
        "excavators": {name: scored(spec, *of_orders) for name, spec in ORDERS.items()},
        "excavators_pca": reduced_orders(*of_orders),
    }
    text = json.dumps(recorded, ensure_ascii=False, separators=(",", ":"))
    (HERE / "transformers.json").write_text(text + "\n", encoding="utf-8")
    for name, bar in recorded["excavators"].items():
        print(f"excavators, {name}: {bar['n_features']} features, accuracy {bar['accuracy']:.3f}")


if __name__ == "__main__":
    main()
