/** Pages of rules, which are installed beside the server: clients without a command of ours open them by their address. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { rulePageName } from '../../rules/docs.js';
import { uriOfPath } from '../documents.js';

const pages = new Map<string, string | undefined>();

/** The URI of a rule's page; `undefined` where it is not installed. */
export function rulePage(rule: string): string | undefined {
  if (!pages.has(rule)) {
    const file = path.join(__dirname, '..', 'docs', 'rules', rulePageName(rule));
    pages.set(rule, existsSync(file) ? uriOfPath(file) : undefined);
  }
  return pages.get(rule);
}
