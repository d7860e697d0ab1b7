/** docs/sentences.md: everything that people are told, from the files in which it stands. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { REPOSITORY } from "../base/repository.ts";

const INTRODUCTION = `# Everything that Whisper says

\`npm run generate\` makes this page from the files in which the sentences stand. Change them there. What stands in braces is filled in. A line without a full stop is part of another sentence.
`;

/** The files of sentences, and what each is for. A new one needs its line here. */
const FILES: Readonly<Record<string, string>> = {
  "src/messages/words.ts": "In chats: answers to commands, alerts, and what could not be sent",
  "src/policy/words.ts": "Why something is refused, and what rooms and groups are called",
  "src/arrivals/notices/words.ts": "Patient arrivals",
  "src/patients/words.ts": "Links to patients",
  "src/sms/words.ts": "SMS",
  "src/audit/observe/words.ts": "Observing a user",
  "src/record/words.ts": "The audit record",
  "src/appservice/gate/passage/error-response.ts":
    "What apps are told when they ask for what they may not have",
};

/** @throws if there is a file of sentences that the page does not have. */
export function sentencesPage(): string {
  const files = readdirSync(join(REPOSITORY, "src"), { recursive: true, encoding: "utf8" });
  const unknown = files
    .map((file) => `src/${file}`)
    .filter((file) => file.endsWith("/words.ts") && !(file in FILES));
  if (unknown.length > 0)
    throw new Error(`dev/generate/sentences.ts has no heading for ${unknown.join(", ")}`);
  return [INTRODUCTION, ...Object.entries(FILES).map(([file, heading]) => section(file, heading))].join("\n");
}

function section(file: string, heading: string): string {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(REPOSITORY, file), "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const said = source.statements.flatMap((statement) =>
    ts.isImportDeclaration(statement) || ts.isTypeAliasDeclaration(statement) ? [] : textsIn(statement),
  );
  // Elsewhere there are other texts beside the sentences, such as headers.
  const is = file.endsWith("/words.ts") ? /\p{L}.*\s/su : /^\p{Lu}.* .*\.$/su;
  const shown = [...new Set(said)].filter((text) => is.test(text));
  return `## ${heading}\n\nIn [${file}](../${file}).\n\n${shown.map((text) => `- ${inMarkdown(text)}\n`).join("")}`;
}

/** The texts in a piece of code, outermost first: a text within a text is part of it. */
function textsIn(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node)) {
    const own = node.templateSpans.map(({ expression, literal }) => `{${nameOf(expression)}}${literal.text}`);
    const within = node.templateSpans.flatMap(({ expression }) => textsIn(expression));
    return [node.head.text + own.join(""), ...within];
  }
  const found: string[] = [];
  ts.forEachChild(node, (child) => {
    found.push(...textsIn(child));
  });
  return found;
}

/** What is filled in, by its name. */
function nameOf(expression: ts.Expression): string {
  if (ts.isIdentifier(expression)) return expression.text;
  if (ts.isPropertyAccessExpression(expression)) return expression.name.text;
  if (!ts.isCallExpression(expression)) return "…";
  const {
    expression: called,
    arguments: [first],
  } = expression;
  if (ts.isPropertyAccessExpression(called)) return nameOf(called.expression);
  return first === undefined ? "…" : nameOf(first);
}

const inMarkdown = (text: string): string =>
  text
    .trim()
    .replaceAll("\n", " ⏎ ")
    .replace(/[\\`*_<>#[\]|]/g, "\\$&");
