/**
 * What somebody who is signed in sees first, in one file of its own: the window shows the tiles of the
 * staff before it is read, and has read it before a PIN is typed.
 */
export { default as AppShell } from "./components/AppShell.vue";
export { default as CheckInPage } from "./pages/CheckInPage.vue";
export { default as MemberPage } from "./pages/MemberPage.vue";
export { default as PointsPage } from "./pages/PointsPage.vue";
export { default as RedeemPage } from "./pages/RedeemPage.vue";
