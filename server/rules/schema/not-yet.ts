import { entryOf } from '../../syntax/text.js';
import type { Rule } from '../rule.js';

export const notYet: Rule = {
  id: 'schema/not-yet',
  severity: 'warning',
  summary: 'A setting that is planned and does nothing yet.',
  docs: `
The language has words for what comes next, so that files need not change then. In this version \`tracking\` does nothing.

**How to fix it:** Take it out until it is there, or leave it and turn the rule off.
`,
  good: [{ files: { 'modelyard.yaml': 'executors:\n  local: { type: local, jobs: 4 }\n' } }],
  bad: [
    {
      files: { 'modelyard.yaml': '«tracking»: { port: 5000 }\n' },
      messages: ['`tracking` does nothing yet: MLflow clients find no tracking server.'],
    },
  ],
  check(context) {
    const { definition } = context;
    if (definition.kind !== 'project') return;
    const tracking = entryOf(definition.tree.root, 'tracking');
    if (tracking !== undefined && !(tracking.value?.kind === 'scalar' && tracking.value.value === false)) {
      const message = '`tracking` does nothing yet: MLflow clients find no tracking server.';
      context.report({ span: tracking.key.span, message });
    }
  },
};
