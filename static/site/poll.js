// What others change, by asking now and then while the page is visible.

const EVERY = 4000; // milliseconds from an answer to the next question
const AFTER_FAILURE = 15000;
const CLOSED = new Set([401, 403, 404]);

/** Ask for the notes of `board` and let it merge them, until the board is closed to us. */
export function keepInStep(board) {
  let timer = 0;
  let asking = false;

  const ask = async () => {
    clearTimeout(timer);
    if (asking || document.hidden) return;
    asking = true;
    const pause = await refresh(board);
    asking = false;
    if (pause) timer = setTimeout(ask, pause);
  };
  document.addEventListener("visibilitychange", ask);
  globalThis.addEventListener("online", ask);
  timer = setTimeout(ask, EVERY);
}

/** One question; answers how long to wait before the next, 0 for no more. */
async function refresh(board) {
  const { changes } = board;
  try {
    const listed = await board.api.list();
    // An answer from before a change made here would show the old state for a moment.
    if (changes === board.changes) board.merge(listed);
    return EVERY;
  } catch (refusal) {
    if (!CLOSED.has(refusal.status)) return AFTER_FAILURE;
    board.toast.say("This board is no longer open to you. Reload the page.");
    return 0;
  }
}
