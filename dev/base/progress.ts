/** What a person sees while the stack starts: one line for each step, with the time it took. */

export interface Progress {
  /** Runs `work` as one step. It may `say` what it is doing, which a terminal shows in place. */
  step<T>(title: string, work: (say: (detail: string) => void) => Promise<T>): Promise<T>;
  line(text?: string): void;
}

export const silent: Progress = {
  step: (_title, work) => work(() => undefined),
  line: () => undefined,
};

const WIDTH = 46;

export function printProgress(out: NodeJS.WriteStream = process.stdout): Progress {
  const live = out.isTTY === true && process.env.TERM !== "dumb";
  const paint = painter(out);
  return {
    line: (text = "") => void out.write(`${text}\n`),
    async step(title, work) {
      const started = performance.now();
      const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
      let detail = "";
      let lastPrinted = started;
      const draw = () => {
        const room = Math.max((out.columns ?? 80) - WIDTH - 14, 10);
        out.write(
          `\r\x1b[2K  ${paint.dim("…")} ${title.padEnd(WIDTH)} ${seconds().padStart(8)}  ${paint.dim(detail.slice(0, room))}`,
        );
      };
      const ticker = live ? setInterval(draw, 100) : undefined;
      const say = (text: string) => {
        detail = text;
        // Without a terminal a long step still shows progress, but not a line for each of its parts.
        if (!live && performance.now() - lastPrinted > 10_000) {
          lastPrinted = performance.now();
          out.write(`    ${title}: ${text} (${seconds()})\n`);
        }
      };
      const finish = (mark: string) => {
        clearInterval(ticker);
        out.write(`${live ? "\r\x1b[2K" : ""}  ${mark} ${title.padEnd(WIDTH)} ${seconds().padStart(8)}\n`);
      };
      try {
        const result = await work(say);
        finish(paint.green("✓"));
        return result;
      } catch (error) {
        finish(paint.red("✗"));
        throw error;
      }
    },
  };
}

export interface Painter {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  red(text: string): string;
  cyan(text: string): string;
}

/** Colours for a terminal; plain text for a file or a pipe, or if NO_COLOR is set (https://no-color.org). */
export function painter(out: NodeJS.WriteStream): Painter {
  const coloured = out.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  const code = (start: number, end: number) => (text: string) =>
    coloured ? `\x1b[${start}m${text}\x1b[${end}m` : text;
  return { bold: code(1, 22), dim: code(2, 22), green: code(32, 39), red: code(31, 39), cyan: code(36, 39) };
}
