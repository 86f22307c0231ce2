/** A process of Python that waits for a debugger: a line of JSON in the file that `MODELYARD_DEBUG_FILE` names. */
export interface WaitingPython {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** As it was started. */
  readonly argv: readonly string[];
}
