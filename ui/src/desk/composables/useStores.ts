/** The stores of the business, to be ticked: pointless where there is only one. */
import { computed } from "vue";
import type { PassFormView } from "@/shared/bindings";

export function useStores(form: () => PassFormView | null) {
  const choices = computed(() =>
    (form()?.stores ?? []).map(({ id, name }) => ({ value: id, label: name })),
  );
  /** Those to choose from, where so many are ticked already. */
  const storesFor = (ticked: number) =>
    choices.value.length > 1 || ticked > 0 ? choices.value : [];
  return { storesFor };
}
