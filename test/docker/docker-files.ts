/** docker/ as it is in the repository, and after prepare.sh has run. */
import { cpSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";

const ROOT = join(import.meta.dirname, "../..");
const DOCKER = join(ROOT, "docker");
export const HOST = "chat.practice.example";

/** The text of a file in the repository. */
export const read = (...path: readonly string[]) => readFileSync(join(ROOT, ...path), "utf8");

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly command?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: object;
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
  readonly init?: boolean;
  readonly restart?: string;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

// Merges the anchors that services share, as Docker does.
export const compose = parse(read("docker/compose.yaml"), { merge: true }) as Compose;
export const service = (name: string): Service => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`there is no service ${name}`);
  return found;
};

/** Copies docker/ to a temporary directory for prepare.sh, with the environment variables it asks for. */
export function prepared(): {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
} {
  const directory = join(mkdtempSync(join(tmpdir(), "whisper-docker-")), "docker");
  cpSync(DOCKER, directory, {
    recursive: true,
    filter: (path) => !/\/docker\/(\.env|secrets|tls)$/.test(path),
  });
  return {
    directory,
    environment: {
      SERVER_NAME: HOST,
      PUBLIC_HOST: HOST,
      PRACTICE_NAME: "Wattle Street",
      TIMEZONE: "Australia/Perth",
    },
  };
}
