/** What happens to services, in words for people: releases by what they are made of, and not by their ids. */
import { isReleaseId } from './places.js';
import { readRelease } from './releases/document.js';
import { madeOf, releaseIds } from './releases/releases.js';
import type { ReleaseDocument, ServiceEvent } from './types.js';

/** `undefined` where it is gone or can't be read. */
export function readReleaseOf(root: string, environment: string, id: string): ReleaseDocument | undefined {
  if (!isReleaseId(id)) return undefined;
  const read = readRelease(root, environment, id);
  return read.state === 'ok' ? read.value : undefined;
}

/** What releases are called before people; their ids where their folders are gone. */
export function releaseNames(root: string, environment: string): (id: string) => string {
  const names = new Map<string, string>();
  return (id) => {
    let name = names.get(id);
    if (name === undefined) {
      const document = readReleaseOf(root, environment, id);
      name = document === undefined ? id : madeOf(document);
      names.set(id, name);
    }
    return name;
  };
}

function named({ message = '', release }: ServiceEvent, nameOf: (id: string) => string): string {
  return release === undefined ? message : message.replaceAll(release, nameOf(release));
}

/** Names by ids; where several are made of the same, their ids tell them apart. */
export function namesApart(
  ids: ReadonlySet<string>,
  nameOf: (id: string) => string,
): ReadonlyMap<string, string> {
  const all = [...ids];
  return new Map(
    all.map((id) => {
      const name = nameOf(id);
      const alone = all.every((other) => other === id || nameOf(other) !== name);
      return [id, alone ? name : `${name} (${id})`];
    }),
  );
}

/** An event in words, without who and why. */
export function describeServiceEvent(
  event: ServiceEvent,
  nameOf: (id: string) => string = (id) => id,
): string {
  const { kind, traffic } = event;
  const ids = [event.release, event.from].filter((id) => id !== undefined);
  const names = namesApart(new Set(ids), nameOf);
  const release = names.get(event.release ?? '') ?? 'the service';
  const before = names.get(event.from ?? '') ?? '';
  const because = event.message === undefined ? '' : `: ${named(event, nameOf)}`;
  switch (kind) {
    case 'started':
      return `started ${release}${because}`;
    case 'stopped':
      return event.release === undefined ? 'stopped' : `stopped ${release}`;
    case 'deploying':
      return `making ${release} ready${because}`;
    case 'deployed':
      return `deployed ${release}${before === '' ? '' : ` in place of ${before}`}`;
    case 'refused':
      return `refused ${release}${because}`;
    case 'canary':
      return `${traffic ?? 0} % of the traffic to ${release}`;
    case 'promoted':
      return `promoted ${release}${before === '' ? '' : ` in place of ${before}`}`;
    case 'aborted':
      return `ended ${release}`;
    case 'rolled-back':
      return `rolled back to ${release}${before === '' ? '' : ` from ${before}`}`;
    case 'restarted':
      return `restarted ${release}`;
    case 'crashed':
      return `a process of ${release} ended${because}`;
    case 'unhealthy':
      return `a process of ${release} is unhealthy${because}`;
    case 'recovered':
      return `${release} is well again`;
    case 'crash-loop':
      return `${release} ends again and again${because}`;
    case 'adopted':
      return `a new host took over ${release}${because}`;
  }
}

/** Words of a host with the names of releases in place of their ids, which say nothing to a person. */
export function readable(
  root: string,
  environment: string,
  message: string,
  releases: readonly string[] = releaseIds(root, environment),
): string {
  const nameOf = releaseNames(root, environment);
  let text = message;
  for (const id of releases) if (text.includes(id)) text = text.replaceAll(id, nameOf(id));
  return text;
}
