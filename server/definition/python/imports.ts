/** The project's own modules that Python scripts import, found by reading them: Python is not started. */
import { folderOf, normalizePath } from '../text/paths.js';

/** What is asked of the project; paths are relative to it. */
export interface ModuleFiles {
  isFile(path: string): boolean;
  /** Nothing where it can't be told. */
  text(path: string): string | undefined;
}

/** More than a project of a person has. */
const MOST_FILES = 300;
/** Of a script; generated ones are longer. */
const MOST_CHARACTERS = 500_000;

/** Over any number of steps, sorted; without the scripts themselves. */
export function importedBy(scripts: readonly string[], project: ModuleFiles): readonly string[] {
  const found = new Set<string>();
  // Python looks for modules beside the script that it was started with.
  const left = scripts.map((file) => ({ file, base: folderOf(file) }));
  for (let next = left.pop(); next !== undefined && found.size < MOST_FILES; next = left.pop()) {
    const { file, base } = next;
    const text = file.endsWith('.py') ? project.text(file) : undefined;
    if (text === undefined || text.length > MOST_CHARACTERS) continue;
    for (const module of importsIn(text)) {
      for (const path of filesOf(module, file, base, project)) {
        if (found.has(path) || scripts.includes(path)) continue;
        found.add(path);
        left.push({ file: path, base });
      }
    }
  }
  return [...found].sort();
}

/** The file of a module that is run by its name (`-m`). @param base the folder that it is run in */
export function moduleFile(module: string, base: string, project: ModuleFiles): string | undefined {
  if (!/^[A-Za-z_][\w.]*$/.test(module)) return undefined;
  const path = joined(base, module.replaceAll('.', '/'));
  return [`${path}.py`, `${path}/__main__.py`].find((one) => project.isFile(one));
}

interface Import {
  /** `a.b`, `..c`. */
  readonly name: string;
  /** What is taken out of it, which may be modules, too. */
  readonly members: readonly string[];
}

/** Statements at the beginnings of lines. What stands in a long string is taken for one: whether it is a module the disk says. */
function importsIn(text: string): readonly Import[] {
  const lines = text.split('\n');
  const found: Import[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = (lines[at] ?? '').trim();
    if (line.startsWith('import ')) {
      found.push(...namesIn(line.slice(7)).map((name) => ({ name, members: [] })));
      continue;
    }
    if (!line.startsWith('from ')) continue;
    const [, name, members = ''] = /^from\s+([\w.]+)\s+import\b(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    let list = members.split('#', 1)[0] ?? '';
    const isOpen = (): boolean =>
      (list.includes('(') && !list.includes(')')) || list.trimEnd().endsWith('\\');
    while (isOpen() && at + 1 < lines.length && list.length < MOST_LIST) {
      at++;
      list = `${list.trimEnd().replace(/\\$/, '')} ${(lines[at] ?? '').split('#', 1)[0] ?? ''}`;
    }
    found.push({ name, members: namesIn(list) });
  }
  return found;
}

/** Characters of the names of one statement. */
const MOST_LIST = 20_000;

/** `a.b as c, d` */
function namesIn(list: string): readonly string[] {
  return (list.split(/[;#]/, 1)[0] ?? '')
    .replaceAll(/[()]/g, ' ')
    .split(',')
    .flatMap((one) => /^[\w.]+/.exec(one.trim())?.[0] ?? []);
}

function filesOf({ name, members }: Import, file: string, base: string, project: ModuleFiles): string[] {
  const dots = /^\.*/.exec(name)?.[0].length ?? 0;
  let folder = dots === 0 ? base : folderOf(file);
  for (let up = 1; up < dots; up++) folder = folderOf(folder);
  const paths: string[] = dots === 0 ? [] : [joined(folder, '__init__.py')];
  for (const step of name.slice(dots).split('.')) {
    if (step === '') continue;
    folder = joined(folder, step);
    paths.push(`${folder}/__init__.py`, `${folder}.py`);
  }
  for (const member of members)
    paths.push(`${joined(folder, member)}.py`, `${joined(folder, member)}/__init__.py`);
  return paths.filter((path) => project.isFile(path));
}

function joined(folder: string, name: string): string {
  return normalizePath(folder === '' || folder === '.' ? name : `${folder}/${name}`);
}
