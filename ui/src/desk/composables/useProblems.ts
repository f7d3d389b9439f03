/** What is wrong with the boxes of a form: said where it is, until what stands there is another. */
import { shallowRef } from "vue";

export type Boxes = Record<string, unknown>;
/** In the language of the window, also where that is changed meanwhile. */
type Said = string | (() => string);
/** What is said at a box may be mended in other boxes too: those, by the box where it is said. */
export type Mends = Record<string, readonly string[]>;

const copy = (boxes: Boxes): Boxes => JSON.parse(JSON.stringify(boxes)) as Boxes;
const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** @param boxes what stands in them now */
export function useProblems(boxes: () => Boxes, mends: Mends = {}) {
  /** By box; under no name: what is about none of them. */
  const found = shallowRef<Record<string, Said>>({});
  /** What stood in the boxes when it was found. */
  const then = shallowRef<Boxes>({});

  function tell(problems: Record<string, Said>): void {
    // What stands there may be a secret: it is copied only for as long as something is wrong.
    then.value = Object.keys(problems).length > 0 ? copy(boxes()) : {};
    found.value = problems;
  }

  function wrong(box: string): string | null {
    const problem = found.value[box];
    if (problem === undefined) return null;
    const now = boxes();
    const stands = [box, ...(mends[box] ?? [])].every((name) => same(now[name], then.value[name]));
    if (!stands) return null;
    return typeof problem === "function" ? problem() : problem;
  }

  return { tell, wrong };
}
