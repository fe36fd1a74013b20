"""Streaming: the same answers as unary, in order, and a bad message harms itself alone."""

import asyncio
import csv
import os
import queue
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tritonclient.grpc import aio

from test_infer import CREWS, NOTES, answers, features, texts


@pytest.fixture
def stream(client):
    """Sends one message after another; gives (result, error) for each, in the order of arrival."""
    arrived = queue.Queue()
    client.start_stream(lambda result, error: arrived.put((result, error)))

    def exchange(messages):
        for index, (model, inputs) in enumerate(messages):
            client.async_stream_infer(model, inputs, request_id=str(index))
        return [arrived.get(timeout=60) for _ in messages]

    yield exchange
    client.stop_stream()


def test_a_stream_answers_as_unary_does_and_in_order(client, stream, digits, held_out):
    chunks = [features(chunk) for chunk in np.array_split(held_out[0], 40)]
    streamed = stream([("digits", chunk) for chunk in chunks])
    assert [error for _, error in streamed] == [None] * len(chunks)
    assert [result.get_response().id for result, _ in streamed] == [
        str(i) for i in range(len(chunks))
    ]
    assert [answers(result) for result, _ in streamed] == [
        answers(client.infer("digits", chunk)) for chunk in chunks
    ]


def test_one_stream_may_ask_several_models(stream, digits, notes, held_out):
    (text, _), (number, _) = stream(
        [("plant2.notes", texts(NOTES)), ("digits", features(held_out[0][:2]))]
    )
    assert text.as_numpy("label").tolist() == CREWS
    assert number.as_numpy("probabilities").shape == (2, 10)


def test_a_bad_message_is_answered_in_its_place_and_the_stream_goes_on(
    client, stream, digits, held_out
):
    good = features(held_out[0][:4])
    wrong_shape = features(np.zeros((1, 63), np.float32))
    first, refused, unknown, last = stream(
        [("digits", good), ("digits", wrong_shape), ("nobody.trained.this", good), ("digits", good)]
    )
    expected = answers(client.infer("digits", good))
    assert answers(first[0]) == answers(last[0]) == expected
    assert refused[0] is None and refused[1].message()
    assert unknown[0] is None and "nobody.trained.this" in unknown[1].message()


def test_the_asyncio_client_streams_too(plant, client, digits, held_out):
    chunks = [features(chunk) for chunk in np.array_split(held_out[0], 10)]

    async def messages():
        for chunk in chunks:
            yield {"model_name": "digits", "inputs": chunk}

    async def exchange():
        async with aio.InferenceServerClient(plant.addresses["predictor"]) as streaming:
            return [answer async for answer in streaming.stream_infer(messages())]

    streamed = asyncio.run(exchange())
    assert [error for _, error in streamed] == [None] * len(chunks)
    assert [answers(result) for result, _ in streamed] == [
        answers(client.infer("digits", chunk)) for chunk in chunks
    ]


def test_the_plant_client_labels_a_csv_file(plant, digits, held_out):
    pixels, labels = held_out
    rows = "\n".join(
        [",".join(f"p{i:02}" for i in range(64)), *(",".join(map(str, row)) for row in pixels)]
    )
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("plant_client.py")), "digits"],
        input=rows, env=os.environ | {"MILLWRIGHT_PREDICTOR": plant.addresses["predictor"]},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [label for label, _ in csv.reader(done.stdout.splitlines(), delimiter="\t")]
    assert np.mean(np.array(found) == labels) == pytest.approx(digits["accuracy"])
