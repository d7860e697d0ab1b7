/** `npm run generate` writes every file generated from the code. `--check` only reports files that are out of date. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { exampleConfig } from "../../src/config/example.ts";
import { readIfThere, writeAtomically } from "../base/files.ts";
import { REPOSITORY } from "../base/repository.ts";
import { configReference } from "./config-reference.ts";
import { dockerHomeserver, nginxGatedPaths } from "./docker-files.ts";
import { homeserverExample } from "./homeserver-example.ts";
import { operatingPage } from "./metrics-table.ts";
import { registrationTemplate } from "./registration-template.ts";
import { sentencesPage } from "./sentences.ts";

/** Except docs/api.md: the routes' test generates and checks it, because it has the routes' dependencies. */
const FILES: Readonly<Record<string, () => string>> = {
  "config/whisper.example.yaml": exampleConfig,
  "config/homeserver.example.yaml": homeserverExample,
  "docker/synapse/homeserver.yaml": dockerHomeserver,
  "docker/nginx/gated-paths.map": nginxGatedPaths,
  "registration.yaml": registrationTemplate,
  "docs/config.md": configReference,
  "docs/operating.md": operatingPage,
  "docs/sentences.md": sentencesPage,
};

const check = process.argv.includes("--check");
for (const [name, make] of Object.entries(FILES)) {
  const file = join(REPOSITORY, name);
  const text = make();
  if (readIfThere(file) === text) continue;
  if (check) {
    process.stderr.write(`${name} is out of date. Run: npm run generate\n`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeAtomically(file, text, 0o644);
    process.stdout.write(`wrote ${name}\n`);
  }
}
