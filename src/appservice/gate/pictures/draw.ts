import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import type { Picture } from "../../../policy/names/pictures.ts";
import { ICONS, SHADES } from "./icons.ts";

/** Pixels. Clients scale it down; phones show it at 128 at most. */
const WIDTH = 256;

const file = (name: string): Promise<Buffer> => readFile(createRequire(import.meta.url).resolve(name));

let started: Promise<Uint8Array> | undefined;
/** Loads the renderer once. @returns the font. */
const start = (): Promise<Uint8Array> => {
  started ??= Promise.all([
    file("@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf"),
    file("@resvg/resvg-wasm/index_bg.wasm").then(initWasm),
  ]).then(([font]) => font);
  return started;
};

/** @returns the picture as a PNG. The same picture is always the same bytes. */
export async function draw(picture: Picture): Promise<Buffer> {
  const font = await start();
  const rendered = new Resvg(svgOf(picture), {
    fitTo: { mode: "width", value: WIDTH },
    font: { fontBuffers: [font], defaultFontFamily: "Inter", loadSystemFonts: false },
  }).render();
  return Buffer.from(rendered.asPng());
}

function svgOf(picture: Picture): string {
  const { background, drawing } =
    picture.shows === "icon"
      ? ICONS[picture.icon]
      : { background: SHADES[picture.shade] ?? SHADES[0], drawing: lettersOf(picture.letters) };
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 128 128"><rect width="128" height="128" fill="${background}"/>${drawing}</svg>`;
}

const lettersOf = (letters: string): string =>
  `<text x="64" y="64" dy="0.36em" text-anchor="middle" font-family="Inter" font-weight="600" font-size="52" fill="#fff">${letters}</text>`;
