/** Moves between pages with the member in hand. */
import { computed } from "vue";
import { useRoute, useRouter } from "vue-router";
import { useDesk } from "../stores/desk";

export function useShopRoute() {
  const route = useRoute();
  const router = useRouter();
  const desk = useDesk();

  /** Who the page on the screen is about: F2, F3 and F4 take them along. */
  const inHand = computed<string | null>(() => {
    if (typeof route.params.id === "string" && route.params.id) return route.params.id;
    return route.name === "checkin" ? (desk.verdict?.member?.id ?? null) : null;
  });

  /** The verdict on the screen is about a card that is not in use: its cards mend it. */
  const isAboutCard = () =>
    route.name === "checkin" &&
    desk.verdict?.reasons.some(({ code }) => code === "card_lost" || code === "card_replaced");

  function go(name: string, member: string | null = inHand.value): void {
    const takes = name === "member" || name === "redeem" || name === "points";
    const mends = name === "member" && member === inHand.value && isAboutCard();
    const query = mends ? { tab: "cards" } : {};
    void router.push({ name, params: takes ? { id: member ?? "" } : {}, query });
  }

  return { route, router, inHand, go };
}
