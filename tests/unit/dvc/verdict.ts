/** What DVC says of a project, and what we do. */
import { resolvedOf } from '../../../server/rules/dvc/resolved.js';
import { askPeer } from '../../support/peers/peers.js';
import { memoryProject } from '../../support/project.js';

export type Files = Readonly<Record<string, string>>;

export interface Verdict {
  /** Why it is refused, in the words of whoever refuses it. */
  readonly refused?: string;
  /** The names of its stages. */
  readonly stages: readonly string[];
}

/** The real DVC: loads the whole project and builds its graph, as every one of its commands does. */
const SCRIPT = `
import json, logging, os, shutil, sys, tempfile
site = tempfile.mkdtemp()
os.environ.update(DVC_SITE_CACHE_DIR=site, DVC_NO_ANALYTICS='1', DVC_GLOBAL_CONFIG_DIR=site, DVC_SYSTEM_CONFIG_DIR=site)
logging.disable(logging.CRITICAL)
from dvc.repo import Repo

root = tempfile.mkdtemp()
Repo.init(root, no_scm=True).close()

def clear():
    for name in os.listdir(root):
        if name == '.dvc': continue
        place = os.path.join(root, name)
        shutil.rmtree(place) if os.path.isdir(place) else os.remove(place)

def verdict(files):
    for path, text in files.items():
        place = os.path.join(root, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, 'w', newline='', encoding='utf-8') as file: file.write(text)
    os.chdir(root)
    repo = Repo(root)
    try:
        repo.check_graph(repo.index.stages)
        return {'stages': sorted(stage.addressing for stage in repo.index.stages)}
    except Exception as error:
        return {'refused': type(error).__name__ + ': ' + str(error)[:300], 'stages': []}
    finally:
        repo.close()
        os.chdir('/')
        clear()

print(json.dumps([verdict(files) for files in json.load(sys.stdin)]))
for folder in (root, site): shutil.rmtree(folder, ignore_errors=True)
`;

export function verdictsOfDvc(projects: readonly Files[]): readonly Verdict[] {
  return askPeer(SCRIPT, projects, 'dvc') as readonly Verdict[];
}

export function ourVerdict(files: Files): Verdict {
  // Whoever reads a file takes the mark away.
  const texts = Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path, text.replace(/^\uFEFF/, '')]),
  );
  const project = memoryProject(texts);
  const dvc = Object.keys(files).filter((path) => /(?:^|\/)dvc\.yaml$/.test(path));
  const errors = dvc.flatMap((path) => project.findings(path)).filter(({ severity }) => severity === 'error');
  if (errors.length > 0)
    return { refused: errors.map(({ rule, message }) => `${rule}: ${message}`).join('\n'), stages: [] };
  const stages = dvc.flatMap((path) => {
    const definition = project.definition(path);
    if (definition.kind !== 'dvc') return [];
    const address = path === 'dvc.yaml' ? '' : `${path}:`;
    return resolvedOf(definition, project.view).stages.map(({ name }) => `${address}${name}`);
  });
  return { stages: stages.sort() };
}

/** Where the two differ, in words. */
export function differences(projects: readonly Files[]): string[] {
  const theirs = verdictsOfDvc(projects);
  return projects.flatMap((files, at) => {
    const [we, dvc] = [ourVerdict(files), theirs[at]];
    const same = (we.refused === undefined) === (dvc?.refused === undefined);
    if (same && JSON.stringify(we.stages) === JSON.stringify(dvc?.stages)) return [];
    return [`${JSON.stringify(files)}\n  DVC: ${JSON.stringify(dvc)}\n  we: ${JSON.stringify(we)}`];
  });
}
