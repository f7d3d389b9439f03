import { createRouter, createWebHashHistory, type RouteRecordRaw } from "vue-router";
import CheckInPage from "./pages/CheckInPage.vue";
import MemberPage from "./pages/MemberPage.vue";
import PointsPage from "./pages/PointsPage.vue";
import RedeemPage from "./pages/RedeemPage.vue";

/** What is not needed for the first scan of the day is read when it is asked for. */
const form = () => import("./pages/MemberFormPage.vue");

const routes: RouteRecordRaw[] = [
  { path: "/", name: "checkin", component: CheckInPage },
  { path: "/new", name: "newMember", component: form },
  { path: "/member/:id?", name: "member", component: MemberPage },
  { path: "/member/:id/edit", name: "editMember", component: form },
  { path: "/redeem/:id?", name: "redeem", component: RedeemPage },
  { path: "/points/:id?", name: "points", component: PointsPage },
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
  return createRouter({ history: createWebHashHistory(), routes });
}
