/**
 * Some 400 calls to our tracking server, compared with what MLflow's own answered the same (`differential.json`): status, code, and
 * which things come in which order. With MODELYARD_REAL_MLFLOW=http://… (a fresh `mlflow server`) its answers are recorded anew.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { TestProject } from '../support/cli.js';
import { TrackingClient } from '../support/tracking.js';
import { CALLS, type Call, SEED } from './differential-calls.js';

const RECORDED = 'tests/mlflow/differential.json';
const REAL = process.env['MODELYARD_REAL_MLFLOW'];

/** Where ours answers something else, and why: a part of the call, and what it answers. */
const DELIBERATE: Readonly<Record<string, readonly (readonly [call: string, here: string])[]>> = {
  'it understands more, and nothing else could be meant': [
    ['"metrics.m.x/y > 0"', '200 a'],
    [`"user = 'ada'"`, '200 e c a'],
    ['"order_by":["`Run name`"]', '200 a b c d e'],
    [`"attributes.name LIKE '%o%'"`, '200 Two one'],
    ['"order_by":["attributes.name"]', '200 Two one'],
    ['experiments/search {"order_by":["name"]}', '200 Default Two one'],
    ['"max_results":null', '200 a b c d e'],
    ['filter=creation_timestamp > 0', '200 hail/1 rain/1 rain/2'],
    ['&order_by=run_id', '200 rain/2 rain/1'],
    [`"filter":"status = 'PENDING'"`, '200 m1 m2'],
    [`"filter":"param.p = 'm1'"`, '200 m1'],
    ['"filter":"metric.x > 0"', '200'],
  ],
  'a mistake is told and not passed over': [
    [`"run_id IN ('{run:a}',)"`, '400 INVALID_PARAMETER_VALUE'],
    [`"run_name = 'a' AND"`, '400 INVALID_PARAMETER_VALUE'],
    [`"AND run_name = 'a'"`, '400 INVALID_PARAMETER_VALUE'],
    [`"run_name = 'it''s'"`, '400 INVALID_PARAMETER_VALUE'],
    [`"params. = 'x'"`, '400 INVALID_PARAMETER_VALUE'],
    ['"page_token":5', '400 INVALID_PARAMETER_VALUE'],
    ['runs/search {"experiment_ids":[1]}', '400 INVALID_PARAMETER_VALUE'],
    ['"tags":[{"value":"x"}]', '400 INVALID_PARAMETER_VALUE'],
    ['"tags":"x"', '400 INVALID_PARAMETER_VALUE'],
    ['"value":true', '400 INVALID_PARAMETER_VALUE'],
    ['"value":" 1"', '400 INVALID_PARAMETER_VALUE'],
    ['"step":9223372036854776000', '400 INVALID_PARAMETER_VALUE'],
    ['run_id=nope&metric_key=x', '404 RESOURCE_DOES_NOT_EXIST'],
    ['metric_key=acc&max_results=x', '400 INVALID_PARAMETER_VALUE'],
    ['registered-models/search?filter=&max_results=0', '400 INVALID_PARAMETER_VALUE'],
    ['registered-models/search?filter=&max_results=-1', '400 INVALID_PARAMETER_VALUE'],
    ['"max_results":0,"order_by":[{"field_name":"name"}]', '400 INVALID_PARAMETER_VALUE'],
    ['"max_results":-1,"order_by":[{"field_name":"name"}]', '400 INVALID_PARAMETER_VALUE'],
  ],
  'a mistake of the client, and no failure of the server': [
    ['"value":[1]', '400 INVALID_PARAMETER_VALUE'],
    ['log-metric []', '400 INVALID_PARAMETER_VALUE'],
    ['"metrics":["x"]', '400 INVALID_PARAMETER_VALUE'],
    [`"filter":"creation_time > 'x'"`, '400 INVALID_PARAMETER_VALUE'],
    [`"filter":"foo = 'x'"`, '400 INVALID_PARAMETER_VALUE'],
    [
      'logged-models/search {"experiment_ids":["{exp:one}"],"filter":"","page_token":"x"}',
      '400 INVALID_PARAMETER_VALUE',
    ],
    ['"new_name":"z"', '400 INVALID_PARAMETER_VALUE'],
  ],
  'the code says what is wrong, and clients see JSON': [
    ['experiments/get?experiment_id=nope', '404 RESOURCE_DOES_NOT_EXIST'],
    ['"new_name":"Two"', '400 RESOURCE_ALREADY_EXISTS'],
    ['GET nope', '404 ENDPOINT_NOT_FOUND'],
    ['POST runs/get {}', '404 ENDPOINT_NOT_FOUND'],
    ['GET runs/create', '404 ENDPOINT_NOT_FOUND'],
  ],
  'a limit with a fraction is cut and not passed over': [['"max_results":1.5', '200 a …']],
  'nobody has made the first experiment': [['"filter":"creation_time > 0"', '200 Two one']],
};

