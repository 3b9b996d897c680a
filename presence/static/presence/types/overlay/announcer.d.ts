export declare class Announcer {
    #private;
    readonly element: HTMLParagraphElement;
    constructor();
    push(text: string): void;
    destroy(): void;
}
