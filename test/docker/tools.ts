/** Programs that the tests of docker/ use and that npm does not bring. */
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";

export const run = promisify(execFile);

/**
 * The first of `commands` that works here. Without any, the tests that need it are left out on a developer's machine,
 * and fail in CI, which must not pass by leaving tests out.
 */
export function tool(
  commands: readonly (readonly string[])[],
  aptPackage: string,
): readonly string[] | undefined {
  for (const command of commands) {
    const [program = "", ...args] = command;
    try {
      execFileSync(program, [...args, program === "nginx" ? "-v" : "version"], { stdio: "ignore" });
      return command;
    } catch {
      // Not this one.
    }
  }
  const advice = `${commands.map((command) => command.join(" ")).join(" or ")} is missing: apt-get install --no-install-recommends ${aptPackage}`;
  if (process.env.CI) throw new Error(advice);
  console.warn(`Left out: ${advice}`);
  return undefined;
}
