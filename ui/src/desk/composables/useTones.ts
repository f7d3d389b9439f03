/** Three short tones, each unlike the others, so that the answer is heard without looking. */
import type { Verdict } from "@/shared/bindings";

type Note = { hz: number; at: number; for: number; shape: OscillatorType };

const TONES: Record<Verdict, Note[]> = {
  admit: [
    { hz: 880, at: 0, for: 0.09, shape: "sine" },
    { hz: 1318, at: 0.08, for: 0.14, shape: "sine" },
  ],
  note: [
    { hz: 740, at: 0, for: 0.1, shape: "triangle" },
    { hz: 740, at: 0.15, for: 0.12, shape: "triangle" },
  ],
  refuse: [
    { hz: 233, at: 0, for: 0.16, shape: "square" },
    { hz: 185, at: 0.17, for: 0.26, shape: "square" },
  ],
};
const LOUDNESS: Record<OscillatorType, number> = {
  sine: 0.25,
  triangle: 0.25,
  square: 0.08,
  sawtooth: 0.08,
  custom: 0.1,
};

let context: AudioContext | null = null;

/** A desk without a loudspeaker stays silent and works on. */
export function playTone(verdict: Verdict): void {
  try {
    context ??= new AudioContext();
    void context.resume().catch(() => {});
    for (const note of TONES[verdict]) {
      const from = context.currentTime + note.at;
      const source = context.createOscillator();
      const gain = context.createGain();
      source.type = note.shape;
      source.frequency.value = note.hz;
      // A soft edge: a square start is heard as a click.
      gain.gain.setValueAtTime(0, from);
      gain.gain.linearRampToValueAtTime(LOUDNESS[note.shape], from + 0.01);
      gain.gain.linearRampToValueAtTime(0, from + note.for);
      source.connect(gain).connect(context.destination);
      source.start(from);
      source.stop(from + note.for + 0.02);
    }
  } catch {
    context = null;
  }
}
