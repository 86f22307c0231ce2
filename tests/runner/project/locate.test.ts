import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

const HERE = 'tasks:\n  where: { run: pwd > where.txt, outputs: { o: where.txt } }\n';

/** Which folder a run takes for the project: where its task ran and its memory lies. */
async function check(
  { git = false, cwd = '.', args }: { git?: boolean; cwd?: string; args: readonly string[] },
  expected: string,
): Promise<void> {
  const project = await TestProject.make({ 'work/sub/x.pipeline.yaml': HERE });
  try {
    project.remove('modelyard.yaml');
    if (git) project.write({ '.git/HEAD': 'ref: refs/heads/main\n' });
    await project.expect(0, ['run', ...args], { cwd: project.path(cwd) });
    assert.equal(project.exists(path.join(expected, 'where.txt')), true, `where.txt is not in ${expected}`);
    assert.equal(project.exists(path.join(expected, '.modelyard')), true);
  } finally {
    project.remove('.');
  }
}

test('a path below the current folder belongs to the current folder, as it does in the editor', () =>
  check({ cwd: 'work', args: ['sub/x.pipeline.yaml'] }, 'work'));

test('a path outside of the current folder belongs to its own folder', () =>
  check({ cwd: 'work/sub', args: ['../sub/x.pipeline.yaml'] }, 'work/sub'));

test('a git work tree is a project', () =>
  check({ git: true, cwd: 'work', args: ['sub/x.pipeline.yaml'] }, '.'));

test('--project is taken at its word, whatever lies around it', () =>
  check({ git: true, args: ['--project', 'work', 'sub/x.pipeline.yaml'] }, 'work'));

test('--project may name a folder inside of a marked project', async () => {
  const project = await TestProject.make({ 'sub/x.pipeline.yaml': HERE });
  await project.expect(0, ['run', '--project', 'sub', 'x']);
  assert.equal(project.exists('where.txt'), true);
  project.remove('.');
});

test('a definition that run has compiled is not compiled again by plan', async () => {
  const project = await TestProject.make({ 'x.pipeline.yaml': HERE });
  const env = { XDG_CACHE_HOME: project.path('cache-of-the-user') };
  const kept = (): Map<string, number> => {
    const projects = path.join(env.XDG_CACHE_HOME, 'modelyard', 'compiled');
    const files = readdirSync(projects, { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
    return new Map(files.map(({ name, parentPath }) => [name, statSync(path.join(parentPath, name)).ino]));
  };
  await project.expect(0, ['run', 'x'], { env });
  const first = kept();
  assert.ok(first.size > 0);
  await project.expect(0, ['plan', 'x'], { env });
  // Each writing makes a new file.
  assert.deepEqual(kept(), first);
  project.remove('.');
});

test('a pipeline that git ignores is said to be there, with the line that ignores it', async () => {
  const project = await TestProject.make({ 'sub/x.pipeline.yaml': HERE, '.gitignore': '# all\n*\n' });
  const named = await project.expect(2, ['run', 'x']);
  assert.match(
    named.stderr,
    /there is no pipeline "x" .*\(there are none\); git ignores sub\/x\.pipeline\.yaml, and so does Modelyard: `\*` in \.gitignore, line 2/,
  );
  assert.match((await project.expect(2, ['run'])).stderr, /git ignores sub\/x\.pipeline\.yaml/);
  assert.doesNotMatch((await project.expect(2, ['run', 'y'])).stderr, /git ignores/);
  project.remove('.');
});
