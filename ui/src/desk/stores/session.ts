import { defineStore } from "pinia";
import type { Permission, Prefs, StaffView, StatusView } from "@/shared/bindings";
import * as ipc from "../ipc";
import { takeAsked } from "../opening";
import { Turns } from "../turns";

const LAST_STAFF = "punchcard.last-staff";
const LAST_LANGUAGE = "punchcard.last-language";

interface State {
  /** Null until the shell has answered for the first time. */
  status: StatusView | null;
  staff: StaffView[];
  /** Rises with each lock: an answer that was asked for before it is thrown away. */
  epoch: number;
  /** Chosen before anybody was signed in, saved once somebody is. */
  languageBefore: string | null;
}

/** How the desk stood before something was set may be answered after it. */
const turns = new Turns();
/** So may who there is. */
const staffTurns = new Turns();
/** The till is being told that the desk is locked. */
let locking: Promise<unknown> = Promise.resolve();

/** Who is signed in and how the desk stands. Holds nothing of any member. */
export const useSession = defineStore("session", {
  state: (): State => ({ status: null, staff: [], epoch: 0, languageBefore: null }),

  getters: {
    signedIn: (state): boolean => state.status?.session != null,
    language: (state): string =>
      state.languageBefore ?? state.status?.prefs.language ?? rememberedLanguage(),
    managers: (state): StaffView[] =>
      state.staff.filter(({ role }) => role === "manager" || role === "owner"),
  },

  actions: {
    can(permission: Permission): boolean {
      return this.status?.session?.permissions.includes(permission) ?? false;
    },

    /** The first of all: how the desk stands, and who may sign in where it is set up. */
    async open(): Promise<void> {
      const { epoch } = this;
      const asked = takeAsked();
      const status = await asked.status;
      // The two are answered in either order: the store may have been opened between them.
      const again = () => ipc.staffList();
      const staff = status.set_up ? await asked.staff.catch(again) : [];
      if (epoch === this.epoch) Object.assign(this, { status, staff });
    },

    async refresh(): Promise<void> {
      const epoch = this.epoch;
      const turn = turns.next();
      const status = await ipc.status();
      // Asked before the desk was locked, it would unlock the window again.
      if (epoch === this.epoch && turns.take(turn)) this.status = status;
    },

    /** How the desk stands now, as the till said when something was done: what was asked before is old. */
    tell(status: StatusView): void {
      turns.take(turns.next());
      this.status = status;
    },

    /** Does what is answered with how the desk stands then. A lock meanwhile is newer than the answer. */
    async change(ask: () => Promise<StatusView>): Promise<StatusView> {
      const { epoch } = this;
      const status = await ask();
      if (epoch === this.epoch) this.tell(status);
      return status;
    },

    async loadStaff(): Promise<void> {
      const turn = staffTurns.next();
      const staff = await ipc.staffList();
      if (staffTurns.take(turn)) this.staff = staff;
    },

    async signIn(staff: string, pin: string): Promise<void> {
      // Told in this order: the lock before it would end the session after it.
      await locking;
      await ipc.signIn(staff, pin);
      remember(LAST_STAFF, staff);
      await this.refresh();
      if (this.languageBefore && this.status) {
        await this.savePrefs({ ...this.status.prefs, language: this.languageBefore });
      }
      this.languageBefore = null;
    },

    async savePrefs(prefs: Prefs): Promise<void> {
      await this.change(() => ipc.savePrefs(prefs));
    },

    /** Forgets the session at once; the shell is told, but not waited for. */
    async lock(): Promise<void> {
      this.epoch += 1;
      if (this.status) this.status = { ...this.status, session: null };
      // The window is locked whatever the shell says.
      locking = tellLocked(this).catch(() => undefined);
      await locking;
    },
  },
});

async function tellLocked(session: {
  refresh: () => Promise<void>;
  loadStaff: () => Promise<void>;
}): Promise<void> {
  await ipc.lock();
  await Promise.all([session.refresh(), session.loadStaff()]);
}

function remembered(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Without storage it is merely not remembered.
  }
}

/** Whose tile is chosen first next time: an id, no name. */
export const rememberedStaff = (): string | null => remembered(LAST_STAFF);

/** The language for a window whose store, and with it the setting, cannot be read. */
const rememberedLanguage = (): string =>
  remembered(LAST_LANGUAGE) ?? (navigator.language.startsWith("zh") ? "zh-CN" : "en");

export const rememberLanguage = (language: string): void => remember(LAST_LANGUAGE, language);
