import assert from 'node:assert/strict';
import test from 'node:test';
import { MEASURES, parseMonitorRule } from '../../../../server/definition/text/monitor-rule.js';

test('rules of monitors', () => {
  const table: readonly (readonly [string, string, number])[] = [
    ['p95 < 200ms', 'p95 <', 200],
    ['  p99<=1.5s ', 'p99 <=', 1500],
    ['p50 < 1m', 'p50 <', 60_000],
    ['rate > 5', 'rate >', 5],
    ['rate >= 0.5/s', 'rate >=', 0.5],
    ['error-rate < 1%', 'error-rate <', 0.01],
    ['error-rate < 0.01', 'error-rate <', 0.01],
    ['availability > 99.9%', 'availability >', 0.999],
    ['restarts < 3', 'restarts <', 3],
    ['memory < 512MiB', 'memory <', 512 * 1024 * 1024],
    ['drift.rain_7d < 0.2', 'drift rain_7d <', 0.2],
    ['drift.weather.rain < 0.2', 'drift weather.rain <', 0.2],
  ];
  for (const [text, expected, bound] of table) {
    const parsed = parseMonitorRule(text);
    assert.ok(parsed.ok, text);
    const { measure, feature, operator } = parsed.rule;
    assert.equal([measure, feature, operator].filter((one) => one !== undefined).join(' '), expected);
    assert.ok(Math.abs(parsed.rule.bound - bound) < 1e-9, text);
  }
  for (const { example, name } of MEASURES) assert.ok(parseMonitorRule(example).ok, name);
});

test('what is none says what is wrong, and where', () => {
  const table: readonly (readonly [string, string, RegExp])[] = [
    ['', '', /not a rule/],
    ['p95', 'p95', /not a rule/],
    ['p95 < ', 'p95 <', /not a rule/],
    ['p95 = 1s', 'p95 = 1s', /not a rule/],
    ['p95 < 1s and p99 < 2s', '1s and p99 < 2s', /not a bound for p95/],
    ['p95 < 200', '200', /not a bound for p95/],
    ['latency < 200ms', 'latency', /no measure "latency"\. Expected one of p50/],
    ['errorrate < 1%', 'errorrate', /Did you mean "error-rate"/],
    ['p95.rain < 1s', 'p95.rain', /no measure "p95\.rain"/],
    ['drift < 0.2', 'drift', /drift of what/],
    ['drift.x < 20%', '20%', /not a bound for drift/],
    ['error-rate < 5', '5', /not a bound/],
    ['restarts < 1.5', '1.5', /not a bound/],
    ['memory < lots', 'lots', /not a bound/],
    ['rate > 5%', '5%', /not a bound/],
  ];
  for (const [text, at, message] of table) {
    const parsed = parseMonitorRule(text);
    assert.ok(!parsed.ok, text);
    assert.equal(text.slice(parsed.start, parsed.end), at, text);
    assert.match(parsed.message, message);
  }
});
