import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The memory that a process holds now, in megabytes (10^6 bytes). */
export function megabytes(pid: number): number {
  const kibibytes =
    process.platform === "linux"
      ? /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
      : execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" }).trim();
  return (Number(kibibytes ?? 0) * 1_024) / 1_000_000;
}
