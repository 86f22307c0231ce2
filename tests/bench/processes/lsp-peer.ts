/** A language server over stdio, as small as measuring needs: requests, notifications, and a wait for a notification. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

type Handler = (params: unknown) => void;

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export class LspPeer {
  private readonly child: ChildProcessWithoutNullStreams;
  private buffer: Buffer = Buffer.alloc(0);
  private next = 1;
  private readonly pending = new Map<
    number | string,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  private readonly waiters = new Map<string, Handler[]>();
  /** What `workspace/configuration` is answered with, by section. */
  private readonly settings: Readonly<Record<string, unknown>>;

  constructor(command: readonly string[], settings: Readonly<Record<string, unknown>> = {}) {
    this.settings = settings;
    this.child = spawn(process.execPath, command, { stdio: 'pipe' });
    this.child.stderr.resume();
    this.child.stdout.on('data', (chunk: Buffer) => this.read(chunk));
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  request(method: string, params: unknown): Promise<unknown> {
    const id = this.next++;
    this.send({ id, method, params });
    return new Promise((resolve, reject) => this.pending.set(id, { resolve, reject }));
  }

  notify(method: string, params: unknown): void {
    this.send({ method, params });
  }

  /** The next notification of a method for which `accept` holds. */
  nextNotification(method: string, accept: (params: unknown) => boolean): Promise<unknown> {
    return new Promise((resolve) => {
      const handler: Handler = (params) => {
        if (!accept(params)) return;
        const list = this.waiters.get(method) ?? [];
        this.waiters.set(
          method,
          list.filter((other) => other !== handler),
        );
        resolve(params);
      };
      this.waiters.set(method, [...(this.waiters.get(method) ?? []), handler]);
    });
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }

  private send(message: object): void {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    this.child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.child.stdin.write(body);
  }

  private read(chunk: Buffer): void {
    this.buffer = this.buffer.length === 0 ? chunk : Buffer.concat([this.buffer, chunk]);
    for (;;) {
      const head = this.buffer.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.buffer.subarray(0, head).toString())?.[1]);
      const end = head + 4 + length;
      if (this.buffer.length < end) return;
      const message = JSON.parse(this.buffer.subarray(head + 4, end).toString()) as Message;
      this.buffer = this.buffer.subarray(end);
      this.dispatch(message);
    }
  }

  private dispatch(message: Message): void {
    if (message.method === undefined) {
      const waiting = this.pending.get(message.id ?? -1);
      this.pending.delete(message.id ?? -1);
      if (message.error) waiting?.reject(new Error(message.error.message));
      else waiting?.resolve(message.result);
      return;
    }
    if (message.id !== undefined) {
      this.send({ id: message.id, result: this.answer(message) });
      return;
    }
    for (const handler of [...(this.waiters.get(message.method) ?? [])]) handler(message.params);
  }

  private answer(message: Message): unknown {
    if (message.method !== 'workspace/configuration') return null;
    const { items } = message.params as { items: readonly { section?: string }[] };
    return items.map((item) => this.settings[item.section ?? ''] ?? null);
  }
}
