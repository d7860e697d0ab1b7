/** Finds the regular expressions in a source file's syntax tree: literals, and those built from text. */
import ts from "typescript";

/** Its position, as editors write it: `src/x.ts:12`. */
interface Place {
  readonly at: string;
}
export interface Expression extends Place {
  readonly source: string;
  readonly flags: string;
}
/** An expression that cannot be judged, because its text is unknown. */
export interface Unknown extends Place {
  readonly unknown: string;
}

/** String methods that turn text into an expression. */
const MATCHERS: ReadonlySet<string> = new Set(["match", "matchAll", "search"]);

export function regexesIn(file: string, text: string): (Expression | Unknown)[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const constants = constantsOf(source);
  const found: (Expression | Unknown)[] = [];
  visit(source);
  return found;

  function visit(node: ts.Node): void {
    const at = `${file}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}`;
    if (ts.isRegularExpressionLiteral(node)) found.push({ at, ...partsOf(node.text) });
    else if (makesExpression(node)) {
      const [pattern, flags] = node.arguments ?? [];
      const read = pattern === undefined ? "" : textOf(pattern, constants);
      const set = flags === undefined ? "" : textOf(flags, constants);
      if (pattern !== undefined && ts.isRegularExpressionLiteral(pattern)) {
        // The literal is examined separately.
      } else if (read === null || set === null) {
        found.push({ at, unknown: "it is built from text that is not in this file: use RegExp.escape" });
      } else found.push({ at, source: read, flags: set });
    } else if (isMatcher(node)) {
      const [by] = node.arguments;
      if (by !== undefined && !isExpression(by, constants))
        found.push({
          at,
          unknown: "its argument may be text, which becomes an expression: write a regular expression",
        });
    }
    ts.forEachChild(node, visit);
  }
}

/** Splits `/source/flags` into its parts. */
function partsOf(literal: string): { source: string; flags: string } {
  const end = literal.lastIndexOf("/");
  return { source: literal.slice(1, end), flags: literal.slice(end + 1) };
}

const makesExpression = (node: ts.Node): node is ts.NewExpression | ts.CallExpression =>
  (ts.isNewExpression(node) || ts.isCallExpression(node)) &&
  ts.isIdentifier(node.expression) &&
  node.expression.text === "RegExp";

const isMatcher = (node: ts.Node): node is ts.CallExpression =>
  ts.isCallExpression(node) &&
  ts.isPropertyAccessExpression(node.expression) &&
  MATCHERS.has(node.expression.name.text) &&
  node.arguments.length === 1;

type Constants = ReadonlyMap<string, ts.Expression>;

/** The initialisers of a file's constants, by name. A name with several meanings is left out. */
function constantsOf(source: ts.SourceFile): Constants {
  const constants = new Map<string, ts.Expression>();
  const several = new Set<string>();
  const visit = (node: ts.Node): void => {
    const named = ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node);
    if (named && ts.isIdentifier(node.name)) {
      const name = node.name.text;
      if (constants.has(name)) several.add(name);
      const constant = ts.isVariableDeclaration(node) && (node.parent.flags & ts.NodeFlags.Const) !== 0;
      if (constant && node.initializer !== undefined) constants.set(name, node.initializer);
      else several.add(name);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  for (const name of several) constants.delete(name);
  return constants;
}

function isExpression(node: ts.Expression, constants: Constants): boolean {
  if (ts.isRegularExpressionLiteral(node)) return true;
  const made = ts.isIdentifier(node) ? constants.get(node.text) : node;
  return made !== undefined && (ts.isRegularExpressionLiteral(made) || makesExpression(made));
}

/** The text from which an expression is built; null: some of it is not in this file. */
function textOf(node: ts.Expression, constants: Constants): string | null {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isParenthesizedExpression(node)) return textOf(node.expression, constants);
  if (ts.isTemplateExpression(node)) {
    const parts = node.templateSpans.map(({ expression, literal }) => {
      const text = textOf(expression, constants);
      return text === null ? null : text + literal.text;
    });
    return parts.includes(null) ? null : node.head.text + parts.join("");
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [textOf(node.left, constants), textOf(node.right, constants)];
    return left === null || right === null ? null : left + right;
  }
  // Escaped text matches itself, so any text will do to judge the rest.
  if (ts.isCallExpression(node) && node.expression.getText() === "RegExp.escape") return "escaped";
  const constant = ts.isIdentifier(node) ? constants.get(node.text) : undefined;
  return constant === undefined ? null : textOf(constant, constants);
}
