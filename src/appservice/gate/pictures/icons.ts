import type { Icon } from "../../../policy/names/pictures.ts";

/** One person: a head and shoulders, around `x`, standing on `y`, `size` wide. */
const person = (x: number, y: number, size: number, colour = "#fff") => {
  const unit = size / 40;
  const top = y - 46 * unit;
  const left = x - 20 * unit;
  return `<circle cx="${x}" cy="${top + 11 * unit}" r="${11 * unit}" fill="${colour}"/>
    <path d="M${left} ${y}v${-3 * unit}a${20 * unit} ${17 * unit} 0 0 1 ${40 * unit} 0v${3 * unit}z" fill="${colour}"/>`;
};

/** A white disc in the lower right corner of the drawing, with a sign in it. */
const badge = (colour: string, sign: string) =>
  `<circle cx="82" cy="84" r="19" fill="${colour}"/><circle cx="82" cy="84" r="15" fill="#fff"/>
   <path d="${sign}" fill="none" stroke="${colour}" stroke-width="5" stroke-linecap="round" stroke-linejoin="round"/>`;

interface Drawing {
  readonly background: string;
  /** On a square of 128, with everything inside the circle that clients cut out of it. */
  readonly drawing: string;
}

/** How each picture is drawn. Flat, two colours, recognisable at 20 pixels. */
export const ICONS: Readonly<Record<Icon, Drawing>> = {
  whisper: {
    background: "#0f766e",
    drawing: `<path d="M40 32h48a16 16 0 0 1 16 16v26a16 16 0 0 1-16 16H62L44 105V90h-4a16 16 0 0 1-16-16V48a16 16 0 0 1 16-16z" fill="#fff"/>
      <path d="M44 54l8 20 12-18 12 18 8-20" fill="none" stroke="#0f766e" stroke-width="7" stroke-linecap="round" stroke-linejoin="round"/>`,
  },
  alerts: {
    background: "#b91c1c",
    drawing: `<path d="M64 27a6 6 0 0 1 6 6v2a25 25 0 0 1 19 24c0 17 4 21 8 26 2 3 0 6-3 6H34c-3 0-5-3-3-6 4-5 8-9 8-26a25 25 0 0 1 19-24v-2a6 6 0 0 1 6-6z" fill="#fff"/>
      <path d="M54 96h20a10 10 0 0 1-20 0z" fill="#fff"/>`,
  },
  arrivals: {
    background: "#15803d",
    drawing: person(58, 94, 52) + badge("#15803d", "M74 84l6 6 10-11"),
  },
  group: {
    background: "#1d4ed8",
    drawing: `${person(39, 86, 32, "#bfdbfe") + person(89, 86, 32, "#bfdbfe")}
      <g stroke="#1d4ed8" stroke-width="5" paint-order="stroke">${person(64, 96, 44)}</g>`,
  },
  custom: {
    background: "#7e22ce",
    drawing: `${person(76, 82, 34, "#e9d5ff")}
      <g stroke="#7e22ce" stroke-width="5" paint-order="stroke">${person(50, 92, 42)}</g>${badge("#7e22ce", "M82 76v16M74 84h16")}`,
  },
  admin: {
    background: "#334155",
    drawing: `<path d="M64 25l34 12v22c0 21-14 36-34 44-20-8-34-23-34-44V37z" fill="#fff"/>
      <path d="M49 63l11 11 20-22" fill="none" stroke="#334155" stroke-width="8" stroke-linecap="round" stroke-linejoin="round"/>`,
  },
};

/** For people without a portrait. White letters on each have a contrast of at least 4.5 (WCAG 2.2, 1.4.3). */
export const SHADES = [
  "#0f766e",
  "#1d4ed8",
  "#7e22ce",
  "#a21caf",
  "#be123c",
  "#b45309",
  "#4d7c0f",
  "#475569",
];
