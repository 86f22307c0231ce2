import assert from 'node:assert/strict';
import test from 'node:test';
import { codeLenses } from '../../../server/ide/annotate/code-lenses.js';
import { completion } from '../../../server/ide/complete/completion.js';
import { foldingRanges } from '../../../server/ide/annotate/folding.js';
import { hover } from '../../../server/ide/hover/hover.js';
import { inlayHints } from '../../../server/ide/annotate/inlay-hints.js';
import { documentLinks } from '../../../server/ide/navigate/links.js';
import { definitionsAt, highlightsAt, referencesAt } from '../../../server/ide/navigate/navigation.js';
import { prepareRename, rename } from '../../../server/ide/navigate/rename.js';
import { semanticTokens } from '../../../server/ide/annotate/semantic-tokens.js';
import { documentSymbols, workspaceSymbols } from '../../../server/ide/navigate/symbols.js';
import { anyEdit, applyEdit, chain, SAMPLES } from '../syntax/samples.js';
import { CURSOR, open } from './fixture.js';
import { fc } from '../../support/generated/cases.js';

test('completion and hover in a file of 6,000 lines', () => {
  const text = chain(750);
  const at = (needle: string, insert: string): number[] => {
    const marked = text.replace(needle, `${needle}${insert}${CURSOR}`);
    const fixture = open(marked);
    const times: number[] = [];
    for (const ask of [completion, hover, completion, hover]) {
      const started = performance.now();
      ask(fixture.context, fixture.offset);
      times.push(performance.now() - started);
    }
    return times.slice(2);
  };
  const times = [
    ...at('task-700:\n', '    '),
    ...at('task-700:\n    description: Step 700', '.'),
    ...at('data/700.csv data/701.csv', ' ${{ tasks.'),
    ...at('inputs: [src/step.py, data/700.csv', ', '),
  ];
  // The bar is 50 ms on a quiet machine; this only catches what is out of proportion.
  assert.ok(Math.max(...times) < 500, times.map((time) => time.toFixed(1)).join(' '));
});

test('no feature throws, whatever the text (property)', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SAMPLES),
      fc.array(anyEdit, { maxLength: 3 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (sample, edits, place) => {
        const text = edits.reduce(applyEdit, sample).replaceAll(CURSOR, '');
        const { context } = open(text);
        const offset = Math.floor(place * text.length);
        completion(context, offset);
        hover(context, offset);
        definitionsAt(context, offset);
        referencesAt(context, offset);
        highlightsAt(context, offset);
        prepareRename(context, offset);
        rename(context, offset, 'other');
        documentSymbols(context);
        workspaceSymbols(context.project, 'a');
        codeLenses(context);
        documentLinks(context);
        foldingRanges(context);
        semanticTokens(context);
        inlayHints(context);
      },
    ),
    { numRuns: 1_000, interruptAfterTimeLimit: 20_000 },
  );
});
