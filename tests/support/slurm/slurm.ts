/**
 * A real Slurm cluster of four nodes, as processes of this machine that nobody else sees. Installed where it is missing and
 * this is Debian as root; elsewhere there is none, and tests say so and are skipped.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes, randomInt } from 'node:crypto';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Availability, installed } from '../peers/apt.js';

const PACKAGES = ['slurmctld', 'slurmd', 'slurm-client', 'munge'];
const CGROUPS = '/sys/fs/cgroup';
const COMMAND_MS = 20_000;
const UP_MS = 60_000;

/** Whether a cluster can be had here; installs it where it can. */
export const slurmAvailable = (): Availability =>
  installed('Slurm', ['slurmctld', 'slurmd', 'sbatch', 'munged'], PACKAGES);

/** This one, and one for each node, are free, and below those that the system gives away. */
async function freePorts(): Promise<number> {
  const isFree = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const server = net.createServer().once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
  for (;;) {
    const base = 20_000 + 8 * randomInt(1_500);
    const free = await Promise.all([0, 1, 2, 3, 4].map((n) => isFree(base + n)));
    if (free.every(Boolean)) return base;
  }
}

export interface ListedJob {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly node: string;
}

export class Cluster {
  readonly folder: string;
  readonly port: number;
  readonly #pids = new Map<string, number>();

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  static async start(): Promise<Cluster> {
    const port = await freePorts();
    const folder = mkdtempSync(path.join(tmpdir(), 'modelyard-slurm-'));
    chmodSync(folder, 0o755);
    const cluster = new Cluster(folder, port);
    try {
      cluster.#write();
      await cluster.#munge();
      cluster.#daemon('slurmctld', 'slurmctld', ['-D', '-c']);
      for (const n of cluster.#nodes) cluster.startNode(n);
      await cluster.waitFor(async () => {
        const states = (await cluster.command('sinfo', '-h', '-N', '-p', 'main', '-o', '%t'))
          .trim()
          .split('\n');
        return states.length === 4 && states.every((state) => state === 'idle');
      });
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** For whoever is to use it. */
  get env(): Record<string, string> {
    return { SLURM_CONF: path.join(this.folder, 'slurm.conf') };
  }

  /** Whether a job that takes more memory than it asked for is ended. */
  readonly confinesMemory = existsSync(path.join(CGROUPS, 'memory'));

  get #nodes(): readonly string[] {
    return [1, 2, 3, 4].map((n) => `${this.#prefix}${n}`);
  }

  /** Of the names of nodes: two clusters at once share the machine's control groups. */
  get #prefix(): string {
    return `p${this.port}n`;
  }

  node(n: 1 | 2 | 3 | 4): string {
    return `${this.#prefix}${n}`;
  }

  /** What a command prints. */
  async command(program: string, ...args: readonly string[]): Promise<string> {
    const env = { ...process.env, ...this.env };
    const { stdout } = await promisify(execFile)(program, args, { env, timeout: COMMAND_MS });
    return stdout;
  }

  /** What jobs there are whose names begin with that. */
  async jobs(prefix = ''): Promise<readonly ListedJob[]> {
    const text = await this.command('squeue', '-h', '-t', 'all', '-o', '%A|%T|%N|%j');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [id = '', state = '', node = '', name = ''] = line.split('|');
        return { id, state, node, name };
      })
      .filter(({ name }) => name.startsWith(prefix));
  }

  async waitFor(done: () => Promise<boolean>, ms = UP_MS): Promise<void> {
    for (const giveUp = Date.now() + ms; ;) {
      if (await done().catch(() => false)) return;
      if (Date.now() > giveUp) throw new Error(`not in ${ms} ms\n${this.#logs()}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Stops the controller, which keeps its state, or starts it again. */
  async stopController(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#end(['slurmctld'], signal);
  }

  startController(): void {
    this.#daemon('slurmctld', 'slurmctld', ['-D']);
  }

  startNode(name: string): void {
    this.#daemon(name, 'slurmd', ['-D', '-N', name]);
  }

  async stop(): Promise<void> {
    await this.#end([...this.#pids.keys()], 'SIGTERM');
    // Whoever runs a step outlives its node.
    for (const pid of processesOf(this.folder)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Ended by itself.
      }
    }
    for (const controller of existsSync(CGROUPS) ? readdirSync(CGROUPS) : []) {
      for (const name of this.#nodes) removeGroup(path.join(CGROUPS, controller, `slurm_${name}`));
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  #logs(): string {
    const folder = path.join(this.folder, 'log');
    return readdirSync(folder)
      .map((name) => `${name}:\n${readFileSync(path.join(folder, name), 'utf8').slice(-1_000)}`)
      .join('\n');
  }

  async #munge(): Promise<void> {
    const own = (name: string): string => path.join(this.folder, name);
    writeFileSync(own('munge.key'), randomBytes(128), { mode: 0o600 });
    const socket = own('run/munge.sock');
    this.#daemon('munged', 'munged', ['--foreground', '--force', '--key-file', own('munge.key'), '--socket', socket, '--pid-file', own('run/munge.pid'), '--log-file', own('log/munge.log'), '--seed-file', own('munge.seed')]); // prettier-ignore
    await this.waitFor(() => Promise.resolve(existsSync(socket)));
  }

  #daemon(key: string, program: string, args: readonly string[]): void {
    const child = spawn(program, args, {
      env: { ...process.env, ...this.env },
      stdio: 'ignore',
      detached: true,
    });
    child.unref();
    if (child.pid !== undefined) this.#pids.set(key, child.pid);
  }

  async #end(keys: readonly string[], signal: NodeJS.Signals): Promise<void> {
    const pids = keys.flatMap((key) => this.#pids.get(key) ?? []);
    for (const key of keys) this.#pids.delete(key);
    const alive = (pid: number): boolean =>
      existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
    const tell = (sent: NodeJS.Signals): void => {
      for (const pid of pids) {
        try {
          process.kill(pid, sent);
        } catch {
          // Ended already.
        }
      }
    };
    tell(signal);
    const ended = (): Promise<boolean> => Promise.resolve(!pids.some(alive));
    await this.waitFor(ended, 10_000).catch(() => tell('SIGKILL'));
  }

  #write(): void {
    const { folder, port } = this;
    for (const name of ['state', 'log', 'run', 'dev', ...this.#nodes.map((node) => `spool/${node}`)]) {
      mkdirSync(path.join(folder, name), { recursive: true });
    }
    for (const n of [0, 1]) execFileSync('mknod', [path.join(folder, `dev/nvidia${n}`), 'c', '1', '3']);
    const v1 = this.confinesMemory;
    const conf = {
      ClusterName: `t${port}`,
      SlurmctldHost: 'localhost(127.0.0.1)',
      SlurmctldPort: port,
      SlurmUser: 'root',
      SlurmdUser: 'root',
      AuthType: 'auth/munge',
      CredType: 'cred/munge',
      AuthInfo: `socket=${folder}/run/munge.sock`,
      StateSaveLocation: `${folder}/state`,
      SlurmdSpoolDir: `${folder}/spool/%n`,
      SlurmctldPidFile: `${folder}/run/slurmctld.pid`,
      SlurmdPidFile: `${folder}/run/%n.pid`,
      SlurmctldLogFile: `${folder}/log/slurmctld.log`,
      SlurmdLogFile: `${folder}/log/%n.log`,
      MailProg: '/bin/true',
      ProctrackType: v1 ? 'proctrack/cgroup' : 'proctrack/pgid',
      TaskPlugin: v1 ? 'task/cgroup' : 'task/none',
      JobAcctGatherType: 'jobacct_gather/none',
      SwitchType: 'switch/none',
      MpiDefault: 'none',
      ReturnToService: 2,
      SchedulerType: 'sched/backfill',
      SchedulerParameters: 'batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1',
      SelectType: 'select/cons_tres',
      SelectTypeParameters: 'CR_CPU_Memory',
      SlurmdParameters: 'config_overrides',
      SlurmctldTimeout: 30,
      SlurmdTimeout: 10,
      KillWait: 2,
      MessageTimeout: 5,
      MinJobAge: 30,
      AccountingStorageType: 'accounting_storage/none',
      JobCompType: 'jobcomp/none',
      GresTypes: 'gpu',
    };
    const node = (name: string, n: number): string =>
      `NodeName=${name} NodeHostname=localhost NodeAddr=127.0.0.1 Port=${port + n} CPUs=4 RealMemory=4000${n > 2 ? ' Gres=gpu:2' : ''} State=UNKNOWN`;
    const lines = [
      ...Object.entries(conf).map(([key, value]) => `${key}=${value}`),
      ...this.#nodes.map((name, index) => node(name, index + 1)),
      `PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE DefaultTime=10 State=UP DefMemPerCPU=100`,
      `PartitionName=gpu Nodes=${this.node(3)},${this.node(4)} MaxTime=60 DefaultTime=10 State=UP DefMemPerCPU=100`,
    ];
    writeFileSync(path.join(folder, 'slurm.conf'), `${lines.join('\n')}\n`);
    const gpus = [3, 4].map((n) => `NodeName=${this.#prefix}${n} Name=gpu File=${folder}/dev/nvidia[0-1]`);
    writeFileSync(path.join(folder, 'gres.conf'), `${gpus.join('\n')}\n`);
    const cgroup = ['CgroupPlugin=cgroup/v1', `CgroupMountpoint=${CGROUPS}`, 'CgroupAutomount=no', 'ConstrainRAMSpace=yes', 'ConstrainCores=no', 'ConstrainDevices=no']; // prettier-ignore
    if (v1) writeFileSync(path.join(folder, 'cgroup.conf'), `${cgroup.join('\n')}\n`);
  }
}

/** Processes that know the cluster by their environment or their command. */
function processesOf(folder: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const about = ['environ', 'cmdline']
        .map((file) => readFileSync(`/proc/${name}/${file}`, 'latin1'))
        .join('\0');
      return about.includes(`${folder}/`) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** A control group goes when those in it have gone. */
function removeGroup(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(path.join(folder, entry.name));
  try {
    rmdirSync(folder);
  } catch {
    // Somebody is in it.
  }
}
