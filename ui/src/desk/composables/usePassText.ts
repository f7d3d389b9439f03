/** A pass in words. */
import type { PassTypeInput, PassView } from "@/shared/bindings";
import { useText } from "./useText";

export function usePassText() {
  const { t, day } = useText();

  /** One line that says how long it still lets in. */
  function passLine(pass: PassView): string {
    if (pass.visits_left !== null)
      return t("pass.visits", { pass: pass.name, n: pass.visits_left });
    if (pass.days_left !== null) return t("pass.lastDay", { pass: pass.name, n: pass.days_left });
    return t("pass.open", { pass: pass.name });
  }

  /** From when, until when. */
  function passTerm(pass: PassView): string {
    if (pass.state === "not_started" && pass.from) return t("pass.from", { day: day(pass.from) });
    return pass.until ? t("pass.until", { day: day(pass.until) }) : t("pass.noEnd");
  }

  /** What a kind of pass gives. */
  function passGives(type: Pick<PassTypeInput, "days" | "visits" | "terms">): string {
    const length = type.terms?.length;
    const term = length
      ? t(`pass.length.${length.unit}`, { n: length.count })
      : type.days === null
        ? t("pass.term")
        : t("pass.days", { n: type.days });
    const pack = type.visits === null ? t("pass.unlimited") : t("pass.pack", { n: type.visits });
    const classes = type.terms?.class_only ? [t("pass.classOnly")] : [];
    return [term, pack, ...classes].join(" · ");
  }

  return { passLine, passTerm, passGives };
}
