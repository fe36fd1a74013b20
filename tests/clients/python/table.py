"""Rows of a CSV file as named columns."""

import csv

from millwright.predictor.v1.predictor_pb2 import NamedColumn, Numbers, Texts


class Table:
    """Rows of a CSV file; the columns in `texts` are not numbers."""

    def __init__(self, path):
        with open(path, newline="", encoding="utf-8") as file:
            self.names, *self.rows = csv.reader(file)
        self.texts = set()

    def __len__(self):
        return len(self.rows)

    def columns(self, begin, end):
        """The rows from `begin` to `end` as the columns of a request."""
        cells = zip(*self.rows[begin:end], strict=True)
        return [self.column(name, values) for name, values in zip(self.names, cells, strict=True)]

    def column(self, name, cells):
        if name in self.texts:
            return NamedColumn(name=name, texts=Texts(values=cells))
        return NamedColumn(name=name, numbers=Numbers(values=[float(c or "nan") for c in cells]))
