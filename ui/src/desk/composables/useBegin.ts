/** What both forms of the first run share: the PIN typed twice, and going on to the lock screen. */
import { computed, ref } from "vue";
import type { StatusView } from "@/shared/bindings";
import { useSession } from "../stores/session";
import { focusWrong, useForm } from "./useForm";
import type { Boxes } from "./useProblems";

/** @param boxes what stands in them, beside the PIN */
export function useBegin(codes: Record<string, string>, boxes: () => Boxes) {
  const session = useSession();
  const pin = ref("");
  const all = () => ({ ...boxes(), pin: pin.value });
  const form = useForm({ ...codes, weak_pin: "pin", bad_pin: "pin" }, all);
  const again = ref("");
  const sent = ref(false);
  /** Said once somebody has tried to go on, and as long as it is so. */
  const differ = computed(() => sent.value && pin.value !== again.value);

  /** @param needed what must stand in which box, beside the PIN */
  async function begin(
    make: () => Promise<StatusView>,
    needed: Record<string, string>,
  ): Promise<void> {
    sent.value = true;
    const begun = async () => {
      const status = await make();
      // First who there is: the lock screen that comes next chooses the only one by itself.
      await session.loadStaff();
      return status;
    };
    const typed = { ...needed, pin: pin.value };
    if (differ.value && Object.values(typed).every((text) => text.trim() !== "")) {
      return focusWrong();
    }
    const made = await form.send(begun, typed);
    if (made) session.tell(made);
  }

  return { ...form, pin, again, differ, begin };
}
