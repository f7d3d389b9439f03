/** What is wrong with the boxes of a form: said where it is, until what stands there is another. */
import { shallowRef } from "vue";

type Boxes = Record<string, unknown>;
/** What is said at a box may be mended in other boxes too: those, by the box where it is said. */
export type Mends = Record<string, readonly string[]>;

const copy = (boxes: Boxes): Boxes => JSON.parse(JSON.stringify(boxes)) as Boxes;
const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** @param boxes what stands in them now */
export function useProblems(boxes: () => Boxes, mends: Mends = {}) {
  /** By box; under no name: what is about none of them. */
  const found = shallowRef<Record<string, string>>({});
  /** What stood in the boxes when it was found. */
  const then = shallowRef<Boxes>({});

  function tell(problems: Record<string, string>): void {
    then.value = copy(boxes());
    found.value = problems;
  }

  function wrong(box: string): string | null {
    const problem = found.value[box];
    if (problem === undefined) return null;
    const now = boxes();
    const stands = [box, ...(mends[box] ?? [])].every((name) => same(now[name], then.value[name]));
    return stands ? problem : null;
  }

  return { tell, wrong };
}
