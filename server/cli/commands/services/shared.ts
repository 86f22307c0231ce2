/** What the subcommands of `modelyard service` share: which service is meant, on whose behalf, and telling what came of it. */
import { defined } from '../../../base/defined.js';
import { didYouMean, similar } from '../../../definition/names/names.js';
import type { ServiceAddress } from '../../../serving/services/address.js';
import type { ServiceVerb } from '../../../serving/services/client.js';
import { describeServiceEvent, readable, releaseNames } from '../../../serving/event-words.js';
import { listServices, type ServiceView } from '../../../serving/services/read.js';
import type { ServiceCause, ServiceEvent } from '../../../serving/types.js';
import { whoAmI } from '../../../stores/machine/user.js';
import { type Answers, type ServiceResult, answer } from '../../answers.js';
import type { Flags } from '../../args.js';
import { CommandError } from '../../command.js';
import { EXIT, stderr, stdout } from '../../output.js';
import type { ProjectCall, SubcommandOf } from '../../subcommands.js';
import { tame } from '../../terminal/text.js';
import { say } from '../models/shared.js';

/** One call of a subcommand. */
export type ServiceCall = ProjectCall;

export type ServiceSubcommand = SubcommandOf<ServiceCall>;

export const ENVIRONMENT: Flags = {
  environment: { type: 'string', short: 'e', value: 'E', help: 'The environment of the service.' },
};

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
  if (name === '') return onlyService(services, environment);
  const found = services.filter(
    (one) => one.name === name && (environment === undefined || one.environment === environment),
  );
  const [first] = found;
  if (first === undefined) {
    const names = [...new Set(services.map((one) => one.name))];
    const where = environment === undefined ? '' : ` in ${environment}`;
    const known =
      names.length === 0
        ? 'there are none yet: a `service` task starts one'
        : `there are: ${names.join(', ')}`;
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

/** Where there is only one, it need not be named. */
function onlyService(services: readonly ServiceView[], environment: string | undefined): ServiceView {
  const found = services.filter((one) => environment === undefined || one.environment === environment);
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return first;
  const places = found.map((one) => `${one.environment}/${one.name}`).join(', ');
  const message =
    first === undefined
      ? `there is no service${environment === undefined ? '' : ` in ${environment}`} yet; a \`service\` task starts one`
      : `say which of ${places}`;
  throw new CommandError(message, EXIT.usage);
}

export function addressOf(
  call: ServiceCall,
  service: Pick<ServiceView, 'environment' | 'name'>,
): ServiceAddress {
  return { root: call.root, environment: service.environment, name: service.name };
}

export function causeOf(call: ServiceCall): ServiceCause {
  const reason = call.args.text('reason');
  return { who: whoAmI(), ...defined({ reason }) };
}

/** Commands that give a service an order. */
type Order = Extract<keyof Answers, `service ${ServiceVerb | 'start'}`>;

/** What an order would do, when only that was asked. */
export function tellDry(
  call: ServiceCall,
  command: Order,
  service: Pick<ServiceView, 'environment' | 'name'>,
  what: string,
): number {
  const { environment, name } = service;
  return say(call, command, { environment, name }, what, `${environment}/${name}: would ${what}`);
}

/** Tells on the side what happens while an order is carried out. */
export function tellEvent(call: ServiceCall, environment: string): (event: ServiceEvent) => void {
  const textOf = eventTexts(releaseNames(call.root, environment));
  return (event) => {
    if (!call.json) stderr.line(call.style.dim(tame(textOf(event), false)));
  };
}

/** Events of services in words, with the reasons that were given. */
export function eventTexts(nameOf: (id: string) => string): (event: ServiceEvent) => string {
  return (event) =>
    `${describeServiceEvent(event, nameOf)}${event.reason === undefined ? '' : ` – ${event.reason}`}`;
}

/** What an order to a service of an environment came to: 0 or 1. */
export function tellResult(
  call: ServiceCall,
  command: Order,
  environment: string,
  result: ServiceResult,
): number {
  const message = tame(readable(call.root, environment, result.message), false);
  if (call.json) answer(command, { ok: result.ok, message: result.message });
  else if (result.ok) stdout.line(message);
  else throw new CommandError(message, EXIT.failed);
  return result.ok ? EXIT.ok : EXIT.failed;
}
