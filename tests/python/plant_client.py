"""Labels the rows of a CSV file with a model that Millwright serves.

    MILLWRIGHT_PREDICTOR=127.0.0.1:8001 python plant_client.py digits < rows.csv

The file holds the model's columns and no others, in the order of the training data; an empty cell
is a missing number. One line is printed for each row: its label and how probable that is.
"""

import asyncio
import csv
import os
import sys
from itertools import islice

import numpy as np
from tritonclient.grpc import InferInput, aio

ROWS_PER_MESSAGE = 64


def tensor(expected, rows):
    """The rows as the one input that the model's metadata asks for."""
    if expected.datatype == "BYTES":
        values = np.array([text.encode() for (text,) in rows], dtype=object)
    else:
        values = np.array([[float(cell or "nan") for cell in row] for row in rows], np.float32)
    return InferInput(expected.name, values.shape, expected.datatype).set_data_from_numpy(values)


async def labelled(client, model, rows):
    """Streams the rows, a few at a time, and yields (label, probability) in their order."""
    (expected,) = (await client.get_model_metadata(model)).inputs

    async def messages():
        while chunk := list(islice(rows, ROWS_PER_MESSAGE)):
            yield {"model_name": model, "inputs": [tensor(expected, chunk)]}

    async for result, error in client.stream_infer(messages()):
        if error:
            raise error
        best = result.as_numpy("probabilities").max(axis=1)
        for label, probability in zip(result.as_numpy("label"), best, strict=True):
            yield label.decode(), probability


async def main(model):
    address = os.environ.get("MILLWRIGHT_PREDICTOR", "127.0.0.1:8001")
    rows = csv.reader(sys.stdin)
    next(rows)
    async with aio.InferenceServerClient(address) as client:
        async for label, probability in labelled(client, model, rows):
            print(f"{label}\t{probability:.3f}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
