import { request } from "node:http";
import { text } from "node:stream/consumers";

/** What a browser sends when a person opens a link; `fetch` cannot say so. */
export const BROWSER = {
  accept: "text/html,application/xhtml+xml,*/*;q=0.8",
  "user-agent":
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
  "sec-fetch-mode": "navigate",
};

export interface Opened {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Requests an address as a browser would, without following redirects. */
export function openLink(
  url: string,
  headers: Record<string, string> = BROWSER,
  method = "GET",
): Promise<Opened> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers }, async (answer) =>
      resolve({
        status: answer.statusCode ?? 0,
        location: answer.headers.location,
        text: await text(answer),
        headers: answer.headers,
      }),
    )
      .on("error", reject)
      .end();
  });
}
