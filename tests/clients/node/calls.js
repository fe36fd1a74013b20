// Calls as a plant makes them: spread, retried when asked to, and streams that outlive connections.

import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ChannelCredentials, loadPackageDefinition, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { getProtoPath } from 'google-proto-files';

export const DEADLINE = 10_000;
const STREAM_DEADLINE = 60_000;
const ROWS_PER_MESSAGE = 8;
const MESSAGES_IN_FLIGHT = 16;
const LONGEST_MESSAGE = 64 << 20;

const contract = join(dirname(fileURLToPath(import.meta.url)), 'proto');
const googles = join(getProtoPath(), '..');
const definition = loadSync(
  [
    'millwright/predictor/v1/predictor.proto',
    'google/rpc/status.proto',
    'google/rpc/error_details.proto',
  ],
  { keepCase: true, longs: Number, defaults: true, oneofs: true, includeDirs: [contract, googles] },
);
const { PredictorService } = loadPackageDefinition(definition).millwright.predictor.v1;
const rpcStatus = definition['google.rpc.Status'];
const retryInfo = definition['google.rpc.RetryInfo'];

// docs: begin
// A stub that goes round `addresses`: over TLS, to servers called `name`, if there is whom to trust.
export function connect(addresses, ca, name) {
  const security = ca ? ChannelCredentials.createSsl(ca) : ChannelCredentials.createInsecure();
  return new PredictorService(`ipv4:${addresses.join(',')}`, security, {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
    'grpc.max_receive_message_length': LONGEST_MESSAGE,
    ...(ca && { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name }),
  });
}
// docs: end

// An error with a status, as failed calls have it.
export function failed(code, message) {
  return Object.assign(new Error(message), { code });
}

// The answer to one message, within so many milliseconds; `look` sees the call that was answered.
export function ask(stub, method, request, within, look = () => {}) {
  return new Promise((resolve, reject) => {
    const call = stub[method](request, { deadline: Date.now() + within }, (error, answer) => {
      if (error) return reject(error);
      look(call);
      resolve(answer);
    });
  });
}

// What `call` answers, and how often it was told to come again before.
export async function patiently(call, tries = 40) {
  for (let retries = 0, bound = 10; ; retries++, bound = Math.min(2 * bound, 500)) {
    try {
      return [await call(), retries];
    } catch (error) {
      const wait = retryAfter(error);
      if (wait === undefined || retries + 1 === tries) throw error;
      // A random part, so that those who were refused together do not come back together.
      await sleep(wait + Math.random() * bound);
    }
  }
}

// Milliseconds after which an overloaded predictor wants to be asked again, if it ever does.
function retryAfter(error) {
  if (error.code !== status.RESOURCE_EXHAUSTED) return undefined;
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  const details = bytes ? rpcStatus.deserialize(bytes).details : [];
  const detail = details.find((any) => any.type_url.endsWith('/google.rpc.RetryInfo'));
  if (!detail) return undefined;
  const { seconds, nanos } = retryInfo.deserialize(detail.value).retry_delay;
  return seconds * 1000 + nanos / 1e6;
}

// The labels of all rows, and how often the stream was opened again: one that breaks goes on with
// the first message that was not answered.
export async function labelled(stub, request, nRows) {
  const labels = [];
  let streams = 0;
  for (let failures = 0; labels.length < nRows; streams++) {
    const before = labels.length;
    try {
      await exchange(stub, request, labels, nRows);
    } catch (error) {
      if (error.code !== status.UNAVAILABLE) throw error;
    }
    if (labels.length === nRows) continue;
    failures = labels.length > before ? 1 : failures + 1;
    if (failures > 5) throw failed(status.UNAVAILABLE, 'the stream breaks again and again');
    await sleep(50 * 2 ** failures);
  }
  return [labels, Math.max(streams - 1, 0)];
}

// Adds to `labels` those of the rows after them, until all are there or the stream breaks.
async function exchange(stub, request, labels, nRows) {
  const call = stub.predictStream({ deadline: Date.now() + STREAM_DEADLINE });
  let begin = labels.length;
  let unanswered = 0;
  let hasRoom = true;
  const send = () => {
    while (begin < nRows && unanswered < MESSAGES_IN_FLIGHT && hasRoom) {
      const end = Math.min(begin + ROWS_PER_MESSAGE, nRows);
      hasRoom = call.write({ row_index: begin, request: request(begin, end) });
      unanswered++;
      begin = end;
      if (begin === nRows) call.end();
    }
  };
  call.on('drain', () => {
    hasRoom = true;
    send();
  });
  send();
  for await (const { row_index, prediction, error } of call) {
    if (row_index !== labels.length) throw failed(status.INTERNAL, 'an answer is out of order');
    if (error) throw failed(error.code, error.message);
    labels.push(...prediction.predictions.map(({ label }) => label));
    unanswered--;
    send();
  }
}
