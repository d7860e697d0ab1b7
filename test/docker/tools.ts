/** Programs that tests use and that npm does not bring. */
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";

export const run = promisify(execFile);

/**
 * The first of `commands` that is here, each given with how it is asked for its version. Without any, the tests that
 * need it are left out on a developer's machine, and fail in CI, which must not pass by leaving tests out.
 */
export function tool(
  commands: readonly { readonly command: readonly [string, ...string[]]; readonly version: string }[],
  aptPackage: string,
): readonly [string, ...string[]] | undefined {
  for (const { command, version } of commands) {
    const [program, ...args] = command;
    try {
      execFileSync(program, [...args, version], { stdio: "ignore" });
      return command;
    } catch {
      // Not this one.
    }
  }
  const names = commands.map(({ command }) => command.join(" ")).join(" or ");
  const advice = `${names} is missing: apt-get install --no-install-recommends ${aptPackage}`;
  if (process.env.CI) throw new Error(advice);
  console.warn(`Some tests are left out: ${advice}`);
  return undefined;
}
