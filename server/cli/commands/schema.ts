/** `modelyard schema KIND`: the JSON Schema of a kind of file, for other editors and checks. */
import type { FileKind } from '../../definition/definition.js';
import { UsageError } from '../args.js';
import type { Command } from '../command.js';
import { EXIT, stdout } from '../output.js';

const KINDS: readonly FileKind[] = ['pipeline', 'features', 'project'];

export const schema: Command = {
  name: 'schema',
  summary: 'Print the JSON Schema of pipelines, features or the project file.',
  usage: `schema ${KINDS.join('|')}`,
  examples: ['schema pipeline'],
  flags: {},
  most: 1,
  async run(args) {
    const [word] = args.positionals;
    const kind = KINDS.find((one) => one === word);
    if (kind === undefined) throw new UsageError(`say which schema: ${KINDS.join(', ')}`);
    const { jsonSchemaOf } = await import('../../definition/schema/json-schema.js');
    stdout.line(JSON.stringify(jsonSchemaOf(kind), null, 2));
    return EXIT.ok;
  },
};
