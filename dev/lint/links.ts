/** Checks that the links in pages and code lead somewhere. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { REPOSITORY } from "../base/repository.ts";

const FOLDERS = ["docs", "docker", "src", "dev", "test"];
const PAGE_LINK = /\]\(([^()\s]+)\)/g;
/** A page named in a comment: a path from the repository's root, perhaps with a heading or a sentence after `#`. */
const NAMED_PAGE = /\bdocs\/[\w/-]+\.md(?:#[\w-]+)?/g;

/** @returns a sentence for each link that leads nowhere. */
export function brokenLinks(): string[] {
  const nested = FOLDERS.flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: "utf8" }).map((n) => `${folder}/${n}`),
  );
  const files = [...readdirSync(REPOSITORY), ...nested]
    .filter((name) => /\.(md|ts|cjs|py)$/.test(name))
    .sort();
  return files.flatMap((file) => {
    const text = readFileSync(join(REPOSITORY, file), "utf8");
    const targets = file.endsWith(".md")
      ? [...text.matchAll(PAGE_LINK)].map(([, link = ""]) => ({ link, target: targetOf(file, link) }))
      : [...text.matchAll(NAMED_PAGE)].map(([link]) => ({ link, target: link }));
    return targets
      .filter(({ target }) => target !== null && !leadsSomewhere(target))
      .map(({ link }) => `${file}: ${link} leads nowhere`);
  });
}

/** Null: an external address. */
function targetOf(file: string, link: string): string | null {
  if (/^[a-z]+:/.test(link)) return null;
  return link.startsWith("#") ? `${file}${link}` : join(dirname(file), link);
}

function leadsSomewhere(target: string): boolean {
  const [path = "", anchor] = target.split("#", 2);
  if (!existsSync(join(REPOSITORY, path))) return false;
  if (anchor === undefined || !path.endsWith(".md")) return true;
  const page = readFileSync(join(REPOSITORY, path), "utf8");
  if (page.includes(`id="${anchor}"`)) return true;
  return [...page.matchAll(/^#+ (.*)$/gm)].some(([, heading = ""]) => anchorOf(heading) === anchor);
}

/** As GitHub makes anchors: lower case, no punctuation, a hyphen for each space. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
