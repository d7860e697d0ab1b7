/** Commands as data: their names, parameters, actions and help texts. */

import type { MatrixEvent } from "../messages/event.ts";
import type { Rich } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import type { Transaction } from "../store/database.ts";
import type { Asker } from "./find.ts";
import { splitAt, type Token } from "./tokens.ts";

export type CommandParameter =
  | {
      readonly name: string;
      /** One piece, the last piece in quotation marks, or everything up to the next keyword (the default). */
      readonly takes?: "one" | "quoted";
      readonly optional?: true;
    }
  /** A word between two parameters; `optional`: without it, everything goes to the second. */
  | { readonly keyword: string; readonly optional?: true };

export interface Command {
  readonly name: string;
  /** Other words for it. */
  readonly words: readonly string[];
  readonly parameters: readonly CommandParameter[];
  /** One sentence. */
  readonly summary: string;
  readonly examples: readonly string[];
  /** Only in the admin room, for those who look after Whisper. */
  readonly adminOnly?: true;
  /** What it answers. Each command holds only the few things it may do. */
  readonly run: (call: CommandCall) => Promise<Rich>;
}

export interface CommandCall {
  readonly tx: Transaction;
  readonly asker: Asker;
  /** By parameter name; missing: not given. */
  readonly given: Readonly<Record<string, readonly Token[]>>;
  /** Everything after the command's name, before it was divided into parameters. */
  readonly typed: readonly Token[];
  readonly event: MatrixEvent;
}

/** The tokens of each parameter; null: a required one is missing. */
export function argumentsOf(
  parameters: readonly CommandParameter[],
  tokens: readonly Token[],
): Record<string, readonly Token[]> | null {
  const given: Record<string, readonly Token[]> = {};
  let rest = [...tokens];
  for (const [at, parameter] of parameters.entries()) {
    if ("keyword" in parameter) continue;
    const taken = take(parameter, parameters[at + 1], rest);
    if (taken === null || (taken.own.length === 0 && parameter.optional !== true)) return null;
    if (taken.own.length > 0) given[parameter.name] = taken.own;
    rest = taken.rest;
  }
  return given;
}

type Named = Exclude<CommandParameter, { keyword: string }>;

function take(
  parameter: Named,
  next: CommandParameter | undefined,
  tokens: Token[],
): { own: Token[]; rest: Token[] } | null {
  if (parameter.takes === "quoted") {
    const at = tokens.findLastIndex((token) => token.is === "quoted");
    return at < 0
      ? { own: [], rest: tokens }
      : { own: tokens.slice(at, at + 1), rest: tokens.toSpliced(at, 1) };
  }
  if (parameter.takes === "one") return { own: tokens.slice(0, 1), rest: tokens.slice(1) };
  if (next === undefined || !("keyword" in next)) return { own: tokens, rest: [] };
  const split = splitAt(tokens, [next.keyword]);
  if (split !== null) return { own: split[0], rest: split[1] };
  return next.optional === true ? { own: [], rest: tokens } : null;
}

/** `add <who> to <group>`; optional parts are in square brackets. */
export function usageOf({ name, parameters }: Pick<Command, "name" | "parameters">): string {
  const parts = parameters.map((parameter) => {
    const shown = "keyword" in parameter ? parameter.keyword : `<${parameter.name}>`;
    return parameter.optional ? `[${shown}]` : shown;
  });
  return [name, ...parts].join(" ");
}

export const isCalled = (command: Command, word: string): boolean =>
  command.name === word || command.words.includes(word);

/** For an incomplete command: how to write it, with an example. */
export const usageLine = (command: Command): string => words.usage(usageOf(command), command.examples[0]);
