/** The process of a step and its machine, by which another process can tell whether the step is still running. */
export interface Machine {
  readonly pid: number;
  readonly host: string;
  /** Whether a process of this machine exists, even if another user owns it. */
  isRunning(pid: number): boolean;
}
