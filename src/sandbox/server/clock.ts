/** A source of time in milliseconds since 1970. */
export interface Clock {
  now(): number;
}

/** Time inside the sandbox: the clock outside, moved ahead and sped up by control calls. Never goes back. */
export class SandboxClock {
  readonly #outside: Clock;
  #outsideAnchor: number;
  #anchor: number;
  #speed = 1;

  constructor(outside: Clock) {
    this.#outside = outside;
    this.#anchor = this.#outsideAnchor = outside.now();
  }

  /** Milliseconds since 1970, whole. */
  now(): number {
    return Math.floor(this.#anchor + (this.#outside.now() - this.#outsideAnchor) * this.#speed);
  }

  /** How many milliseconds pass inside for one outside. */
  get speed(): number {
    return this.#speed;
  }

  /** Moves ahead by `advance` milliseconds; from now on time passes `speed` times as fast. */
  adjust(advance: number, speed = this.#speed): void {
    this.#anchor = this.now() + advance;
    this.#outsideAnchor = this.#outside.now();
    this.#speed = speed;
  }

  /** Back to the time outside, at its speed. */
  reset(): void {
    this.#anchor = this.#outsideAnchor = this.#outside.now();
    this.#speed = 1;
  }
}
