/**
 * A run on a terminal: what ended scrolls by, what runs stands in a table at the bottom that is redrawn in place. One
 * write a frame, so that nothing flickers; lines are cut to the width, so that none wraps and the count stays right.
 */
import { isatty } from 'node:tty';
import type { EventSink, RunEvent } from '../../stores/runs/events.js';
import type { Output } from '../output.js';
import { Progress, type TaskProgress, isRepeated } from './progress.js';
import type { Style } from './style.js';
import { plural } from '../../base/format.js';
import { elapsed, fit, pad, tame, width } from './text.js';
import { answerLine, outcome, questionLines, summary, waitingLines } from './words.js';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** Between two drawings. VS Code lets a task end on its stop button only once its output is quiet for some time. */
const FRAME_MS = process.env['TERM_PROGRAM'] === 'vscode' ? 400 : 100;
const NAME_COLUMNS = 32;
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_BELOW = '\x1b[J';

/** What happens when a run that waited for people goes on. */
const RESUMING: ReadonlySet<RunEvent['type']> = new Set([
  'task-planned',
  'task-started',
  'task-ended',
  'run-ended',
]);

/** One of several approvals that are needed changes nothing yet. */
function resumes(event: RunEvent): boolean {
  return event.type === 'approval-answered' ? event.decided !== undefined : RESUMING.has(event.type);
}

export interface Screen {
  columns(): number;
  rows(): number;
  /** Calls back when the size has changed; gives the way to stop that. */
  onResize(listener: () => void): () => void;
}

export function tableSink(
  output: Output,
  screen: Screen,
  style: Style,
  logOf: (run: string, task: string) => string,
): EventSink {
  const table = new Table(output, screen, style, logOf);
  return (event) => table.take(event);
}

class Table {
  readonly #progress = new Progress();
  readonly #output: Output;
  readonly #screen: Screen;
  readonly #style: Style;
  readonly #logOf: (run: string, task: string) => string;
  #above: string[] = [];
  #drawn = 0;
  #frame = 0;
  #paused = false;
  #timer: NodeJS.Timeout | undefined;
  #stopResize: (() => void) | undefined;
  /** However the process ends, the terminal is left as it was. */
  readonly #showCursor = (): void => this.#output.write(SHOW_CURSOR);

  constructor(output: Output, screen: Screen, style: Style, logOf: (run: string, task: string) => string) {
    this.#output = output;
    this.#screen = screen;
    this.#style = style;
    this.#logOf = logOf;
  }

