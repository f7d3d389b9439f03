import { defineStore } from "pinia";
import type { Approval, Permission } from "@/shared/bindings";
import { DeskError } from "../ipc";

interface State {
  /** What leave is asked for; null: nobody is asked. */
  permission: Permission | null;
  /** Why the last PIN was not taken. */
  error: DeskError | null;
  busy: boolean;
}

let answer: ((approval: Approval | null) => void) | null = null;

/** A manager's leave for one action, asked for on the spot. */
export const useApproval = defineStore("approval", {
  state: (): State => ({ permission: null, error: null, busy: false }),

  actions: {
    /**
     * Does something; where it needs a manager, asks for a PIN and does it again with that.
     * Null: the manager was not asked after all.
     */
    async run<T>(action: (approval: Approval | null) => Promise<T>): Promise<T | null> {
      let approval: Approval | null = null;
      for (;;) {
        try {
          const result = await action(approval);
          this.close();
          return result;
        } catch (thrown) {
          const error = DeskError.from(thrown);
          const asks = error.code === "approval_needed";
          const wrongPin = error.code === "wrong_pin" || error.code === "pin_locked";
          if (!asks && !(wrongPin && approval)) {
            this.close();
            throw error;
          }
          if (asks) this.permission = (error.args.permission ?? "void_fact") as Permission;
          // A manager who may not either is told so, and another one can be chosen.
          this.error = asks && !approval ? null : error;
          this.busy = false;
          approval = await new Promise<Approval | null>((resolve) => (answer = resolve));
          if (!approval) {
            this.close();
            return null;
          }
        }
      }
    },

    give(approval: Approval): void {
      this.busy = true;
      answer?.(approval);
    },

    cancel(): void {
      answer?.(null);
      this.close();
    },

    close(): void {
      answer = null;
      this.$reset();
    },
  },
});
