/** Texts by typed keys: a key that is in no locale does not compile. */
import { useI18n } from "vue-i18n";
import type { Permission, Reason } from "@/shared/bindings";
import { formatDay, formatNumber, formatTime, isDay, knownZone } from "@/shared/format";
import type zh from "@/shared/locales/zh-CN.json";
import type { DeskError } from "../ipc";
import { useSession } from "../stores/session";

type Leaves<T> = {
  [K in keyof T & string]: T[K] extends string ? K : `${K}.${Leaves<T[K]>}`;
}[keyof T & string];

export type TextKey = Leaves<typeof zh>;
export type TextArgs = Record<string, string | number>;

export function useText() {
  const { t: translate, te, locale } = useI18n();
  const session = useSession();

  /** Numbers get their separators here; `n` also chooses between one and many. */
  function t(key: TextKey, args: TextArgs = {}): string {
    const shown = Object.fromEntries(
      Object.entries(args).map(([name, value]) => [
        name,
        typeof value === "number" ? formatNumber(value, locale.value) : value,
      ]),
    );
    return typeof args.n === "number"
      ? translate(key, shown, Math.abs(args.n))
      : translate(key, shown);
  }

  /** A text for a name that comes from the till, which may be newer than this window. */
  function maybe(family: string, name: string, args: TextArgs = {}): string | null {
    const key = `${family}.${name}`;
    return te(key) ? t(key as TextKey, args) : null;
  }

  function day(value: string): string {
    return formatDay(value, session.status?.day ?? null, locale.value);
  }

  function reason(why: Reason): string {
    const args: TextArgs = {};
    if ("pass" in why) args.pass = why.pass;
    if ("on" in why) args.day = day(why.on);
    if ("from" in why) args.day = day(why.from);
    if ("visits" in why) args.n = why.visits;
    if ("days" in why) args.n = why.days;
    if ("until" in why) args.day = day(why.until);
    if ("points" in why) args.n = why.points;
    if ("left" in why) args.n = why.left;
    if ("minutes" in why) args.n = why.minutes;
    if ("guardian" in why && why.guardian) return t("reason.waiverGuardian");
    if (!te(`reason.${why.code}`)) return t("reason.unknown");
    return t(`reason.${why.code}`, args);
  }

  /** The same in a word or two, for a list. */
  function reasonShort(why: Reason): string {
    return maybe("reasonShort", why.code) ?? t("reason.unknown");
  }

  function permission(name: string): string {
    return maybe("permission", name) ?? name;
  }

  /** What went wrong and what to do next. */
  function error(failure: DeskError): string {
    const args: TextArgs = {};
    for (const [name, value] of Object.entries(failure.args)) {
      if (name === "permission") args[name] = permission(value as Permission);
      else if (name === "field") args[name] = maybe("field", value) ?? value;
      else if (name === "until_ms") {
        const zone = knownZone(session.status?.time_zone ?? "");
        args.time = formatTime(Number(value), zone, locale.value);
      } else if (/^-?\d+$/.test(value)) args[name] = Number(value);
      else if (isDay(value)) args[name] = day(value);
      else args[name] = value;
    }
    const { field, trouble } = failure.args;
    const own = failure.code === "bad_input" && field ? maybe("badInput", field) : null;
    if (own) return own;
    if (trouble) args.why = maybe("trouble", trouble, args) ?? args.why ?? trouble;
    if (typeof args.left === "number") args.n = args.left;
    if (typeof args.limit === "number") args.n = args.limit;
    if (!te(`error.${failure.code}`)) return t("error.unknown", { code: failure.code });
    return t(`error.${failure.code}` as TextKey, args);
  }

  return { t, maybe, day, reason, reasonShort, permission, error, locale };
}
