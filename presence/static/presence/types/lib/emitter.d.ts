/** Typed events. A listener that throws disturbs neither the other listeners nor the page. */
export declare class Emitter<Events extends object> {
    #private;
    private readonly failed;
    /** `failed` receives what a listener threw, except from listeners to `error`. */
    constructor(failed: (error: Error) => void);
    /** Returns a function that stops the listening. */
    on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void;
    emit<Name extends keyof Events>(name: Name, detail: Events[Name]): void;
    clear(): void;
}
