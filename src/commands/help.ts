import { blocks, bullets, code, inline, lines, plain, type Rich, strong } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import { type Command, isCalled, usageOf } from "./command.ts";
import { typed } from "./tokens.ts";

/** `help`: what the asker can do here. `commands` returns the list, including `help` itself. */
export function helpCommand(commands: () => readonly Command[]): Command {
  return {
    name: "help",
    words: ["commands", "h"],
    parameters: [{ name: "command", takes: "one", optional: true }],
    summary: words.helpSummary,
    examples: ["help", "help add"],
    run: async ({ given }) => {
      const asked = typed(given.command ?? []).toLowerCase();
      const one = commands().find((command) => isCalled(command, asked));
      return one === undefined ? overview(commands()) : detail(one);
    },
  };
}

function overview(commands: readonly Command[]): Rich {
  const items = commands.map((command) =>
    inline(
      code(usageOf(command)),
      plain(` – ${command.summary}${command.adminOnly ? ` ${words.adminOnly}` : ""}`),
    ),
  );
  return blocks(plain(words.helpIntroduction), bullets(items), plain(words.helpMore));
}

function detail(command: Command): Rich {
  const also = command.words.length === 0 ? [] : [plain(words.alsoWritten(command.words))];
  return blocks(
    lines(strong(usageOf(command)), plain(command.summary), ...also),
    bullets(command.examples.map((example) => code(example))),
  );
}
