/**
 * Is a person opening this address in a browser? Not a client that looks at links for a preview, a crawler, a scanner of
 * mail, or a browser that fetches ahead. Browsers say so themselves (Fetch Metadata Request Headers), but only over HTTPS;
 * without, what asks for a page and does not name itself a program counts as a browser.
 */
export function isNavigation(method: string, header: (name: string) => string | undefined): boolean {
  if (method !== "GET") return false;
  if (AHEAD.test(header("sec-purpose") ?? header("purpose") ?? "")) return false;
  const mode = header("sec-fetch-mode");
  if (mode !== undefined) return mode === "navigate";
  return (header("accept") ?? "").includes("text/html") && !PROGRAM.test(header("user-agent") ?? "");
}

const AHEAD = /prefetch|prerender|preview/i;
/** How programs that follow links name themselves: Slack, Teams, WhatsApp, Synapse's previews and the like. */
const PROGRAM = /bot|crawl|spider|preview|facebookexternalhit|whatsapp|synapse|python|curl|wget|^$/i;
