/** Whoever adds a command is led to every place, and what the manifest names is there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import {
  is,
  isAny,
  isOneOf,
  isOneWithout,
  isWithout,
  itemContext,
} from '../../../extension/contributions/items.js';
import { contributed, manifestProblems } from '../../../extension/contributions/manifest.js';
import { broken } from '../../support/compile.js';

const TABLE = 'extension/contributions/commands.ts';
const madeUp =
  (row: string) =>
  (text: string): string =>
    text.replace('export const COMMANDS = {', `export const COMMANDS = {\n  madeUp: { ${row} },`);

test('a command that is made up does not compile until it has a body', () => {
  const row = `title: 'Make Up', icon: 'beaker', menus: [onItem('runs', is('run', 'ended'), 'inline@1')]`;
  assert.deepEqual(broken([TABLE, 'extension/main.ts'], { [TABLE]: madeUp(row) }), ['extension/main.ts']);
  const misspelt = `title: 'Make Up', icon: 'beaker', menus: [onItem('runs', is('run', 'endet'), 'inline@1')]`;
  assert.deepEqual(broken([TABLE], { [TABLE]: madeUp(misspelt) }), [TABLE]);
});

test('commands of links and keys of conditions that are not there are told', () => {
  const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as { contributes: object };
  assert.deepEqual(manifestProblems({ ...contributes, ...contributed() }), []);
  assert.deepEqual(
    manifestProblems({
      viewsWelcome: [
        { when: 'view == modelyard.runs && !modelyard.redy', contents: '[Go](command:modelyard.runn)' },
      ],
      walkthroughs: [{ completionEvents: ['onCommand:modelyard.runPipelin'] }],
    }),
    [
      'there is no command modelyard.runn',
      'there is no command modelyard.runPipelin',
      'nothing sets the context key modelyard.redy',
    ],
  );
});

test('conditions ask an item for its kind and its marks, in any order of theirs', () => {
  const holds = (condition: string, item: string): boolean => {
    const [, pattern] = /^viewItem =~ \/(.*)\/$/.exec(condition) ?? [];
    return pattern === undefined ? condition === `viewItem == ${item}` : new RegExp(pattern).test(item);
  };
  const service = itemContext('service', 'back', 'up', false, 'canary');
  assert.equal(service, 'service.up.canary.back');
  const cases: readonly (readonly [string, string, boolean])[] = [
    [is('task'), 'task', true],
    [is('task'), 'taskRun', false],
    [is('service'), service, true],
    [is('service'), 'serviceHistory', false],
    [is('service', 'up', 'back'), service, true],
    [is('service', 'up', 'lost'), service, false],
    [is('run', 'ended'), itemContext('run', 'ended', 'resumable'), true],
    [isAny('service', 'down', 'canary'), service, true],
    [isAny('service', 'down', 'lost'), service, false],
    [isWithout('model', 'deleted'), itemContext('model', 'aliased'), true],
    [isWithout('version', 'deleted'), itemContext('version', 'deleted', 'run'), false],
    [isOneOf('feature', 'entity'), 'entity', true],
    [isOneWithout(['model', 'version'], 'deleted'), itemContext('version', 'aliased', 'run'), true],
    [isOneWithout(['model', 'version'], 'deleted'), itemContext('model', 'deleted'), false],
    [isOneWithout(['model', 'version'], 'deleted'), 'modelRun', false],
    [isOneOf('feature', 'entity'), 'featureView.one', false],
  ];
  for (const [condition, item, expected] of cases)
    assert.equal(holds(condition, item), expected, `${condition} on ${item}`);
});

test('menus of items stay short: at most nine entries, what belongs together in a submenu', () => {
  const { menus } = contributed() as {
    menus: Record<string, { when: string; group?: string; submenu?: string }[]>;
  };
  const holds = (condition: string, view: string, item: string): boolean =>
    condition.split(' && ').every((part) => {
      if (part.startsWith('view == ')) return part === `view == modelyard.${view}`;
      const [, pattern] = /^viewItem =~ \/(.*)\/$/.exec(part) ?? [];
      if (pattern !== undefined) return new RegExp(pattern).test(item);
      return part.startsWith('viewItem') ? part === `viewItem == ${item}` : true;
    });
  const items: readonly (readonly [string, string])[] = [
    ['models', itemContext('version', 'aliased', 'run')],
    ['models', itemContext('version', 'deleted', 'run')],
    ['models', itemContext('model', 'aliased')],
    ['services', itemContext('service', 'up', 'serving', 'canary', 'deploying', 'back')],
    ['services', itemContext('service', 'lost')],
    ['services', itemContext('release', 'previous', 'model', 'run')],
    ['runs', itemContext('run', 'ended', 'resumable')],
    ['runs', itemContext('run', 'waiting')],
    ['pipelines', itemContext('pipeline', 'active')],
    ['pipelines', 'task'],
    ['features', itemContext('featureView', 'versions')],
  ];
  for (const [view, item] of items) {
    const entries = (menus['view/item/context'] ?? []).filter(
      ({ when, group }) => group?.startsWith('inline') !== true && holds(when, view, item),
    );
    assert.ok(entries.length > 0 && entries.length <= 9, `${item}: ${entries.length}`);
  }
  // VS Code takes a submenu into a menu once.
  for (const entries of Object.values(menus)) {
    const submenus = entries.flatMap(({ submenu }) => submenu ?? []);
    assert.deepEqual(submenus, [...new Set(submenus)]);
  }
});

test('the palette offers only what can work: commands without a condition need nothing', () => {
  const { commands, menus } = contributed() as {
    commands: { command: string; enablement?: string }[];
    menus: Record<string, { command: string }[]>;
  };
  const conditional = new Set(menus['commandPalette']?.map(({ command }) => command));
  const always = commands.filter(
    ({ command, enablement }) => enablement === undefined && !conditional.has(command),
  );
  assert.deepEqual(
    always.map(({ command }) => command.replace('modelyard.', '')),
    ['createPipeline', 'refresh', 'openRule', 'restartServer', 'showOutput'],
  );
});
