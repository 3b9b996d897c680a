"""What a script leaves behind in a page: counted by standing in for what makes it."""

COUNT = """(() => {
    const left = { listeners: 0, timers: new Set(), frames: new Set(), sockets: new Set() };
    const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;
    const known = new WeakMap();
    const keyOf = (type, options) => `${type} ${Boolean(options?.capture ?? options)}`;
    const forget = (target, key, listener) => {
        if (known.get(target)?.get(key)?.delete(listener)) left.listeners -= 1;
    };
    EventTarget.prototype.addEventListener = function (type, listener, options) {
        add.call(this, type, listener, options);
        // Without a target of its own it is the window's; what hangs on a signal ends with it.
        const target = this ?? window;
        if (!listener || options?.signal?.aborted || target instanceof AbortSignal) return;
        const key = keyOf(type, options);
        const keys = known.get(target) ?? known.set(target, new Map()).get(target);
        const listeners = keys.get(key) ?? keys.set(key, new Set()).get(key);
        if (listeners.has(listener)) return;
        listeners.add(listener);
        left.listeners += 1;
        const signal = options?.signal;
        if (signal) add.call(signal, "abort", () => forget(target, key, listener), { once: true });
    };
    EventTarget.prototype.removeEventListener = function (type, listener, options) {
        remove.call(this, type, listener, options);
        forget(this ?? window, keyOf(type, options), listener);
    };
    const until = (set, start, stop) => {
        const [begin, end] = [window[start], window[stop]];
        window[start] = (run, ...rest) => {
            const id = begin.call(window, (...given) => (set.delete(id), run(...given)), ...rest);
            set.add(id);
            return id;
        };
        window[stop] = (id) => (set.delete(id), end.call(window, id));
    };
    until(left.timers, "setTimeout", "clearTimeout");
    until(left.frames, "requestAnimationFrame", "cancelAnimationFrame");
    const Socket = WebSocket;
    window.WebSocket = class extends Socket {
        constructor(...given) {
            super(...given);
            left.sockets.add(this);
            add.call(this, "close", () => left.sockets.delete(this));
        }
    };
    window.leftovers = () => {
        const { listeners, timers, frames, sockets } = left;
        return { listeners, timers: timers.size, frames: frames.size, sockets: sockets.size };
    };
})()"""
"""A script for a page before all others: `leftovers()` then gives listeners, timers, frames and
sockets."""
