/** A process of Python that waits for a debugger: a line of JSON in the file that `MODELYARD_DEBUG_FILE` names. */
export interface WaitingPython {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** As it was started. */
  readonly argv: readonly string[];
}

/** Those that a file tells of; what is half written comes whole the next time. */
export function waitingIn(text: string): readonly WaitingPython[] {
  return text.split('\n').flatMap((line) => {
    try {
      const told: unknown = JSON.parse(line);
      return isWaiting(told) ? [told] : [];
    } catch {
      return [];
    }
  });
}

function isWaiting(value: unknown): value is WaitingPython {
  if (typeof value !== 'object' || value === null) return false;
  const { host, port, pid, argv } = value as Partial<WaitingPython>;
  return (
    typeof host === 'string' &&
    typeof port === 'number' &&
    typeof pid === 'number' &&
    Array.isArray(argv) &&
    argv.every((word) => typeof word === 'string')
  );
}
