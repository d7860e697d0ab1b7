import type { ApiDocument } from "./openapi.ts";
export const STYLE = "";
export function writeDocsPage(document: ApiDocument): string {
  return `<!doctype html><style>${STYLE}</style><pre>${document.openapi}</pre>`;
}