  take(event: RunEvent): void {
    if (isRepeated(this.#progress, event)) return;
    this.#progress.apply(event);
    if (this.#paused && resumes(event)) this.#goOn();
    switch (event.type) {
      case 'run-created':
        this.#start(event.run.pipeline, event.run.id, event.tasks.length);
        return;
      case 'notice': {
        const paint = event.level === 'info' ? this.#style.dim : this.#style.yellow;
        this.#above.push(paint(event.message));
        this.#refresh();
        return;
      }
      case 'task-ended':
        this.#progress.rest(event.id);
        this.#ended(event.id);
        return;
      case 'task-retrying':
        this.#above.push(
          `${this.#style.yellow('↻')} ${event.id}: ${event.error}; again in ${event.delayMs / 1000}s`,
        );
        return;
      case 'approval-requested':
        this.#above.push(
          ...questionLines(event.approval).map((line) =>
            this.#style.yellow(tame(`${event.id}: ${line}`, false)),
          ),
        );
        return;
      case 'approval-answered':
        this.#above.push(tame(`${event.id}: ${answerLine(event.approval)}`, false));
        this.#refresh();
        return;
      case 'run-waiting':
        this.#pause(event.parked);
        return;
      case 'run-ended':
        this.#end();
        return;
      default:
        return;
    }
  }

  #start(pipeline: string, id: string, tasks: number): void {
    this.#above.push(
      `${this.#style.bold(pipeline)} ${this.#style.dim(`run ${id}, ${plural(tasks, 'task')}`)}`,
    );
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    this.#timer.unref();
    process.once('exit', this.#showCursor);
    this.#stopResize = this.#screen.onResize(() => {
      // The question that stands there now is redrawn by whoever asks it.
      if (this.#paused) return;
      // The terminal has wrapped what stood there in its own way: begin anew below it.
      this.#drawn = 0;
      this.#output.write(`\r${CLEAR_BELOW}`);
      this.#draw();
    });
  }

  #ended(id: string): void {
    const task = this.#progress.tasks.get(id);
    // Hundreds of tasks with nothing to do would push what matters off the screen; the summary counts them.
    if (task === undefined || (task.state === 'cached' && task.decision !== 'restore')) return;
    const { mark, word } = outcome(task, this.#style);
    const why =
      task.ended?.error ?? task.ended?.note ?? (task.state === 'skipped' ? task.reasons.join('; ') : '');
    this.#above.push(
      `${mark} ${pad(fit(id, NAME_COLUMNS), Math.min(NAME_COLUMNS, this.#nameColumns()))}  ` +
        this.#style.dim(`${word}${why === '' ? '' : `: ${why}`}`),
    );
  }

  /** Others write to the terminal now: the person before it is asked, or the runner leaves. */
  #pause(parked: boolean): void {
    clearInterval(this.#timer);
    this.#paused = true;
    if (parked) this.#above.push(...waitingLines(this.#progress, this.#style));
    this.#write([]);
    this.#showCursor();
    if (parked) {
      this.#stopResize?.();
      process.off('exit', this.#showCursor);
    }
  }

  #goOn(): void {
    this.#paused = false;
    this.#drawn = 0;
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    this.#timer.unref();
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#stopResize?.();
    const logOf = (task: string): string => this.#logOf(this.#progress.runId, task);
    this.#above.push(...summary(this.#progress, logOf, this.#style));
    this.#write([]);
    process.off('exit', this.#showCursor);
    this.#showCursor();
  }

  /** Shows what is new; below it the table, unless others write there. */
  #refresh(): void {
    if (this.#paused) this.#write([]);
    else this.#draw();
  }

  #draw(): void {
    this.#frame++;
    this.#write(this.#table());
  }

  #write(table: readonly string[]): void {
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    const lines = [...this.#above, ...table].map((line) => `${line}\x1b[K\n`).join('');
    this.#output.write(`${HIDE_CURSOR}${up}\r${lines}${CLEAR_BELOW}`);
    this.#above = [];
    this.#drawn = table.length;
  }

  #nameColumns(): number {
    let most = 8;
    for (const id of this.#progress.tasks.keys()) most = Math.max(most, width(id));
    return most;
  }

  #table(): string[] {
    const columns = Math.max(20, this.#screen.columns() - 1);
    const room = Math.max(1, Math.min(20, this.#screen.rows() - 3));
    const running = this.#progress.running();
    const shown = running.slice(0, room);
    const lines = shown.map((task) => this.#row(task, columns));
    if (running.length > shown.length) {
      lines.push(this.#style.dim(fit(`  and ${running.length - shown.length} more`, columns)));
    }
    const waiting = [...this.#progress.tasks.values()].filter((task) => task.state === 'waiting');
    for (const task of waiting.slice(0, 3)) {
      lines.push(this.#style.yellow(fit(`  ${task.id} waits: ${task.reasons.join('; ')}`, columns)));
    }
    lines.push(this.#bar(columns));
    return lines;
  }

  #row(task: TaskProgress, columns: number): string {
    const names = Math.min(NAME_COLUMNS, this.#nameColumns());
    const spinner = task.state === 'retrying' ? '↻' : (SPINNER[this.#frame % SPINNER.length] ?? '');
    const time = elapsed(Date.now() - (task.startedMs ?? Date.now()));
    const head = `${pad(fit(task.id, names), names)}  ${pad(time, 8)} `;
    const detail = fit(
      [task.metric, task.tail.at(-1)].filter(Boolean).join(' · '),
      columns - 2 - width(head),
    );
    return `${this.#style.blue(spinner)} ${fit(head, columns - 2)}${this.#style.dim(detail)}`;
  }

  #bar(columns: number): string {
    const total = Math.max(1, this.#progress.tasks.size);
    const done = this.#progress.finished;
    const counts = this.#progress.counts();
    const failed = counts.get('failed') ?? 0;
    const text =
      ` ${done}/${total}` +
      (counts.has('cached') ? `, ${counts.get('cached') ?? 0} cached` : '') +
      (failed > 0 ? `, ${failed} failed` : '') +
      `  ${elapsed(Date.now() - this.#progress.startedMs)}`;
    const cells = Math.max(0, Math.min(30, columns - width(text)));
    const full = Math.floor((done / total) * cells);
    const paint = failed > 0 ? this.#style.red : this.#style.green;
    return `${paint('━'.repeat(full))}${this.#style.dim('━'.repeat(cells - full))}${fit(text, columns - cells)}`;
  }
}

/** Whether this process writes to a terminal. */
export function isTerminal(): boolean {
  return isatty(1);
}

/** The terminal that this process writes to. */
export function processScreen(): Screen {
  const stream = process.stdout;
  return {
    columns: () => (stream.columns > 0 ? stream.columns : 80),
    rows: () => (stream.rows > 0 ? stream.rows : 24),
    onResize(listener) {
      stream.on('resize', listener);
      return () => stream.off('resize', listener);
    },
  };
}
