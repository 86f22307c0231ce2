/** The stages of a `dvc.yaml` with their templates filled, and what keeps DVC from doing so. */
import { entryOf } from '../../../../syntax/text.js';
import type { MapEntry, MapNode, ScalarNode, Span, SyntaxNode, SyntaxTree } from '../../../../syntax/tree.js';
import { folderOf, isOutside } from '../../../text/paths.js';
import { Context } from './context.js';
import { Filler } from './fill.js';
import { foreachCells, matrixCells, MOST_STAGES } from './groups.js';
import type { Cell } from './groups.js';
import { loadDefault, loadVars } from '../load.js';
import type { ReadFile } from '../load.js';
import type { StageOutput, StageParams } from '../../../stage.js';
import { isAddress, within } from '../paths.js';
import { refusedTab } from './tabs.js';
import { isList, isMapping, typeOf } from './values.js';
import type { Value } from './values.js';

export interface StagePath {
  /** As written, its templates filled; relative to the stage's folder. */
  readonly text: string;
  /** Relative to the project; absent: it lies outside, or is an address. */
  readonly path?: string;
  readonly span: Span;
}

export interface Stage {
  /** `train`, `train@us`. */
  readonly name: string;
  readonly nameSpan: Span;
  readonly deps: readonly StagePath[];
  readonly outs: readonly StagePath[];
  readonly work: StageWork;
}

/** What running it takes. What could not be filled is `undefined`, or has no path. */
export interface StageWork {
  readonly cmd: Value | undefined;
  /** Relative to the project. */
  readonly folder: string | undefined;
  readonly frozen: boolean;
  readonly alwaysChanged: boolean;
  readonly params: readonly StageParams[];
  readonly outs: readonly (Omit<StageOutput, 'file'> & { readonly file: string | undefined })[];
  readonly deps: readonly StagePath[];
  /** Something of it is not known here. */
  readonly open: boolean;
}

export type DvcProblemKind = 'template' | 'vars' | 'stage';

export interface DvcProblem {
  readonly kind: DvcProblemKind;
  readonly span: Span;
  readonly message: string;
}

export interface Resolved {
  readonly stages: readonly Stage[];
  readonly problems: readonly DvcProblem[];
}

/** In characters, of all stages of groups together: a short text can stand for a tree without bounds. */
const MOST_TEXT = 50_000_000;

export function resolve(tree: SyntaxTree, path: string, read: ReadFile): Resolved {
  return new Resolver(tree, path, read).run();
}

class Resolver {
  readonly #tree: SyntaxTree;
  readonly #folder: string;
  readonly #read: ReadFile;
  readonly #filler: Filler;
  readonly #stages: Stage[] = [];
  readonly #problems: DvcProblem[] = [];
  readonly #told = new Set<string>();
  #left = MOST_TEXT;
  /** Of the stage at hand something could not be filled. */
  #unfilled = false;

  constructor(tree: SyntaxTree, path: string, read: ReadFile) {
    this.#tree = tree;
    this.#folder = folderOf(path);
    this.#read = read;
    this.#filler = new Filler(tree.text, this.#teller('template'));
  }

