/**
 * Waits for a silence of the keyboard. A page that was busy hears late of the keys that were pressed
 * meanwhile: a timer that comes late has heard no silence, so it waits once more.
 */

/** So much later than it should is late. */
const LATE_MS = 30;
/** A machine that is always late is believed in the end. */
const AGAIN = 3;

/** @returns what stops the waiting */
export function afterSilence(ms: number, then: () => void): () => void {
  let due = performance.now() + ms;
  let left = AGAIN;
  let timer = setTimeout(look, ms);

  function look(): void {
    const now = performance.now();
    if (now - due > LATE_MS && left > 0) {
      left -= 1;
      due = now + ms;
      timer = setTimeout(look, ms);
      return;
    }
    then();
  }

  return () => clearTimeout(timer);
}
