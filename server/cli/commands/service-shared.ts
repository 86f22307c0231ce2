/** What the subcommands of `modelyard service` share: which service is meant, on whose behalf, and telling what came of it. */
import { didYouMean, similar } from '../../model/names.js';
import type { ServiceAddress } from '../../serving/client.js';
import { listServices, type ServiceView } from '../../serving/read-service.js';
import type { ServiceCause, ServiceEvent } from '../../serving/types.js';
import { whoAmI } from '../../stores/user.js';
import { CommandError } from '../command.js';
import { EXIT, stderr, stdout } from '../output.js';
import type { ProjectCall, SubcommandOf } from '../subcommands.js';
import { tame } from '../terminal/text.js';

/** One call of a subcommand. */
export type ServiceCall = ProjectCall;

export type ServiceSubcommand = SubcommandOf<ServiceCall>;

/** `ENVIRONMENT/NAME`, or a name and `--environment`. */
export function wordOf(call: ServiceCall): {
  readonly environment: string | undefined;
  readonly name: string;
} {
  const [word = ''] = call.words;
  const at = word.indexOf('/');
  return at === -1
    ? { environment: call.args.text('environment'), name: word }
    : { environment: word.slice(0, at), name: word.slice(at + 1) };
}

/** The service that is meant; ends the command with 2 when there is none, or when several environments have one. */
export function serviceNamed(call: ServiceCall): ServiceView {
  const { environment, name } = wordOf(call);
  const { services, problems } = listServices(call.root);
  for (const problem of problems) stderr.line(`modelyard: ${problem.message}`);
  const found = services.filter(
    (one) => one.name === name && (environment === undefined || one.environment === environment),
  );
  const [first] = found;
  if (first === undefined) {
    const names = [...new Set(services.map((one) => one.name))];
    const where = environment === undefined ? '' : ` in ${environment}`;
    const known = names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
    throw new CommandError(
      `there is no service "${name}"${where}.${didYouMean(similar(name, names))} (${known})`,
      EXIT.usage,
    );
  }
  if (found.length > 1) {
    const places = found.map((one) => `${one.environment}/${one.name}`).join(', ');
    throw new CommandError(
      `several environments have a service "${name}": say which of ${places}`,
      EXIT.usage,
    );
  }
  return first;
}

export function addressOf(
  call: ServiceCall,
  service: Pick<ServiceView, 'environment' | 'name'>,
): ServiceAddress {
  return { root: call.root, environment: service.environment, name: service.name };
}

export function causeOf(call: ServiceCall): ServiceCause {
  const reason = call.args.text('reason');
  return { who: whoAmI(), ...(reason === undefined ? {} : { reason }) };
}

/** Tells on the side what happens while an order is carried out. */
export function tellEvent(call: ServiceCall): (event: ServiceEvent) => void {
  return (event) => {
    if (!call.json) stderr.line(call.style.dim(tame(eventText(event), false)));
  };
}

/** An event in words. */
export function eventText(event: ServiceEvent): string {
  const parts = [event.kind, event.release ?? ''];
  if (event.from !== undefined) parts.push(`(before: ${event.from})`);
  if (event.traffic !== undefined) parts.push(`${event.traffic} %`);
  if (event.message !== undefined) parts.push(`– ${event.message}`);
  if (event.reason !== undefined) parts.push(`– ${event.reason}`);
  return parts.filter((part) => part !== '').join(' ');
}

/** What an order came to: 0 or 1. */
export function tellResult(
  call: ServiceCall,
  result: { readonly ok: boolean; readonly message: string },
): number {
  if (call.json) stdout.line(JSON.stringify(result));
  else if (result.ok) stdout.line(tame(result.message, false));
  else throw new CommandError(tame(result.message, false), EXIT.failed);
  return result.ok ? EXIT.ok : EXIT.failed;
}
