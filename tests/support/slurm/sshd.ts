/** A login node on this machine: an `sshd` of the test's own, with keys of its own, and an `ssh` that knows the way. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Availability, installed } from '../peers/apt.js';
import { setTimeout as pause } from 'node:timers/promises';

/** Whether there can be one here; installs it where it can. */
export const sshAvailable = (): Availability =>
  installed(
    'OpenSSH',
    ['/usr/sbin/sshd', 'ssh', 'ssh-keygen', 'rsync'],
    ['openssh-server', 'openssh-client', 'rsync'],
  );

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}

export class LoginNode {
  readonly folder: string;
  readonly port: number;
  readonly #variables: Readonly<Record<string, string>>;
  #daemon: ChildProcess | undefined;

  private constructor(folder: string, port: number, variables: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.port = port;
    this.#variables = variables;
  }

  /** @param variables of everybody who logs in */
  static async start(variables: Readonly<Record<string, string>>): Promise<LoginNode> {
    // Sockets have short paths.
    const node = new LoginNode(mkdtempSync(path.join(tmpdir(), 'my-ssh-')), await freePort(), variables);
    for (const name of ['host', 'key', 'stranger'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', node.own(name)]);
    writeFileSync(node.own('authorized'), readFileSync(node.own('key.pub')));
    const known = readFileSync(node.own('host.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    writeFileSync(node.own('known'), `known,[127.0.0.1]:${node.port} ${known}\n`);
    // Each of another address, or they would share a connection.
    const host = (name: string, address: string, key: string, more = ''): string =>
      `Host ${name}\n  HostName ${address}\n  Port ${node.port}\n  IdentityFile ${node.own(key)}\n  UserKnownHostsFile ${node.own('known')}\n${more}`;
    writeFileSync(
      node.own('config'),
      [
        host('login', '127.0.0.1', 'key'),
        host('stranger', '127.0.0.2', 'stranger', `  HostKeyAlias known\n`),
        host('changed', '127.0.0.3', 'key', `  HostKeyAlias changed\n`),
        'Host *\n  IdentitiesOnly yes\n  StrictHostKeyChecking yes\n  IdentityAgent none\n',
      ].join('\n'),
    ); // prettier-ignore
    mkdirSync(node.own('bin'));
    writeFileSync(node.own('bin/ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${node.own('config')} "$@"\n`);
    chmodSync(node.own('bin/ssh'), 0o755);
    mkdirSync(node.own('run'), { mode: 0o700 });
    await node.up();
    return node;
  }

  /** A file of it. */
  own(name: string): string {
    return path.join(this.folder, name);
  }

  /** For whoever is to reach it as `login`. */
  get env(): Record<string, string> {
    return {
      PATH: `${this.own('bin')}:${process.env['PATH'] ?? ''}`,
      XDG_RUNTIME_DIR: this.own('run'),
    };
  }

  async up(): Promise<void> {
    mkdirSync('/run/sshd', { recursive: true });
    // What the start files of this machine's user do is no part of it: one that is killed may hold up all that follow.
    mkdirSync(this.own('home'), { recursive: true });
    const variables = Object.entries({ ...this.#variables, HOME: this.own('home') }).map(
      ([name, value]) => `${name}=${value}`,
    );
    writeFileSync(
      this.own('sshd_config'),
      `Port ${this.port}
ListenAddress 127.0.0.1
ListenAddress 127.0.0.2
ListenAddress 127.0.0.3
HostKey ${this.own('host')}
AuthorizedKeysFile ${this.own('authorized')}
PidFile ${this.own('pid')}
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
SetEnv ${variables.join(' ')}
`,
    );
    this.#daemon = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', this.own('sshd_config')], { stdio: 'ignore' });
    for (const giveUp = Date.now() + 20_000; !(await this.#answers());) {
      if (Date.now() > giveUp) throw new Error('sshd does not answer');
      await pause(50);
    }
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = net.connect(this.port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  }

  /** Nobody can log in, and who has is thrown out. */
  down(): void {
    const pid = this.#daemon?.pid;
    this.#daemon?.kill('SIGKILL');
    if (pid === undefined) return;
    for (const name of ['login', 'stranger'])
      try {
        execFileSync(this.own('bin/ssh'), ['-O', 'exit', '-o', `ControlPath=${this.own('run')}/modelyard-ssh/%C`, name], { stdio: 'ignore', timeout: 5_000 }); // prettier-ignore
      } catch {
        // Nobody is connected.
      }
  }

  stop(): void {
    this.down();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
  }
}