  run(): Resolved {
    const { root } = this.#tree;
    const tab = refusedTab(this.#tree);
    if (tab !== undefined)
      this.#teller('stage')(tab, 'DVC reads no tab here: write spaces, or put it in quotes.');
    const context = new Context();
    const first = root?.kind === 'map' ? root.entries[0]?.key.span : undefined;
    loadDefault(this.#loading(context, this.#folder), first ?? { start: 0, end: 0 });
    loadVars(this.#loading(context, this.#folder), entryOf(root, 'vars')?.value);
    const stages = entryOf(root, 'stages')?.value;
    for (const entry of stages?.kind === 'map' ? stages.entries : []) this.#entry(entry, context, stages);
    for (const section of ['artifacts', 'datasets', 'metrics', 'params', 'plots']) {
      const node = entryOf(root, section)?.value;
      if (node !== undefined) this.#top(section, node, context);
    }
    return { stages: this.#stages, problems: this.#problems };
  }

  #loading(context: Context, folder: string) {
    return { context, folder, read: this.#read, tell: this.#teller('vars') };
  }

  #teller(kind: DvcProblemKind): (span: Span, message: string) => void {
    return (span, message) => {
      // A stage of a group says what all of them say.
      const once = `${span.start} ${span.end} ${message}`;
      if (this.#told.has(once)) return;
      this.#told.add(once);
      this.#problems.push({ kind, span, message });
    };
  }

  #entry(entry: MapEntry, context: Context, stages: SyntaxNode | null | undefined): void {
    const { key, value } = entry;
    if (value?.kind !== 'map') return;
    const foreach = entryOf(value, 'foreach');
    const matrix = entryOf(value, 'matrix');
    if (matrix !== undefined) {
      const body = { ...value, entries: value.entries.filter((one) => one !== matrix) };
      this.#group(key, body, matrixCells(matrix, context, this.#filler, this.#teller('stage')), context);
    } else if (foreach !== undefined) {
      const body = entryOf(value, 'do')?.value;
      if (body?.kind === 'map')
        this.#group(key, body, foreachCells(foreach, context, this.#filler, this.#teller('stage')), context);
    } else {
      this.#checkName(key, stages);
      this.#stage(key.text, key.span, value, context);
    }
  }

  /** DVC takes what follows an `@` for the part of a group. */
  #checkName(key: ScalarNode, stages: SyntaxNode | null | undefined): void {
    const tell = this.#teller('stage');
    if (key.text === '') tell(key.span, 'A stage needs a name.');
    const at = key.text.lastIndexOf('@');
    if (at === -1) return;
    const group = entryOf(stages, key.text.slice(0, at))?.value;
    if (entryOf(group, 'foreach') === undefined && entryOf(group, 'matrix') === undefined)
      tell(
        key.span,
        `DVC takes \`${key.text}\` for a part of a group \`${key.text.slice(0, at)}\`, which there is not: name it without \`@\`.`,
      );
  }

  #group(name: ScalarNode, body: MapNode, cells: readonly Cell[], context: Context): void {
    for (const { key, values } of cells) {
      this.#left -= body.span.end - body.span.start;
      if (this.#stages.length >= MOST_STAGES || this.#left < 0) return;
      if (key.includes('@'))
        this.#teller('stage')(
          name.span,
          `DVC can’t name the stage \`${name.text}@${key}\`: a value of a group has no \`@\`.`,
        );
      this.#stage(`${name.text}@${key}`, name.span, body, context.with(values));
    }
  }

  #stage(name: string, nameSpan: Span, body: MapNode, outer: Context): void {
    const wdir = this.#wdir(body, outer);
    let context = outer;
    const vars = entryOf(body, 'vars');
    if (vars !== undefined) {
      context = outer.clone();
      if (wdir === undefined) context.open = true;
      else loadVars(this.#loading(context, wdir), vars.value, name);
    }
    const deps: StagePath[] = [];
    const outs: StagePath[] = [];
    const read: StagePath[] = [];
    const written: StageWork['outs'][number][] = [];
    let cmd: Value | undefined;
    const flagged = (name: string): boolean => {
      const node = entryOf(body, name)?.value;
      return node?.kind === 'scalar' && node.value === true;
    };
    for (const { key, value } of body.entries) {
      const section = key.text;
      if (section === 'vars' || section === 'wdir') continue;
      if (section === 'deps') {
        const found = this.#paths(value, section, context, wdir);
        deps.push(...found);
        read.push(...found);
      } else if (section === 'cmd') cmd = this.#filler.fill(value, context, section);
      else if (section === 'params') deps.push(...this.#params(value, context, wdir));
      else if (section === 'outs' || section === 'metrics' || section === 'plots')
        outs.push(...unique(this.#outs(value, section, context, wdir, written)));
      else this.#filler.fill(value, context, section);
    }
    const work: StageWork = {
      cmd,
      folder: wdir,
      frozen: flagged('frozen'),
      alwaysChanged: flagged('always_changed'),
      deps: unique(read),
      params: this.#paramKeys(entryOf(body, 'params')?.value, context, wdir),
      outs: written,
      open: context.open || this.#unfilled,
    };
    this.#unfilled = false;
    this.#stages.push({ name, nameSpan, deps, outs, work });
  }

  /** Relative to the project; `undefined` where it can't be told. */
  #wdir(body: MapNode, context: Context): string | undefined {
    const node = entryOf(body, 'wdir')?.value;
    if (node?.kind !== 'scalar' || node.text === '') return this.#folder;
    const value = this.#filler.scalar(node, context, 'wdir');
    if (value === undefined) return undefined;
    if (typeof value === 'string') return within(this.#folder, value);
    this.#teller('stage')(node.span, `\`wdir\` has to be a text; this is a ${typeOf(value)}.`);
    return undefined;
  }

  #paths(node: SyntaxNode | null, section: string, context: Context, wdir: string | undefined): StagePath[] {
    if (node?.kind !== 'sequence') return [];
    return node.items.flatMap((item) => {
      if (item?.kind === 'scalar') return this.#path(item, section, context, wdir);
      if (item?.kind !== 'map') return [];
      return item.entries.flatMap(({ key, value }) => {
        this.#filler.fill(value, context, section);
        return this.#path(key, section, context, wdir);
      });
    });
  }

  /** The same as paths, and with what is said of them. */
  #outs(
    node: SyntaxNode | null,
    section: 'outs' | 'metrics' | 'plots',
    context: Context,
    wdir: string | undefined,
    written: StageWork['outs'][number][],
  ): StagePath[] {
    if (node?.kind !== 'sequence') return [];
    const role = ({ outs: 'out', metrics: 'metric', plots: 'plot' } as const)[section];
    return node.items.flatMap((item) => {
      const entries = item?.kind === 'map' ? item.entries : [{ key: item, value: null }];
      return entries.flatMap(({ key, value }) => {
        if (key?.kind !== 'scalar') return [];
        const flags = value === null ? undefined : this.#filler.fill(value, context, section);
        const says = (name: string): Value | undefined => (isMapping(flags) ? flags.get(name) : undefined);
        const found = this.#path(key, section, context, wdir);
        for (const { text, path } of found) {
          if (written.some((one) => one.path === text && one.role === role)) continue;
          written.push({
            path: text,
            file: path,
            cache: says('cache') !== false,
            persist: says('persist') === true,
            role,
          });
        }
        if (found.length === 0) this.#unfilled = true;
        return found;
      });
    });
  }

  /** As DVC puts them together: keys of the same file in one list, and all of a file where that is asked for anywhere. */
  #paramKeys(node: SyntaxNode | null | undefined, context: Context, wdir: string | undefined): StageParams[] {
    if (node?.kind !== 'sequence') return [];
    const files = new Map<string, string[]>();
    const whole = new Set<string>();
    const add = (file: string, keys: readonly string[]): void => {
      files.set(file, [...(files.get(file) ?? []), ...keys]);
    };
    for (const item of node.items) {
      const filled = this.#filler.fill(item, context, 'params');
      if (typeof filled === 'string') add('params.yaml', [filled]);
      else if (isMapping(filled)) {
        for (const [file, keys] of filled) {
          if (typeof file !== 'string') this.#unfilled = true;
          else if (isList(keys) && keys.length > 0) {
            const named = keys.filter((one) => typeof one === 'string');
            if (named.length < keys.length) this.#unfilled = true;
            add(file, named);
          } else {
            whole.add(file);
            add(file, []);
          }
        }
      } else this.#unfilled = true;
    }
    return [...files].flatMap(([path, keys]): StageParams[] => {
      const [found] = this.#located(path, node.span, 'a file of params', wdir);
      if (found?.path === undefined) {
        this.#unfilled = true;
        return [];
      }
      return [{ path, file: found.path, keys: whole.has(path) ? [] : [...new Set(keys)] }];
    });
  }

  #path(node: ScalarNode, section: string, context: Context, wdir: string | undefined): StagePath[] {
    const text = this.#filler.scalar(node, context, section);
    if (text === undefined) {
      this.#unfilled = true;
      return [];
    }
    const tell = this.#teller('stage');
    if (typeof text !== 'string') {
      tell(node.span, `A path has to be a text; this is a ${typeOf(text)}.`);
      return [];
    }
    return this.#located(text, node.span, section === 'deps' ? 'a dependency' : 'an output', wdir);
  }

