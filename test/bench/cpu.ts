import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The CPU time that a process has used since it began, in milliseconds (on Linux in steps of ten). */
export function cpuOf(pid: number): number {
  if (process.platform === "linux") {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }
  const [minutes = "0", seconds = "0"] = execFileSync("ps", ["-o", "time=", "-p", String(pid)], {
    encoding: "utf8",
  })
    .trim()
    .split(":")
    .slice(-2);
  return Number(minutes) * 60_000 + Number(seconds) * 1_000;
}
