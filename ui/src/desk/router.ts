import { nextTick } from "vue";
import {
  createRouter,
  createWebHashHistory,
  type RouteRecordRaw,
  START_LOCATION,
} from "vue-router";
import { arriveAt, leaveFor } from "./composables/useKeys";
import { shell } from "./opening";

/** What is not needed for the first scan of the day is read when it is asked for. */
const form = () => import("./pages/MemberFormPage.vue");

const routes: RouteRecordRaw[] = [
  { path: "/", name: "checkin", component: () => shell().then((of) => of.CheckInPage) },
  { path: "/new", name: "newMember", component: form },
  { path: "/member/:id?", name: "member", component: () => shell().then((of) => of.MemberPage) },
  { path: "/member/:id/edit", name: "editMember", component: form },
  { path: "/redeem/:id?", name: "redeem", component: () => shell().then((of) => of.RedeemPage) },
  { path: "/points/:id?", name: "points", component: () => shell().then((of) => of.PointsPage) },
  { path: "/today", name: "today", component: () => import("./pages/TodayPage.vue") },
  { path: "/sync", name: "sync", component: () => import("./pages/SyncPage.vue") },
  {
    path: "/settings/:tab?",
    name: "settings",
    component: () => import("./pages/SettingsPage.vue"),
  },
  { path: "/:rest(.*)*", redirect: "/" },
];

/** Hash history: the window is a file, there is no server to ask for a path. */
export function makeRouter() {
  const router = createRouter({ history: createWebHashHistory(), routes });
  // A page that is read only now is not there yet: its keys wait for it.
  router.beforeEach(({ fullPath }, from) => {
    if (from !== START_LOCATION) leaveFor(fullPath);
  });
  router.afterEach(async ({ fullPath }) => {
    await nextTick();
    arriveAt(fullPath);
  });
  router.onError((_, { fullPath }) => arriveAt(fullPath));
  return router;
}
