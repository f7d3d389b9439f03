import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync("src/shared/theme.css", "utf8");
function rule(selector: string): string {
  const body = css.split(`${selector} {`)[1]?.split("}")[0];
  if (!body) throw new Error(`no ${selector} in theme.css`);
  return body;
}

const opacity = (selector: string) => Number(/opacity: ([\d.]+);/.exec(rule(selector))?.[1]);

/** The colours of a theme, by their token. */
function palette(selector: string): Map<string, string> {
  const body = rule(selector);
  return new Map(
    [...body.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name!, hex!]),
  );
}

type Rgb = [number, number, number];
const parse = (hex: string) =>
  [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;
/** A colour that lets what lies under it through. */
const over = (top: Rgb, under: Rgb, opacity: number) =>
  top.map((part, place) => part * opacity + under[place]! * (1 - opacity)) as unknown as Rgb;

/** Relative luminance, by WCAG 2.2. */
function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: Rgb, other: Rgb): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const GROUNDS = ["paper", "card", "sunk"];
const VERDICTS = ["in", "note", "stop"];

/** Ink and ground of every text there is. */
const TEXTS: [string, string][] = [
  ...["ink", "soft", "accent", ...VERDICTS].flatMap((ink) =>
    GROUNDS.map((ground) => [ink, ground] as [string, string]),
  ),
  ...VERDICTS.flatMap((verdict) =>
    ["ink", "soft", verdict].map((ink) => [ink, `${verdict}-bg`] as [string, string]),
  ),
  ...["ink", "soft", "accent"].map((ink) => [ink, "accent-bg"] as [string, string]),
  // The main key, as it is and as it is pressed; what was just done.
  ["paper", "ink"],
  ["paper", "soft"],
];
/** What is no text and has to be seen: the rim of a box, the ring of the focus, the shape of a verdict. */
const SHAPES: [string, string][] = [
  ...GROUNDS.flatMap((ground) =>
    ["edge", "accent"].map((shape) => [shape, ground] as [string, string]),
  ),
  ...VERDICTS.map((verdict) => ["accent", `${verdict}-bg`] as [string, string]),
  ["card", "accent"],
];

describe.each([
  ["light", ":root"],
  ["dark", '[data-theme="dark"]'],
])("in the %s theme", (_name, selector) => {
  const colours = palette(selector);
  const of = (name: string) => {
    const hex = colours.get(name);
    if (!hex) throw new Error(`no colour --${name}`);
    return parse(hex);
  };

  it.each(TEXTS)("%s is read on %s", (ink, ground) => {
    expect(contrast(of(ink), of(ground))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(SHAPES)("%s is seen on %s", (shape, ground) => {
    expect(contrast(of(shape), of(ground))).toBeGreaterThanOrEqual(3);
  });

  it("what needs the line is told from what does not, and from nothing", () => {
    const hatched = over(of("accent"), of("card"), opacity(".hatched"));
    expect(contrast(hatched, of("card"))).toBeGreaterThanOrEqual(3);
  });

  it("the key on a main button is read", () => {
    const key = over(of("paper"), of("ink"), opacity(".btn-main .key"));
    expect(contrast(key, of("ink"))).toBeGreaterThanOrEqual(4.5);
  });
});

it("both themes have the same colours", () => {
  const light = [...palette(":root").keys()];
  expect([...palette('[data-theme="dark"]').keys()]).toEqual(light);
  expect(light.length).toBeGreaterThan(14);
});
