/** The graph of all stages of a DVC project, and why DVC refuses it. */
import type { Span } from '../../../syntax/tree.js';
import { findCycles } from '../../graph/order.js';
import { foldersOf } from '../../text/paths.js';
import type { Stage, StagePath } from './resolve/resolve.js';

export interface StageOf {
  readonly stage: Stage;
  /** The `dvc.yaml`, and its folder. */
  readonly file: string;
  readonly folder: string;
}

export interface Clash {
  readonly file: string;
  readonly span: Span;
  readonly message: string;
  readonly related?: readonly { readonly path: string; readonly span: Span; readonly message: string }[];
}

interface Out extends StageOf {
  readonly out: StagePath;
}

export function clashesOf(all: readonly StageOf[]): Clash[] {
  const stages = seenBy(all);
  const outs = new Map<string, Out[]>();
  for (const one of stages) {
    for (const out of one.stage.outs) {
      if (out.path === undefined) continue;
      const same = outs.get(out.path);
      if (same === undefined) outs.set(out.path, [{ ...one, out }]);
      else same.push({ ...one, out });
    }
  }
  return [...shared(outs), ...nested(outs), ...holdingFiles(outs), ...cycles(stages, outs)];
}

/** Folders of a path and the project itself, as outputs may name them. */
function above(path: string): string[] {
  return path === '.' ? [] : [...foldersOf(path), '.'];
}

function shared(outs: ReadonlyMap<string, readonly Out[]>): Clash[] {
  return [...outs].flatMap(([path, makers]) => {
    if (makers.length < 2) return [];
    return makers.map((one): Clash => {
      const other = makers.find((maker) => maker !== one) ?? one;
      const whose = other.stage === one.stage ? 'named twice here' : `written by "${other.stage.name}", too`;
      return {
        file: one.file,
        span: one.out.span,
        message: `The output \`${path}\` of "${one.stage.name}" is ${whose}.`,
        related: [{ path: other.file, span: other.out.span, message: 'Here, too.' }],
      };
    });
  });
}

function nested(outs: ReadonlyMap<string, readonly Out[]>): Clash[] {
  const clashes: Clash[] = [];
  const say = (one: Out, other: Out, how: string): void => {
    clashes.push({
      file: one.file,
      span: one.out.span,
      message: `The output \`${one.out.path ?? ''}\` of "${one.stage.name}" ${how} \`${other.out.path ?? ''}\` of "${other.stage.name}": DVC lets no output lie in another one.`,
      related: [{ path: other.file, span: other.out.span, message: 'The other output.' }],
    });
  };
  for (const [path, makers] of outs) {
    const [inner] = makers;
    const [outer] = above(path).flatMap((folder) => outs.get(folder) ?? []);
    if (inner === undefined || outer === undefined) continue;
    say(outer, inner, 'holds');
    say(inner, outer, 'lies in');
  }
  return clashes;
}

/** A file in the output of another one is not looked at: what lies in an output is data. */
function seenBy(stages: readonly StageOf[]): StageOf[] {
  const made = new Map<string, string>();
  for (const { stage, file } of stages)
    for (const { path } of stage.outs) if (path !== undefined && path !== '.') made.set(path, file);
  return stages.filter(({ file, folder }) =>
    [folder, ...foldersOf(folder)].every((one) => (made.get(one) ?? file) === file),
  );
}

/** Of outputs that hold their own file. */
function holdingFiles(outs: ReadonlyMap<string, readonly Out[]>): Clash[] {
  return [...outs].flatMap(([path, makers]) =>
    makers.flatMap(({ file, out, stage }): Clash[] => {
      if (!above(file).includes(path)) return [];
      const message = `The output \`${out.text}\` of "${stage.name}" holds ${file} itself.`;
      return [{ file, span: out.span, message }];
    }),
  );
}

function cycles(stages: readonly StageOf[], outs: ReadonlyMap<string, readonly Out[]>): Clash[] {
  const ids = new Map(stages.map((one) => [idOf(one), one] as const));
  const sorted = [...outs.keys()].sort();
  const next = (id: string): string[] =>
    (ids.get(id)?.stage.deps ?? []).flatMap(({ path }) =>
      path === undefined ? [] : makersOf(path, outs, sorted),
    );
  return findCycles([...ids.keys()], next).flatMap((cycle) => {
    const names = cycle.map((id) => ids.get(id)?.stage.name ?? id);
    const [first = ''] = names;
    const message =
      cycle.length === 1
        ? `"${first}" reads what it writes itself.`
        : `Stages wait for each other in a cycle: ${[...names, first].join(' → ')}.`;
    return cycle.flatMap((id): Clash[] => {
      const one = ids.get(id);
      return one === undefined ? [] : [{ file: one.file, span: one.stage.nameSpan, message }];
    });
  });
}

/** The stages that are wanted, and all that these depend on. A frozen one depends on nothing. */
export function withUpstream(all: readonly StageOf[], wanted: (one: StageOf) => boolean): StageOf[] {
  const stages = seenBy(all);
  const outs = new Map<string, Out[]>();
  for (const one of stages)
    for (const out of one.stage.outs)
      if (out.path !== undefined) outs.set(out.path, [...(outs.get(out.path) ?? []), { ...one, out }]);
  const ids = new Map(stages.map((one) => [idOf(one), one] as const));
  const sorted = [...outs.keys()].sort();
  const chosen = new Set(stages.filter(wanted).map(idOf));
  for (const id of chosen) {
    const one = ids.get(id);
    if (one === undefined || one.stage.work.frozen) continue;
    for (const { path } of one.stage.deps)
      if (path !== undefined) for (const maker of makersOf(path, outs, sorted)) chosen.add(maker);
  }
  return stages.filter((one) => chosen.has(idOf(one)));
}

function idOf({ file, stage }: StageOf): string {
  return `${file}:${stage.name}`;
}

/** The stages that make a path, something above it, or something in it. */
function makersOf(
  path: string,
  outs: ReadonlyMap<string, readonly Out[]>,
  sorted: readonly string[],
): string[] {
  const found = [path, ...above(path)].flatMap((one) => outs.get(one) ?? []);
  const prefix = path === '.' ? '' : `${path}/`;
  for (let at = firstFrom(sorted, prefix); at < sorted.length; at++) {
    const one = sorted[at] ?? '';
    if (!one.startsWith(prefix)) break;
    found.push(...(outs.get(one) ?? []));
  }
  return [...new Set(found.map(idOf))];
}

/** The first of sorted texts that isn't before another one. */
function firstFrom(sorted: readonly string[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
