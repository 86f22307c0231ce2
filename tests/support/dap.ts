/** A client of the Debug Adapter Protocol, as an editor is one: over TCP, with its own framing. */
import assert from 'node:assert/strict';
import { type Socket, connect } from 'node:net';
import { PATIENCE_MS } from './cli.js';

interface Message {
  readonly type: 'response' | 'event' | 'request';
  readonly event?: string;
  readonly request_seq?: number;
  readonly success?: boolean;
  readonly message?: string;
  readonly body?: unknown;
}

interface Waiter {
  readonly wanted: (message: Message) => boolean;
  readonly take: (message: Message) => void;
}

export class DapClient {
  readonly #socket: Socket;
  readonly #messages: Message[] = [];
  #waiters: Waiter[] = [];
  #buffer: Buffer = Buffer.alloc(0);
  #number = 0;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    // The other side leaves when its program has ended.
    this.#socket.on('error', () => undefined);
  }

  #read(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const end = this.#buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#buffer.toString('latin1', 0, end))?.[1]);
      const next = end + 4 + length;
      if (this.#buffer.length < next) return;
      const message = JSON.parse(this.#buffer.toString('utf8', end + 4, next)) as Message;
      this.#buffer = this.#buffer.subarray(next);
      this.#messages.push(message);
      this.#waiters = this.#waiters.filter(({ wanted, take }) => {
        if (!wanted(message)) return true;
        take(message);
        return false;
      });
    }
  }

  #wait(what: string, wanted: Waiter['wanted']): Promise<Message> {
    const known = this.#messages.find(wanted);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const clock = setTimeout(() => reject(new Error(`the adapter says no ${what}`)), PATIENCE_MS);
      const take = (message: Message): void => {
        clearTimeout(clock);
        resolve(message);
      };
      this.#waiters.push({ wanted, take });
    });
  }

  /** The body of an event, which may have come already. */
  async event(name: string): Promise<unknown> {
    return (await this.#wait(`event ${name}`, (message) => message.event === name)).body;
  }

  /** The body of the answer; fails where it is an error. */
  async ask(command: string, args: object = {}): Promise<unknown> {
    const seq = ++this.#number;
    const text = JSON.stringify({ seq, type: 'request', command, arguments: args });
    this.#socket.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    const answer = await this.#wait(`answer to ${command}`, (message) => message.request_seq === seq);
    assert.ok(answer.success, `${command}: ${answer.message ?? ''}`);
    return answer.body;
  }

  /** Attaches, with breakpoints in one file, and lets the program go. @param file absolute */
  async begin(file: string, lines: readonly number[], attach: object = {}): Promise<void> {
    await this.ask('initialize', { adapterID: 'debugpy', pathFormat: 'path', linesStartAt1: true });
    const attached = this.ask('attach', { justMyCode: true, ...attach });
    await this.event('initialized');
    const breakpoints = lines.map((line) => ({ line }));
    await this.ask('setBreakpoints', { source: { path: file }, breakpoints });
    await this.ask('configurationDone');
    await attached;
  }

  /** Where the program has stopped: `function:line`, and its local variables as they are shown. */
  async stopped(): Promise<{
    readonly thread: number;
    readonly at: string;
    readonly locals: Readonly<Record<string, string>>;
  }> {
    const { threadId } = (await this.event('stopped')) as { threadId: number };
    const { stackFrames } = (await this.ask('stackTrace', { threadId })) as {
      stackFrames: { id: number; name: string; line: number }[];
    };
    const [frame] = stackFrames;
    assert.ok(frame);
    const { scopes } = (await this.ask('scopes', { frameId: frame.id })) as {
      scopes: { variablesReference: number }[];
    };
    const { variables } = (await this.ask('variables', {
      variablesReference: scopes[0]?.variablesReference,
    })) as { variables: { name: string; value: string }[] };
    const locals = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
    return { thread: threadId, at: `${frame.name}:${frame.line}`, locals };
  }

  async goOn(threadId: number): Promise<void> {
    await this.ask('continue', { threadId });
  }

  close(): void {
    this.#socket.destroy();
  }
}
