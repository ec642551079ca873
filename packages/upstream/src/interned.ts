// Gives equal things one index in the order they first came, so that a message carries each once; equal is identical.

export class Interned<T> {
  readonly #indices = new Map<T, number>();
  readonly #all: T[] = [];

  /** What was indexed, at its index. */
  get all(): readonly T[] {
    return this.#all;
  }

  index(value: T): number {
    const known = this.#indices.get(value);
    if (known !== undefined) return known;
    const next = this.#all.length;
    this.#indices.set(value, next);
    this.#all.push(value);
    return next;
  }
}
