/** The member form: what stands in its boxes, what is sent, and which box an error belongs to. */
import type {
  Channel,
  DetailsInput,
  MemberInput,
  MemberView,
  RelativeView,
} from "@/shared/bindings";
import type { DeskError } from "./ipc";

export function emptyForm() {
  return {
    name: "",
    phone: "",
    email: "",
    birthday: "",
    gender: "",
    note: "",
    tags: "",
    cards: "",
    /** The one that a person set: what they reached by themselves is nobody's to set. */
    tier: "",
    contactName: "",
    contactPhone: "",
    consent: [] as Channel[],
    /** The owner's own fields, by key. */
    custom: {} as Record<string, string>,
    referredBy: null as RelativeView | null,
  };
}

export type MemberForm = ReturnType<typeof emptyForm>;

export function fromMember(member: MemberView): MemberForm {
  return {
    name: member.name,
    phone: member.phone ?? "",
    email: member.email ?? "",
    birthday: member.birthday ?? "",
    gender: member.gender ?? "",
    note: member.note ?? "",
    tags: member.tags.join(" "),
    cards: member.cards.join(" "),
    tier: member.set_tier ?? "",
    contactName: member.details.contact?.name ?? "",
    contactPhone: member.details.contact?.phone ?? "",
    consent: [...member.details.consent],
    custom: { ...member.details.custom } as Record<string, string>,
    referredBy: member.details.referred_by,
  };
}

const words = (text: string) => [...new Set(text.split(/[\s,，、;；]+/).filter(Boolean))];

export const CHANNELS: Channel[] = ["sms", "phone", "email", "wechat", "post"];

/** Nothing of the rest of a file changes. */
export const noDetails = (): DetailsInput => ({
  contact: null,
  waiver: null,
  waiver_by: null,
  guardian: null,
  family_of: null,
  consent: null,
  referred_by: null,
  custom: null,
});

export function toInput(form: MemberForm): MemberInput {
  return {
    name: form.name.trim(),
    phone: form.phone.trim(),
    email: form.email.trim(),
    birthday: form.birthday.trim(),
    gender: form.gender,
    note: form.note.trim(),
    tags: words(form.tags),
    cards: words(form.cards),
    tier: form.tier || null,
    details: {
      ...noDetails(),
      contact: { name: form.contactName.trim(), phone: form.contactPhone.trim() },
      consent: form.consent,
      custom: form.custom,
      referred_by: form.referredBy?.id ?? "",
    },
  };
}

/** The box of one of the owner's own fields. */
export const ownBox = (key: string) => `custom-${key}`;

const FIELD_OF_CODE: Record<string, string> = {
  name_missing: "name",
  bad_phone: "phone",
  phone_taken: "phone",
  card_taken: "card",
  bad_birthday: "birthday",
  bad_email: "email",
};

/** The box that an error is about; null where it is about none of them. */
export function fieldOf(error: DeskError): string | null {
  if (error.code === "bad_own_field") return ownBox(error.args.key ?? "");
  const named = FIELD_OF_CODE[error.code];
  if (named) return named;
  if (error.code !== "too_long" && error.code !== "bad_input") return null;
  const field = error.args.field ?? "";
  return field === "cards" ? "card" : field || null;
}
