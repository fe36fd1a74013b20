// Predicts the rows of a file with predictors of a running Millwright; ../README.md says what it
// takes and prints.

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { status } from '@grpc/grpc-js';

import { DEADLINE, ask, connect, failed, labelled, patiently } from './calls.js';
import { Table } from './table.js';

const REACH_WITHIN = 60_000;

async function main(args) {
  const rows = new Table(readable(args, 'rows').toString());
  const ca = args.ca && readable(args, 'ca');
  const predictors = args.predictors.split(',');
  const alone = (address) => connect([address], ca, args.name);

  // docs: begin
  const predictor = connect(predictors, ca, args.name);
  const { models } = await ask(predictor, 'listServedModels', {}, DEADLINE);
  rows.texts = textColumns(models, args.model);
  const request = (begin, end) => ({ model_ref: args.model, columns: rows.columns(begin, end) });
  const { version, predictions } = await ask(predictor, 'predict', request(0, 3), DEADLINE);
  const labels = predictions.map((prediction) => prediction.label);
  // docs: end

  const alias = ({ serving, alias }) => `${serving.model}@${alias}=${serving.version}`;
  console.log(`models: ${models.map(alias).join(', ')}`);
  const answered = `${version.model}@${version.version}`;
  console.log(`predicted: ${labels.length} rows by ${answered}: ${labels.join(', ')}`);
  console.log(await streamed(predictor, request, rows.length, args.out));
  console.log(await spread(predictor, request(0, 1), predictors));
  if (args.busy) console.log(await overloaded(alone(args.busy), request(0, 5)));
  if (args.silent) console.log(await deadline(alone(args.silent), request(0, 1)));
}

// Labels every row.
async function streamed(predictor, request, nRows, out) {
  const [labels, reopened] = await labelled(predictor, request, nRows);
  if (out) writeFileSync(out, labels.map((label) => `${label}\n`).join(''));
  const counts = {};
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  const told = Object.keys(counts).sort().map((label) => `${label} ${counts[label]}`);
  return `streamed: ${labels.length} rows: ${told.join(', ')}; reopened ${reopened} times`;
}

// Calls until every predictor has answered.
async function spread(predictor, request, predictors) {
  const answered = new Set();
  const until = Date.now() + REACH_WITHIN;
  while (answered.size < predictors.length && Date.now() < until) {
    await ask(predictor, 'predict', request, DEADLINE, (call) => answered.add(call.getPeer()));
  }
  return `predictors: ${answered.size} of ${predictors.length} answered`;
}

// Sends more than the queue takes, until one call at least was told to come again.
async function overloaded(predictor, request) {
  let retries = 0;
  for (let round = 0; round < 20 && retries === 0; round++) {
    const call = () => patiently(() => ask(predictor, 'predict', request, DEADLINE));
    const calls = await Promise.all([call(), call(), call()]);
    retries = calls.reduce((sum, [, retries]) => sum + retries, 0);
  }
  return `overloaded: 3 calls answered after ${retries} retries`;
}

// Calls whoever never answers.
async function deadline(predictor, request) {
  const ended = ask(predictor, 'predict', request, 500);
  return `deadline: ${await ended.then(() => 'answered', (error) => status[error.code])}`;
}

// The columns that the model takes as texts.
function textColumns(models, reference) {
  const [name] = reference.split('@');
  const { inputs } = models.find(({ serving }) => serving.model === name).signature;
  const texts = inputs.filter((input) => input.datatype === 'BYTES');
  return new Set(texts.flatMap(({ elements, name }) => (elements.length ? elements : [name])));
}

function readable(args, name) {
  try {
    return readFileSync(args[name]);
  } catch (error) {
    throw failed(status.INVALID_ARGUMENT, `--${name}: ${error.code}`);
  }
}

const names = ['predictors', 'model', 'rows', 'out', 'busy', 'silent', 'ca', 'name'];
const options = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
try {
  await main(parseArgs({ options }).values);
  process.exit();
} catch (error) {
  const code = status[error.code] ?? 'UNKNOWN';
  console.error(`error: ${code}: ${error.details ?? error.message}`);
  process.exit(1);
}