  #located(text: string, span: Span, role: string, wdir: string | undefined): StagePath[] {
    const tell = this.#teller('stage');
    if (text === '' && role !== 'an output') {
      tell(span, 'A path is missing here.');
      return [];
    }
    if (text.endsWith('.dvc') || /(?:^|\/)dvc\.yaml$/.test(text)) {
      tell(span, `The path ${text} is a file of DVC’s own and can’t be ${role}.`);
      return [];
    }
    if (wdir === undefined || isAddress(text)) return [{ text, span }];
    const path = within(wdir, text);
    if (role === 'an output' && OWN_FOLDER.test(path))
      tell(span, `The path ${text} lies in a folder of git’s or DVC’s own and can’t be ${role}.`);
    return [isOutside(path) ? { text, span } : { text, span, path }];
  }

  #params(node: SyntaxNode | null, context: Context, wdir: string | undefined): StagePath[] {
    if (node?.kind !== 'sequence') return [];
    return node.items.flatMap((item): StagePath[] => {
      if (item?.kind === 'scalar') {
        const name = this.#filler.scalar(item, context, 'params');
        if (name !== undefined && typeof name !== 'string')
          this.#teller('stage')(item.span, `A param is named by a text; this is a ${typeOf(name)}.`);
        return this.#located('params.yaml', item.span, 'a file of params', wdir);
      }
      if (item?.kind !== 'map') return [];
      return item.entries.flatMap(({ key, value }) => {
        const file = this.#filler.scalar(key, context, 'params');
        const keys = this.#filler.fill(value, context, 'params');
        if (keys !== undefined && !isList(keys) && !isEmpty(keys))
          this.#teller('stage')(
            value?.span ?? key.span,
            `The params of a file are a list: \`${key.text}: [lr, train.epochs]\`.`,
          );
        return typeof file === 'string' ? this.#located(file, key.span, 'a file of params', wdir) : [];
      });
    });
  }

  #top(section: string, node: SyntaxNode | null, context: Context): void {
    if (section === 'datasets' && node === null) {
      const key = entryOf(this.#tree.root, section)?.key;
      if (key !== undefined)
        this.#teller('stage')(key.span, 'Nothing is given for `datasets`: expected a list.');
      return;
    }
    if (node === null) return;
    if (section !== 'artifacts' || node.kind !== 'map') {
      this.#filler.fill(node, context, undefined);
      return;
    }
    for (const { key, value } of node.entries) {
      const name = this.#filler.scalar(key, context, undefined);
      if (name !== undefined && typeof name !== 'string')
        this.#teller('stage')(
          key.span,
          `The name of an artifact has to be a text; this is a ${typeOf(name)}.`,
        );
      this.#filler.fill(value, context, undefined);
    }
  }
}

/** Where nothing exists for DVC: see `ignore.py` of DVC. */
const OWN_FOLDER = /(?:^|\/)\.(?:git|hg|dvc)(?:\/|$)/;

function isEmpty(value: Value): boolean {
  if (isMapping(value)) return value.size === 0;
  return value === null || value === '' || value === false || value === 0 || value === 0n;
}

/** One that is written twice in a list is one. */
function unique(paths: readonly StagePath[]): StagePath[] {
  return [...new Map(paths.map((one) => [one.text, one] as const)).values()];
}
