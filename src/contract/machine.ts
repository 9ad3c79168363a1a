/** The process of a step and its machine, by which another process can tell whether the step still runs. */
export interface Machine {
  readonly pid: number;
  readonly host: string;
  /** Whether a process of this machine exists, whoever owns it. */
  isRunning(pid: number): boolean;
}
