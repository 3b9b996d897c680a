/** Typed events. A listener that throws harms neither the others nor the page. */
export declare class Emitter<Events extends object> {
    #private;
    private readonly failed;
    /** `failed` is told what a listener threw. */
    constructor(failed: (error: Error) => void);
    /** Returns what ends the listening. */
    on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void;
    emit<Name extends keyof Events>(name: Name, detail: Events[Name]): void;
    clear(): void;
}
