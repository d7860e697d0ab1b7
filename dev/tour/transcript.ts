/** Prints the tour: who does what, and who sees what in which room. */
import { type Painter, painter } from "../base/progress.ts";

export class Transcript {
  readonly #out: NodeJS.WriteStream;
  readonly #paint: Painter;

  constructor(out: NodeJS.WriteStream = process.stdout) {
    this.#out = out;
    this.#paint = painter(out);
  }

  scene(title: string): void {
    this.#out.write(`\n  ${this.#paint.bold(title)}\n`);
  }

  does(who: string, what: string): void {
    this.#out.write(`    ${this.#paint.cyan(who.padEnd(16))} ${what}\n`);
  }

  sees(who: string, room: string, lines: readonly string[]): void {
    this.#out.write(`    ${this.#paint.cyan(who.padEnd(16))} sees in ${this.#paint.bold(room)}\n`);
    for (const line of lines) this.#out.write(`    ${" ".repeat(16)}   ${this.#paint.dim("│")} ${line}\n`);
  }
}
