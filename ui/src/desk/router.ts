import { createRouter, createWebHashHistory, type RouteRecordRaw } from "vue-router";
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
  return createRouter({ history: createWebHashHistory(), routes });
}
