/** Calls back once the source has changed and then been quiet for a moment: an editor saves several files in a row. */
import { watch } from "node:fs";

const STILL_MS = 300;

export function watchSource(directory: string, onChange: (file: string) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(directory, { recursive: true }, (_event, file) => {
    if (file === null || !/\.(ts|sql|json|html|css)$/.test(file)) return;
    clearTimeout(timer);
    timer = setTimeout(() => onChange(file), STILL_MS);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
