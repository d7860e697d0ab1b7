/** Installs Synapse for the tests and shows progress, so no test has to wait for it. Returns immediately if it is there. */
import { messageOf } from "../base/processes.ts";
import { printProgress } from "../base/progress.ts";
import { synapsePython } from "./venv.ts";

try {
  await printProgress().step("Synapse: installed", (say) => synapsePython(say));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
