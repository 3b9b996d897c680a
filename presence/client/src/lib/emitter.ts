/** Typed events. A listener that throws disturbs neither the other listeners nor the page. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(detail: never) => void>>();

  /** `failed` receives what a listener threw, except from listeners to `error`. */
  constructor(private readonly failed: (error: Error) => void) {}

  /** Returns a function that stops the listening. */
  on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, detail: Events[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        (listener as (detail: Events[Name]) => void)(detail);
      } catch (error) {
        if (name !== "error") this.failed(error as Error);
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
