/** PostgreSQL as root: under which account it runs, and how that account reaches its files. */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { readIfThere } from "../base/files.ts";

export interface Runner {
  readonly ids: { uid?: number; gid?: number };
  wrap(command: string, args: readonly string[]): { command: string; args: readonly string[] };
  own(path: string): void;
}

/**
 * PostgreSQL refuses to run as root. An ordinary user needs nothing; root runs the server under an unprivileged account.
 * If that account cannot reach the files (root's home is closed to others), the server gets the one capability it needs,
 * rather than opening the directories to everyone. PostgreSQL asks access(2) whether it may run its own programs, and that
 * call ignores the capabilities of users other than root unless no_setuid_fixup is set (capabilities(7), "The securebits
 * flags").
 */
export function unprivilegedRunner(mustReach: readonly string[], directory: string): Runner {
  if (process.getuid?.() !== 0)
    return { ids: {}, wrap: (command, args) => ({ command, args }), own: () => undefined };
  const { uid, gid } = unprivilegedAccount();
  // The cluster's directory is ours. Letting others pass through it does not show them what is in it.
  chmodSync(directory, 0o711);
  const own = (path: string) => chownSync(path, uid, gid);
  if (mustReach.every((path) => ancestors(path).every((each) => othersMayPass(each)))) {
    return { ids: { uid, gid }, wrap: (command, args) => ({ command, args }), own };
  }
  if (spawnSync("setpriv", ["--version"]).error !== undefined) {
    throw new Error(
      `PostgreSQL cannot run as root, and the account it runs under may not enter ${mustReach.join(" or ")}. ` +
        "Start this as an ordinary user, or move the project to a folder that everyone may enter.",
    );
  }
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--securebits=+no_setuid_fixup"];
  const passage = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"];
  return {
    ids: {},
    wrap: (command, args) => ({ command: "setpriv", args: [...identity, ...passage, command, ...args] }),
    own,
  };
}

function unprivilegedAccount(): { uid: number; gid: number } {
  const accounts = new Map(
    (readIfThere("/etc/passwd") ?? "").split("\n").map((line) => {
      const [name = "", , uid, gid] = line.split(":");
      return [name, { uid: Number(uid), gid: Number(gid) }] as const;
    }),
  );
  const account = accounts.get("postgres") ?? accounts.get("nobody");
  if (account === undefined) {
    throw new Error(
      "PostgreSQL cannot run as root, and there is no account 'postgres' or 'nobody' to run it. Start this as an ordinary user.",
    );
  }
  return account;
}

function ancestors(path: string): string[] {
  const above = dirname(path);
  return above === path ? [path] : [...ancestors(above), above];
}

function othersMayPass(directory: string): boolean {
  return !existsSync(directory) || (statSync(directory).mode & 0o001) !== 0;
}
