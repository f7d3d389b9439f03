/**
 * The order of questions whose answers may overtake each other: what was asked for later is the newer
 * truth, and an older answer that comes after it is thrown away. No later answer has to be waited for:
 * where they come in their order, each is taken.
 */
export class Turns {
  private asked = 0;
  private taken = 0;

  /** A question is asked now. */
  next(): number {
    this.asked += 1;
    return this.asked;
  }

  /** Its answer is here; false: one to a later question has come already. */
  take(turn: number): boolean {
    if (turn < this.taken) return false;
    this.taken = turn;
    return true;
  }
}
