/** Who is alive: this place is known by its machine, boot and pid namespace; other places by their heartbeat. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { tryLock } from '../../../../server/stores/disk/file-lock.js';
import {
  LAPSE_MS,
  type ProcessIdentity,
  isAlive,
  isElsewhere,
  isOurs,
  ownIdentity,
  processStartOf,
  signalOurs,
} from '../../../../server/stores/machine/liveness.js';
import { liveStatus } from '../../../../server/stores/runs/runs.js';
import { tempFolder } from '../support.js';

const own = ownIdentity();
const [machine = '', boot = '', namespace = ''] = (own.place ?? '').split('.');
const linux = process.platform === 'linux';
const fresh = (): number => Date.now() - LAPSE_MS / 2;
const silent = (): number => Date.now() - LAPSE_MS - 1_000;

interface Case {
  readonly what: string;
  readonly identity: ProcessIdentity;
  /** Alive with a fresh heartbeat, with a silent one; and whether it may be signalled. */
  readonly alive: readonly [boolean, boolean];
  readonly ours: boolean;
}

const CASES: readonly Case[] = [
  { what: 'this process', identity: own, alive: [true, true], ours: true },
  {
    what: 'this process, the machine renamed since',
    identity: { ...own, host: 'old-name' },
    alive: [true, true],
    ours: true,
  },
  {
    what: 'another container of this machine',
    identity: { ...own, place: `${machine}.${boot}.9${namespace}` },
    alive: [true, false],
    ours: false,
  },
  {
    what: 'another machine with the same name',
    identity: { ...own, place: `ffff.${boot}.${namespace}` },
    alive: [true, false],
    ours: false,
  },
  {
    what: 'this machine before it was started anew',
    identity: { ...own, place: `${machine}.other.${namespace}` },
    alive: [false, false],
    ours: false,
  },
  {
    what: 'a machine made from the same image',
    identity: { ...own, host: 'clone', place: `${machine}.other.${namespace}` },
    alive: [true, false],
    ours: false,
  },
  {
    what: 'a record of an earlier version, of another machine',
    identity: { pid: own.pid, host: 'another' },
    alive: [true, false],
    ours: false,
  },
  {
    what: 'an edited pid',
    identity: { ...own, pid: process.ppid },
    alive: [false, false],
    ours: false,
  },
  { what: 'init', identity: { ...own, pid: 1 }, alive: [false, false], ours: false },
  { what: 'everybody', identity: { ...own, pid: -1 }, alive: [false, false], ours: false },
  { what: 'nobody', identity: { ...own, pid: 0 }, alive: [false, false], ours: false },
  { what: 'no number', identity: { ...own, pid: Number.NaN }, alive: [false, false], ours: false },
  {
    what: 'a hostile place',
    identity: { ...own, place: 'a.b.c.d.e' },
    alive: [true, false],
    ours: false,
  },
];

for (const { what, identity, alive, ours } of CASES) {
  test(`liveness: ${what}`, { skip: !linux }, () => {
    assert.deepEqual([isAlive(identity, fresh), isAlive(identity, silent)], alive);
    assert.equal(isOurs(identity), ours);
    if (!ours) assert.deepEqual(signalOurs(identity, 'SIGKILL'), { ok: false, why: 'stranger' });
    const status = liveStatus({ ...identity, status: 'running' }, silent);
    assert.equal(status, alive[1] ? 'running' : 'interrupted');
    assert.equal(liveStatus({ ...identity, status: 'waiting' }, silent), 'waiting');
  });
}

test('a number without a start time is never signalled', { skip: !linux }, async () => {
  const child = spawn('sleep', ['60']);
  const pid = child.pid ?? 0;
  assert.deepEqual(signalOurs({ pid }, 'SIGKILL'), { ok: false, why: 'stranger' });
  assert.deepEqual(signalOurs({ ...own, pid }, 'SIGKILL'), { ok: false, why: 'stranger' });
  assert.equal(child.exitCode, null);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const identity = { ...own, pid, processStart: processStartOf(pid) ?? '' };
  assert.deepEqual(signalOurs(identity, 'SIGTERM'), { ok: true });
  await ended;
  assert.equal(isAlive(identity, fresh), false);
});

test('a lock of another machine holds while its heart beats, and lapses', (t) => {
  const folder = tempFolder(t);
  const file = path.join(folder, 'x.lock');
  const there = { ...own, place: 'ffff.boot.1', host: os.hostname() };
  assert.ok(isElsewhere(there));
  writeFileSync(file, JSON.stringify(there));
  assert.equal(tryLock(file), undefined);
  const past = new Date(Date.now() - LAPSE_MS - 1_000);
  utimesSync(file, past, past);
  const lock = tryLock(file);
  assert.ok(lock);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), own);
  lock.release();
  assert.ok(!existsSync(file));
});
