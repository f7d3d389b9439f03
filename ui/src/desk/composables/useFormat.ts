/** The formats bound to this store: its currency, its time zone, the language on the screen. */
import { computed } from "vue";
import { useI18n } from "vue-i18n";
import * as format from "@/shared/format";
import { useSession } from "../stores/session";

export function useFormat() {
  const { locale } = useI18n();
  const session = useSession();
  const zone = computed(() => format.knownZone(session.status?.time_zone ?? ""));
  const digits = computed(() => session.status?.currency_digits ?? 2);
  const currency = computed(() => session.status?.currency ?? "CNY");
  const today = computed(() => session.status?.day ?? null);

  return {
    digits,
    number: (value: number) => format.formatNumber(value, locale.value),
    signed: (value: number) => format.formatSigned(value, locale.value),
    money: (minor: number) => format.formatMoney(minor, currency.value, digits.value, locale.value),
    time: (ms: number) => format.formatTime(ms, zone.value, locale.value),
    dateTime: (ms: number) => format.formatDateTime(ms, zone.value, locale.value),
    day: (value: string) => format.formatDay(value, today.value, locale.value),
    weekday: (value: string) => format.formatWeekday(value, locale.value),
    dayOfMoment: (ms: number) =>
      format.formatDay(format.dayOf(ms, zone.value), today.value, locale.value),
    age: (ms: number, now = Date.now()) => format.formatAge(ms, now, locale.value),
  };
}
