// Whether the service is on its way out. One side sets it, once; health and responses read it.

export interface DrainState {
  readonly draining: boolean;
}

export class Drain implements DrainState {
  #draining = false;

  get draining(): boolean {
    return this.#draining;
  }

  start(): void {
    this.#draining = true;
  }
}
