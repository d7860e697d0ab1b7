/** Many tests make a folder in TMPDIR. Where they cannot, the run ends before the first one, with a sentence. */
import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";

try {
  accessSync(tmpdir(), constants.W_OK | constants.X_OK);
} catch {
  process.stderr.write(
    `TMPDIR is ${tmpdir()}, where nothing can be written. Create that folder, or unset TMPDIR.\n`,
  );
  process.exit(1);
}