type Ask = (call: Call) => Promise<{ readonly status: number; readonly text: string }>;

const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? `${value}` : '';

/** Names in the order in which they came, and whether there are more. */
function seen(status: number, answer: string): string {
  let body: Readonly<Record<string, unknown>> = {};
  try {
    body = JSON.parse(answer) as typeof body;
  } catch {
    // A page for people.
  }
  if (status !== 200) return `${status} ${text(body['error_code'])}`;
  const named = (
    list: unknown,
    name: (one: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => unknown,
  ): string =>
    Array.isArray(list)
      ? (list as Readonly<Record<string, Readonly<Record<string, unknown>>>>[])
          .map((one) => String(name(one)))
          .join(' ')
      : '';
  const shown = [
    named(body['runs'], (one) => one['info']?.['run_name']),
    named(body['experiments'], (one) => one['name']),
    named(body['registered_models'], (one) => one['name']),
    named(body['model_versions'], (one) => `${text(one['name'])}/${text(one['version'])}`),
    named(body['models'], (one) => one['info']?.['name']),
    named(body['metrics'], (one) => `${text(one['value'])}@${text(one['step'] ?? 0)}`),
  ].filter((one) => one !== '');
  return ['200', ...shown, ...('next_page_token' in body ? ['…'] : [])].join(' ');
}

async function answers(ask: Ask): Promise<Readonly<Record<string, string>>> {
  const ids = new Map<string, string>();
  const placed = (text: string): string =>
    text.replace(/\{((?:run|exp|model):\w+)\}/g, (_, name: string) => ids.get(name) ?? name);
  const send = (call: Call): ReturnType<Ask> =>
    ask({
      ...call,
      route: placed(call.route),
      ...(call.body === undefined ? {} : { body: JSON.parse(placed(JSON.stringify(call.body))) as unknown }),
    });
  for (const { keep, ...call } of SEED) {
    const { status, text } = await send(call);
    assert.equal(status, 200, `${call.route}: ${text}`);
    const id = /"(?:run_id|experiment_id|model_id)": ?"([^"]+)"/.exec(text)?.[1];
    if (keep !== undefined)
      ids.set(
        keep,
        keep.startsWith('model:')
          ? (/"model_id": ?"([^"]+)"/.exec(text)?.[1] ?? '')
          : keep.startsWith('run:')
            ? (/"run_id": ?"([^"]+)"/.exec(text)?.[1] ?? '')
            : (id ?? ''),
      );
  }
  const all: Record<string, string> = {};
  for (const call of CALLS) {
    const { status, text } = await send(call);
    const body = call.body === undefined ? '' : ` ${JSON.stringify(call.body)}`;
    all[`${call.method} ${decodeURIComponent(call.route)}${body}`.slice(0, 240)] = seen(status, text);
  }
  return all;
}

async function askOver(uri: string, { method, route, body }: Call): ReturnType<Ask> {
  const answer = await fetch(`${uri}/api/2.0/mlflow/${route}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
  return { status: answer.status, text: await answer.text() };
}

test('answers are those of MLflow’s own server', async (t) => {
  if (REAL !== undefined) {
    const real = await answers((call) => askOver(REAL, call));
    writeFileSync(RECORDED, `${JSON.stringify(real, null, 2)}\n`);
  }
  const expected = JSON.parse(readFileSync(RECORDED, 'utf8')) as Readonly<Record<string, string>>;
  const client = await TrackingClient.start(await TestProject.make());
  try {
    const ours = await answers(({ method, route, body }) =>
      client.ask(method, route, body === undefined ? {} : { body }),
    );
    const deliberate = Object.values(DELIBERATE).flat();
    const used = new Set<unknown>();
    const different = Object.entries(expected).flatMap(([call, there]) => {
      const here = ours[call] ?? '';
      const meant = deliberate.find(
        ([part, answer]) => call.includes(part) && answer === here && here !== there,
      );
      if (meant !== undefined) used.add(meant);
      return here === there || meant !== undefined ? [] : [`${call}\n    there ${there}\n    here  ${here}`];
    });
    t.diagnostic(`${Object.keys(expected).length} calls`);
    assert.equal(different.length, 0, different.join('\n'));
    assert.deepEqual(
      deliberate.filter((one) => !used.has(one)),
      [],
      'these are no differences any more',
    );
  } finally {
    await client.stop();
  }
});
