/** `modelyard version` */
import packageJson from '../../../package.json' with { type: 'json' };
import { answer } from '../answers.js';
import { JSON_FLAG } from '../args.js';
import type { Command } from '../command.js';
import { EXIT, stdout } from '../output.js';

export const version: Command = {
  name: 'version',
  summary: 'Show the version of Modelyard and of Node.',
  usage: 'version [--json]',
  examples: ['version', 'version --json'],
  flags: JSON_FLAG,
  most: 0,
  run(args) {
    const versions = { modelyard: packageJson.version, node: process.version, platform: platform() };
    if (args.flag('json')) answer('version', versions);
    else stdout.line(`modelyard ${versions.modelyard} (node ${versions.node}, ${versions.platform})`);
    return Promise.resolve(EXIT.ok);
  },
};

function platform(): string {
  return `${process.platform}-${process.arch}`;
}
