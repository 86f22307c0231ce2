/** How a service is named, and where it is reached. */
import type { ServiceConfig } from '../types.js';

/** Which service is meant. */
export interface ServiceAddress {
  readonly root: string;
  readonly environment: string;
  readonly name: string;
}

/** Addresses that mean every one of the machine: nobody can ask for these. */
const ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** `http://127.0.0.1:8000`, as a program on this machine asks for it. */
export function serviceUrl({ host, port }: Pick<ServiceConfig, 'host' | 'port'>): string {
  const reached = ANY[host] ?? host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}
