/** `modelyard version` */
import packageJson from '../../../package.json' with { type: 'json' };
import type { Command } from '../command.js';
import { EXIT, stdout } from '../output.js';

export const version: Command = {
  name: 'version',
  summary: 'Show the version of Modelyard and of Node.',
  usage: 'version [--json]',
  flags: { json: { type: 'boolean', help: 'As JSON.' } },
  most: 0,
  run(args) {
    const versions = { modelyard: packageJson.version, node: process.version, platform: platform() };
    stdout.line(
      args.flag('json')
        ? JSON.stringify(versions)
        : `modelyard ${versions.modelyard} (node ${versions.node}, ${versions.platform})`,
    );
    return Promise.resolve(EXIT.ok);
  },
};

function platform(): string {
  return `${process.platform}-${process.arch}`;
}
